/** The stores of secrets, each opened once: so that a passphrase is asked for, and its key derived, once a run. */
import type { Context, StoreChoice } from './context.ts';
import type { CredentialsFile } from './store/credentials-file.ts';
import type { KeyKind } from './store/credentials-format.ts';
import type { KeySources } from './store/credentials-key.ts';
import type { Keychain, KeychainOptions } from './store/keychain.ts';
import type { ProtectionForm } from './store/protection.ts';
import type { SecretStore } from './store/secret-store.ts';

/** Windows takes 2,560 bytes for one credential (auth.md 1.4). */
const WINDOWS_LIMIT_BYTES = 2_000;

export interface Stores {
  open(where: StoreChoice): Promise<SecretStore>;
  /** The one credentials file, whichever of its keys opens it. */
  file(): Promise<CredentialsFile>;
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

  const openRawKeychain = async (): Promise<Keychain> => {
    const { createKeychain } = await import('./store/keychain.ts');
    const { platform, log } = context;
    return (keychain ??= createKeychain({
      ...host,
      platform,
      log,
      withProbe: (probe) => withProbe(context, probe),
    }));
  };

  const openFile = (): Promise<CredentialsFile> =>
    (file ??= openCredentialsFile(context, {
      passphrase: (purpose) => askPassphrase(context, purpose),
      openKeychain: openRawKeychain,
    }));

  const openKeychain = async (patient: boolean): Promise<SecretStore> => {
    const opened = await openRawKeychain();
    if (context.platform === 'win32') return (sealing ??= openSealing(opened, await openFile()));
    return patient ? opened.patient({ notify: () => context.warn(UNLOCKING) }) : opened;
  };

  return {
    open: async ({ storage, protection, patient = false }) => {
      if (storage === 'keychain') return openKeychain(patient);
      if (storage === 'file') return (await openFile()).createdWith(keyKindOf(protection));
      const { createMemoryStore } = await import('./store/memory-store.ts');
      return (memory ??= createMemoryStore());
    },
    file: openFile,
    fileProtection: async () => (await openFile()).sealedWith(),
    abandonFile: async () => (await openFile()).abandon(),
    keychainIsStuck: () => keychain?.stuck() ?? false,
  };
}

function keyKindOf(protection: ProtectionForm): KeyKind {
  return protection === 'memory' ? 'key_file' : protection;
}

async function withProbe(context: Context, probe: (name: string) => Promise<void>): Promise<void> {
  const { probeName } = await import('./store/session-name.ts');
  const { profile } = await context.settings();
  const name = probeName({ profile, dataDir: context.paths.dataDir });
  return context.withSessionLock(name, () => probe(name));
}

const UNLOCKING = 'Waiting for your keychain to be unlocked (Ctrl-C stops).';

/** What does not fit into a credential of Windows is sealed in the file, under a key that is one (decisions.md 4). */
async function openSealing(keychain: Keychain, file: CredentialsFile): Promise<SecretStore> {
  const { createSealingKeychain } = await import('./store/sealing-keychain.ts');
  const credentials = file.createdWith('keychain');
  return createSealingKeychain({ keychain, credentials, limitBytes: WINDOWS_LIMIT_BYTES });
}

interface FileKeys {
  readonly passphrase: NonNullable<KeySources['passphrase']>;
  readonly openKeychain: () => Promise<Keychain>;
}

/** One that exists is opened with whichever key seals it; how a new one is sealed is for the caller to say. */
async function openCredentialsFile(
  { paths, uid }: Context,
  { passphrase, openKeychain }: FileKeys,
): Promise<CredentialsFile> {
  const [{ createCredentialsFile }, { keychainKey }] = await Promise.all([
    import('./store/credentials-file.ts'),
    import('./store/sealing-keychain.ts'),
  ]);
  const keychain = keychainKey(async () => {
    const { sealingKeyName } = await import('./store/session-name.ts');
    return { keychain: await openKeychain(), name: sealingKeyName(paths.dataDir) };
  });
  return createCredentialsFile({
    file: paths.credentialsFile,
    storeLockFile: paths.storeLockFile,
    uid,
    sources: {
      passphrase,
      // Its name is a hash, and that takes node:crypto.
      get keyFile() {
        return paths.keyFile;
      },
      keychain,
    },
    createWith: 'key_file',
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
