/** A vault in a folder of its own, sealed under a key file unless a test says otherwise. */
import { createCredentialsFile } from '../../../../src/store/credentials-file.ts';
import type { KeyKind } from '../../../../src/store/credentials-format.ts';
import type { KeySources } from '../../../../src/store/credentials-key.ts';
import { createVault } from '../../../../src/vault/vault.ts';
import type { Vault } from '../../../../src/vault/vault.ts';
import type { TemporaryFolder } from '../../../support/temporary-folder.ts';

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

export interface VaultSettings {
  readonly form?: KeyKind | undefined;
  readonly sources?: KeySources | undefined;
  readonly now?: (() => number) | undefined;
  readonly chooseForm?: ((existing: KeyKind | undefined) => Promise<KeyKind>) | undefined;
}

export function openVault(folder: TemporaryFolder, settings: VaultSettings = {}): Vault {
  const { form = 'key_file', sources = {}, now = () => NOW } = settings;
  return createVault({
    file: createCredentialsFile({
      file: credentialsIn(folder),
      storeLockFile: folder.in('locks', 'store.db'),
      uid: process.geteuid?.(),
      sources: { keyFile: folder.in('keys', 'credentials.key'), ...sources },
      createWith: 'key_file',
    }),
    chooseForm: settings.chooseForm ?? (async (existing) => existing ?? form),
    lastUsedFile: lastUsedIn(folder),
    now,
  });
}

export function credentialsIn(folder: TemporaryFolder): string {
  return folder.in('data', 'credentials.json');
}

export function lastUsedIn(folder: TemporaryFolder): string {
  return folder.in('state', 'last-used.json');
}
