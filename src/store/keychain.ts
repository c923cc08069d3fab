/**
 * The system's keychain through keytar. A native call may hang for ever, and then even process.exit hangs
 * (spec/auth.md 1.3): so reading is done here with a deadline, because it is fast and most often all that is needed,
 * and everything else in a helper process that can be killed.
 */
import { silentLog, type Log } from '../log.ts';
import { createKeychainHelper, type KeychainHelperOptions } from './keychain-helper-client.ts';
import { KEYCHAIN_SERVICE, type HelperAnswer, type HelperRequest } from './keychain-protocol.ts';
import { PROTECTION } from './protection.ts';
import type { SecretStore } from './secret-store.ts';
import { requireStorable } from './storable.ts';

export interface Keychain extends SecretStore {
  readonly kind: 'keychain';
  /** A native call is still pending in this process: leave by the exit rule of spec/auth.md 1.3. */
  stuck(): boolean;
  /** The same keychain for an interactive sign-in: it waits for a person to unlock it, and says so. */
  patient(patience: Patience): SecretStore;
  /** Ends the helper process, if one is running. */
  close(): void;
}

export interface Patience {
  /** How long a call may take; 60 s by default. */
  readonly patienceMs?: number | undefined;
  /** Called when a call has taken `noticeMs` (1.5 s by default): "waiting for your keyring to be unlocked". */
  readonly notify: () => void;
  readonly noticeMs?: number | undefined;
}

export interface KeychainReader {
  getPassword(service: string, account: string): Promise<string | null>;
}

export interface KeychainOptions extends KeychainHelperOptions {
  readonly log?: Log | undefined;
  /**
   * Runs one probe with the name of the item it writes. The name is always the same, so that what a killed probe left is
   * written over and removed by the next; therefore one at a time.
   */
  readonly withProbe?: ((probe: (name: string) => Promise<void>) => Promise<void>) | undefined;
  /** Loads keytar; a test hands in another. */
  readonly load?: (() => Promise<KeychainReader>) | undefined;
  readonly readTimeoutMs?: number | undefined;
  readonly helperTimeoutMs?: number | undefined;
}

type WithProbe = NonNullable<KeychainOptions['withProbe']>;

type Call = (request: HelperRequest) => Promise<Extract<HelperAnswer, { ok: true }>>;

export function createKeychain(options: KeychainOptions): Keychain {
  const { log = silentLog, load = loadKeytar, withProbe = probeAlone } = options;
  const { readTimeoutMs = 3_000, helperTimeoutMs = 10_000 } = options;
  const helper = createKeychainHelper(options);
  let pending = 0;

  /** Undefined means that this process could not read, whatever the reason; the helper then finds out. */
  const readHere = async (name: string): Promise<{ value: string | undefined } | undefined> => {
    // More calls behind one that is stuck would take all threads of the pool, and with them the file system.
    if (pending > 0) return undefined;
    const keytar = await load().catch(() => undefined);
    if (keytar === undefined) return undefined;
    pending += 1;
    const reading = keytar.getPassword(KEYCHAIN_SERVICE, name).finally(() => {
      pending -= 1;
    });
    return beforeDeadline(reading, readTimeoutMs);
  };

  const call: Call = (request) => helper.call(request, { timeoutMs: helperTimeoutMs });
  return {
    ...storeOver(call, withProbe),
    async read(name) {
      const here = await readHere(name);
      if (here !== undefined) return here.value;
      log('keychain: reading in the helper', { stuck: pending > 0 });
      return (await call({ op: 'read', name })).value;
    },
    stuck: () => pending > 0,
    patient({ patienceMs = 60_000, noticeMs = 1_500, notify }) {
      return storeOver(async (request) => {
        const notice = setTimeout(notify, noticeMs);
        try {
          return await helper.call(request, { timeoutMs: patienceMs });
        } finally {
          clearTimeout(notice);
        }
      }, withProbe);
    },
    close: () => helper.close(),
  };
}

function storeOver(call: Call, withProbe: WithProbe): SecretStore & { readonly kind: 'keychain' } {
  return {
    kind: 'keychain',
    protection: PROTECTION.keychain,
    async read(name) {
      return (await call({ op: 'read', name })).value;
    },
    async write(name, value) {
      requireStorable(value);
      await call({ op: 'write', name, value });
    },
    async remove(name) {
      return (await call({ op: 'remove', name })).removed ?? false;
    },
    async probe() {
      await withProbe(async (name) => void (await call({ op: 'probe', name })));
    },
  };
}

const probeAlone: WithProbe = (probe) => probe('probe');

async function loadKeytar(): Promise<KeychainReader> {
  // Named exports are incomplete: the package is CommonJS.
  return (await import('keytar')).default;
}

/** The value, or undefined when the call failed or did not end in time; it may then still be going on. */
function beforeDeadline(
  reading: Promise<string | null>,
  timeoutMs: number,
): Promise<{ value: string | undefined } | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    reading
      .then(
        (value) => resolve({ value: value ?? undefined }),
        () => resolve(undefined),
      )
      .finally(() => clearTimeout(timer));
  });
}
