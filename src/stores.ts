/** The stores of secrets, each opened once: so that a passphrase is asked for, and its key derived, once a run. */
import type { Context, StoreChoice } from './context.ts';
import type { CredentialsFile, CredentialsFileOptions } from './store/credentials-file.ts';
import type { Keychain, KeychainOptions } from './store/keychain.ts';
import type { ProtectionForm } from './store/protection.ts';
import type { SecretStore } from './store/secret-store.ts';

/** Windows takes 2,560 bytes for one credential (auth.md 1.4). */
const WINDOWS_LIMIT_BYTES = 2_000;
const SEALING_KEY = 'sealing-key';

export interface Stores {
  open(where: StoreChoice): Promise<SecretStore>;
  /** How the credentials file on disk is sealed; undefined when there is none. */
  fileProtection(): Promise<ProtectionForm | undefined>;
  /** Removes the credentials file whole, without its key, if nothing but sessions is in it. */
  abandonFile(): Promise<boolean>;
  /** A native call hangs: the process must leave by the exit rule of auth.md 1.3. */
  keychainIsStuck(): boolean;
}

export type StoresHost = Pick<KeychainOptions, 'helperFile' | 'execPath' | 'env'>;

export function createStores(context: Context, host: StoresHost): Stores {
  let keychain: Keychain | undefined;
  let sealing: Promise<SecretStore> | undefined;
  let file: Promise<CredentialsFile> | undefined;
  let memory: SecretStore | undefined;

  const openFile = (protection: ProtectionForm): Promise<CredentialsFile> =>
    (file ??= openCredentialsFile(context, {
      sources: { passphrase: (purpose) => askPassphrase(context, purpose), keyFile: context.paths.keyFile },
      createWith: protection === 'passphrase' ? 'passphrase' : 'key_file',
    }));

  const openKeychain = async (patient: boolean): Promise<SecretStore> => {
    const { createKeychain } = await import('./store/keychain.ts');
    const { platform, log } = context;
    const opened = (keychain ??= createKeychain({
      ...host,
      platform,
      log,
      withProbe: (probe) => withProbe(context, probe),
    }));
    if (platform === 'win32') return (sealing ??= openSealing(context, opened));
    return patient ? opened.patient({ notify: () => context.warn(UNLOCKING) }) : opened;
  };

  return {
    open: async ({ storage, protection, patient = false }) => {
      if (storage === 'keychain') return openKeychain(patient);
      if (storage === 'file') return openFile(protection);
      const { createMemoryStore } = await import('./store/memory-store.ts');
      return (memory ??= createMemoryStore());
    },
    fileProtection: async () => (await openFile('key_file')).sealedWith(),
    abandonFile: async () => (await openFile('key_file')).abandon(),
    keychainIsStuck: () => keychain?.stuck() ?? false,
  };
}

async function withProbe(context: Context, probe: (name: string) => Promise<void>): Promise<void> {
  const { probeName } = await import('./store/session-name.ts');
  const { profile } = await context.settings();
  const name = probeName({ profile, dataDir: context.paths.dataDir });
  return context.withSessionLock(name, () => probe(name));
}

const UNLOCKING = 'Waiting for your keychain to be unlocked (Ctrl-C stops).';

/** What does not fit into a credential of Windows is sealed in the file, under a key that is one (decisions.md 4). */
async function openSealing(context: Context, keychain: Keychain): Promise<SecretStore> {
  const { createSealingKeychain, keychainKey } = await import('./store/sealing-keychain.ts');
  const sources = { keychain: keychainKey({ keychain, name: SEALING_KEY }) };
  const credentials = await openCredentialsFile(context, { sources, createWith: 'keychain' });
  return createSealingKeychain({ keychain, credentials, limitBytes: WINDOWS_LIMIT_BYTES });
}

async function openCredentialsFile(
  { paths, uid }: Context,
  options: Pick<CredentialsFileOptions, 'sources' | 'createWith'>,
): Promise<CredentialsFile> {
  const { createCredentialsFile } = await import('./store/credentials-file.ts');
  return createCredentialsFile({
    ...options,
    file: paths.credentialsFile,
    storeLockFile: paths.storeLockFile,
    uid,
  });
}

async function askPassphrase(context: Context, purpose: 'open' | 'create'): Promise<string | undefined> {
  const given = context.env['MIRA_PASSPHRASE'];
  if (given !== undefined) return given;
  if (!context.canPrompt) return undefined;
  const { askPassphrase: ask } = await import('./ui/passphrase.ts');
  const { stdin, stderr } = context.io.terminal();
  return ask({ purpose, stdin, stderr, signal: context.signal });
}
