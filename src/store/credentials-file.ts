/**
 * Secrets in one encrypted file: the vault's, and sessions where there is no keychain (decisions.md 4, 5). A file that cannot be read is never
 * touched: not ours, newer, damaged, or sealed with another key, each is refused with its own sentence.
 */
import { MiraError } from '../errors.ts';
import { removeWithLeftovers, tryToWrite, writeFileAtomically } from './atomic-file.ts';
import type {
  CredentialMeta,
  Header,
  KeyHeader,
  KeyKind,
  Parsed,
  ScryptParameters,
  Sealed,
} from './credentials-format.ts';
import type { KeyRequest, KeySources } from './credentials-key.ts';
import { withLock } from './lock.ts';
import { readPrivateFile } from './private-file.ts';
import { PROTECTION } from './protection.ts';
import type { SecretStore } from './secret-store.ts';
import { moveAside } from './shell-quote.ts';
import { requireStorable } from './storable.ts';

/** Ten thousand ordinary tokens take about four; a bound there has to be, since all of it is read at once. */
const MAX_BYTES = 16 * 1024 * 1024;

/** What the file holds, open for change. `meta` is readable without the key; `values` is not. */
export interface Credentials {
  readonly values: Map<string, string>;
  readonly meta: Map<string, CredentialMeta>;
}

export interface CredentialsFile extends SecretStore {
  readonly kind: 'file';
  /** Labels, kinds and dates of the entries that have them; needs no key. */
  list(): Promise<readonly CredentialMeta[]>;
  /** How the file on disk is sealed; undefined when there is none. Needs no key. */
  sealedWith(): Promise<KeyKind | undefined>;
  /**
   * Removes the file without opening it, if nothing that is listed is in it; what else it holds is the caller's
   * to know. False when there was something listed, or no file.
   */
  abandon(): Promise<boolean>;
  /** Reads, lets `change` alter values and meta, and writes them back, under the store lock. */
  update<T>(change: (credentials: Credentials) => T): Promise<T>;
  /** Every value by its name. `isWanted` is shown what is listed; without its yes no key is asked for, and none given. */
  readAll(isWanted: (meta: readonly CredentialMeta[]) => boolean): Promise<ReadonlyMap<string, string>>;
  /** The same file with the same keys, sealed in another form if it has to be made. */
  createdWith(kind: KeyKind): CredentialsFile;
  /**
   * Seals the content under a key of another kind, which is made unless there is one. The file changes in one step,
   * once the new key is known to be kept; the old key stays where it is. False when there is no file, or it is sealed so.
   */
  reseal(kind: KeyKind): Promise<boolean>;
  /** Removes a key that the file is not sealed with. False when it is, or when there was none. */
  forgetKey(kind: KeyKind): Promise<boolean>;
}

export interface CredentialsFileOptions {
  readonly file: string;
  readonly storeLockFile: string;
  readonly uid: number | undefined;
  readonly sources: KeySources;
  /** How a new file is sealed; one that exists stays as it is. */
  readonly createWith: KeyKind;
  readonly signal?: AbortSignal | undefined;
}

/** A secret together with what the header says of it. */
interface OpenKey {
  readonly header: KeyHeader;
  readonly sealing: Uint8Array;
}

export function createCredentialsFile(options: CredentialsFileOptions): CredentialsFile {
  const keyring = createKeyring(options);
  const reader = createReader(options);
  const views = new Map<KeyKind, CredentialsFile>();
  const createdWith = (createWith: KeyKind): CredentialsFile => {
    const view =
      views.get(createWith) ?? openView({ ...options, createWith }, { keyring, reader, createdWith });
    views.set(createWith, view);
    return view;
  };
  return createdWith(options.createWith);
}

interface Shared {
  readonly keyring: Keyring;
  readonly reader: Reader;
  readonly createdWith: (kind: KeyKind) => CredentialsFile;
}

function openView(
  options: CredentialsFileOptions,
  { keyring, reader, createdWith }: Shared,
): CredentialsFile {
  const { file, storeLockFile, uid, signal, createWith } = options;
  let form = createWith;

  /** Every look at the file also tells how it is sealed, which decides what it protects against. */
  const noted = <T extends Header>(found: T | undefined): T | undefined => {
    form = found?.key.kind ?? createWith;
    return found;
  };
  const look = async (): Promise<Sealed | undefined> => noted(await reader.whole());
  const lookAtHeader = async (): Promise<Header | undefined> => noted(await reader.header());

  /** Without the lock, the file may be sealed anew while its key is looked for, and that key be gone; then once more. */
  const asItIsNow = async <T>(work: (sealed: Sealed | undefined) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      const sealed = await look();
      try {
        return await work(sealed);
      } catch (error) {
        if (attempt === 5 || (await look())?.key.check === sealed?.key.check) throw error;
      }
    }
  };
  const locked = <T>(work: () => Promise<T>): Promise<T> =>
    withLock({ file: storeLockFile, uid, signal }, work);
  /** Deriving a key takes long, so it is done before the lock; if the file was made anew meanwhile, once more. */
  const withKeys = async <T>(
    prepare: () => Promise<void>,
    work: () => Promise<{ readonly result: T } | undefined>,
  ): Promise<T> => {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await prepare();
      const outcome = await locked(work);
      if (outcome !== undefined) return outcome.result;
    }
    throw new MiraError('storage_failed', `${file} is being replaced over and over by another program.`);
  };
  const withOpenFile = <T>(work: (opened: OpenFile) => Promise<T>): Promise<T> =>
    withKeys(
      () => asItIsNow((sealed) => keyring.prepare({ sealed, createWith })),
      async () => {
        const sealed = await look();
        const key = await keyring.openPrepared({ sealed, createWith });
        return key === undefined ? undefined : { result: await work({ options, sealed, key }) };
      },
    );
  const reseal = (kind: KeyKind): Promise<boolean> => {
    const fresh = { sealed: undefined, createWith: kind };
    return withKeys(
      () =>
        asItIsNow(async (sealed) => {
          if (sealed === undefined || sealed.key.kind === kind) return;
          await keyring.prepare({ sealed, createWith });
          await keyring.prepare(fresh);
        }),
      async () => {
        const sealed = await look();
        if (sealed === undefined || sealed.key.kind === kind) return { result: false };
        const key = await keyring.openPrepared({ sealed, createWith });
        const next = key && (await keyring.openPrepared(fresh));
        if (key === undefined || next === undefined) return undefined;
        const credentials = await contentOf({ options, sealed, key });
        requireKept(file, { made: next, kept: await keyring.openPrepared(fresh) });
        await writeSealed({ options, sealed, key: next }, credentials);
        return { result: true };
      },
    );
  };
  const update = <T>(change: (credentials: Credentials) => T): Promise<T> =>
    withOpenFile((opened) => rewrite(opened, change));
  const readAll: CredentialsFile['readAll'] = (isWanted) =>
    asItIsNow(async (sealed) => {
      if (!isWanted(sealed?.meta ?? []) || sealed === undefined) return new Map<string, string>();
      const { sealing } = await keyring.open(sealed);
      return openBody({ file, sealed, sealing });
    });

  return {
    kind: 'file',
    get protection() {
      return PROTECTION[form];
    },
    async read(name) {
      return (await readAll(() => true)).get(name);
    },
    async write(name, value) {
      requireStorable(value);
      await update(({ values }) => values.set(name, value));
    },
    async remove(name) {
      if ((await look()) === undefined) return false;
      return update(({ values, meta }) => {
        meta.delete(name);
        return values.delete(name);
      });
    },
    probe: () => withOpenFile(proveWritable),
    async list() {
      return (await lookAtHeader())?.meta ?? [];
    },
    async sealedWith() {
      return (await lookAtHeader())?.key.kind;
    },
    abandon: () =>
      locked(async () => {
        const sealed = await look();
        if (sealed === undefined || sealed.meta.length > 0) return false;
        await removeWithLeftovers(file);
        return true;
      }),
    update,
    readAll,
    createdWith,
    reseal,
    forgetKey: (kind) =>
      locked(async () => {
        if ((await look())?.key.kind === kind) return false;
        const { removeSecret } = await import('./credentials-key.ts');
        return removeSecret({ sources: options.sources, kind });
      }),
  };
}

/** A file, or the one that would be made. */
interface Candidate {
  readonly sealed: Sealed | undefined;
  readonly createWith: KeyKind;
}

interface Keyring {
  open(sealed: Sealed): Promise<OpenKey>;
  prepare(candidate: Candidate): Promise<void>;
  openPrepared(candidate: Candidate): Promise<OpenKey | undefined>;
}

/** The keys this process has opened. A passphrase is derived once for each salt, a wrong one is forgotten. */
function createKeyring({ file, uid, sources }: CredentialsFileOptions): Keyring {
  const derived = new Map<string, Promise<Uint8Array | undefined>>();
  const fresh: { kdf?: ScryptParameters } = {};

  const request = async ({ sealed, createWith }: Candidate): Promise<KeyRequest> => {
    const { newScrypt } = await import('./credentials-key.ts');
    if (sealed !== undefined) {
      return { sources, file, uid, kind: sealed.key.kind, kdf: sealed.key.kdf, purpose: 'open' };
    }
    const kdf = createWith === 'passphrase' ? (fresh.kdf ??= newScrypt()) : undefined;
    return { sources, file, uid, kind: createWith, kdf, purpose: 'create' };
  };
  const idOf = ({ kind, kdf }: KeyRequest): string => JSON.stringify([kind, kdf]);

  const find = async (asked: KeyRequest): Promise<Uint8Array | undefined> => {
    const { findSecret } = await import('./credentials-key.ts');
    if (asked.kind !== 'passphrase') return findSecret(asked);
    const pending = derived.get(idOf(asked)) ?? findSecret(asked);
    derived.set(idOf(asked), pending);
    pending.catch(() => derived.delete(idOf(asked)));
    return pending;
  };

  const toKey = async (secret: Uint8Array, asked: KeyRequest): Promise<OpenKey> => {
    const { deriveKeys } = await import('./credentials-format.ts');
    const { sealing, check } = deriveKeys(secret);
    const { kind, kdf } = asked;
    return { header: kdf === undefined ? { kind, check } : { kind, kdf, check }, sealing };
  };

  const open = async (sealed: Sealed): Promise<OpenKey> => {
    const asked = await request({ sealed, createWith: sealed.key.kind });
    const secret = await find(asked);
    if (secret === undefined) throw await keyIsGone(asked);
    const key = await toKey(secret, asked);
    const { isSameCheck } = await import('./credentials-format.ts');
    if (isSameCheck(key.header.check, sealed.key.check)) return key;
    derived.delete(idOf(asked));
    throw await wrongKey(asked);
  };

  return {
    open,
    async prepare(candidate) {
      if (candidate.sealed !== undefined) await open(candidate.sealed);
      else await find(await request(candidate));
    },
    /** Undefined when opening would take a derivation that was not made before the lock was taken. */
    async openPrepared(candidate) {
      const { sealed } = candidate;
      const asked = await request(candidate);
      if (asked.kind === 'passphrase' && !derived.has(idOf(asked))) return undefined;
      if (sealed !== undefined) return open(sealed);
      const { createSecret } = await import('./credentials-key.ts');
      return toKey((await find(asked)) ?? (await createSecret(asked)), asked);
    },
  };
}

/** Both throw what stands in the way of reading the file; undefined when there is none. */
interface Reader {
  header(): Promise<Header | undefined>;
  whole(): Promise<Sealed | undefined>;
}

/** The file is read each time; what the same bytes say is worked out once. */
function createReader({ file, uid }: CredentialsFileOptions): Reader {
  let last: { readonly bytes: Buffer; readonly header: Header; sealed?: Sealed } | undefined;
  const look = async (): Promise<typeof last> => {
    const bytes = await readPrivateFile({ file, maxBytes: MAX_BYTES, uid });
    if (bytes === undefined) return undefined;
    if (last?.bytes.equals(bytes) === true) return last;
    const { parseHeader } = await import('./credentials-format.ts');
    last = { bytes, header: requireSealed(file, parseHeader(bytes)) };
    return last;
  };
  return {
    header: async () => (await look())?.header,
    async whole() {
      const looked = await look();
      if (looked === undefined) return undefined;
      const { proveSpelling } = await import('./credentials-format.ts');
      return (looked.sealed ??= requireSealed(file, proveSpelling(looked.bytes, looked.header)));
    },
  };
}

function requireSealed<T>(file: string, parsed: Parsed<T>): T {
  switch (parsed.kind) {
    case 'sealed':
      return parsed.sealed;
    case 'foreign':
      throw new MiraError(
        'credentials_unreadable',
        `${file} was not written by mira, or its beginning is damaged.`,
        {
          hint: startOver(file),
        },
      );
    case 'newer':
      throw new MiraError(
        'credentials_unreadable',
        `${file} was written by a newer mira (format ${parsed.version}).`,
        {
          hint: 'Update mira; the file is left as it is.',
        },
      );
    case 'damaged':
      throw damaged(file);
  }
}

async function openBody(content: {
  readonly file: string;
  readonly sealed: Sealed;
  readonly sealing: Uint8Array;
}): Promise<Map<string, string>> {
  const { unseal } = await import('./credentials-format.ts');
  const values = unseal(content.sealed, content.sealing);
  if (values === undefined) throw damaged(content.file);
  return values;
}

/** The file while the store lock is held, with the key that opens it or is to seal it. */
interface OpenFile {
  readonly options: CredentialsFileOptions;
  readonly sealed: Sealed | undefined;
  readonly key: OpenKey;
}

async function rewrite<T>(opened: OpenFile, change: (credentials: Credentials) => T): Promise<T> {
  const { file } = opened.options;
  const credentials = await contentOf(opened);
  const { values, meta } = credentials;
  const before = JSON.stringify([[...values], [...meta]]);
  const result = change(credentials);
  if (JSON.stringify([[...values], [...meta]]) === before) return result;
  // An empty file would keep a passphrase that nobody may remember.
  if (values.size === 0 && meta.size === 0) await removeWithLeftovers(file);
  else await writeSealed(opened, credentials);
  return result;
}

/**
 * The content is sealed once more and takes the place of itself. Where there is no file, none is made even for a
 * moment: a sign-in that is killed must not leave one, with a passphrase that the next would have to know.
 */
async function proveWritable(opened: OpenFile): Promise<void> {
  const credentials = await contentOf(opened);
  if (opened.sealed !== undefined) return writeSealed(opened, credentials);
  await tryToWrite({ file: opened.options.file, data: await format(opened, credentials) });
}

/** A key that is not kept would take everything with it. */
function requireKept(
  file: string,
  { made, kept }: { readonly made: OpenKey; readonly kept: OpenKey | undefined },
): void {
  if (kept?.header.check === made.header.check) return;
  throw new MiraError(
    'storage_failed',
    `${file} is left as it is: its new key was not kept where it was put.`,
    {
      hint: 'Run the command again; if it fails again, keep the file as it is sealed now.',
    },
  );
}

async function contentOf({ options, sealed, key }: OpenFile): Promise<Credentials> {
  if (sealed === undefined) return { values: new Map(), meta: new Map() };
  return {
    values: await openBody({ file: options.file, sealed, sealing: key.sealing }),
    meta: new Map(sealed.meta.map((entry) => [entry.label, entry])),
  };
}

async function writeSealed(opened: OpenFile, credentials: Credentials): Promise<void> {
  const { file, uid } = opened.options;
  const data = await format(opened, credentials);
  if (data.length > MAX_BYTES) {
    throw new MiraError('input_too_large', `${file} would grow over ${MAX_BYTES / 1024 / 1024} MiB.`);
  }
  await writeFileAtomically({ file, data });
  const kept = await readPrivateFile({ file, maxBytes: MAX_BYTES, uid });
  if (kept?.equals(Buffer.from(data)) !== true) {
    throw new MiraError('storage_failed', `${file} does not hold what was written to it.`, {
      hint: 'Check the disk; another program may also be writing the file.',
    });
  }
}

async function format({ key }: OpenFile, { values, meta }: Credentials): Promise<string> {
  const { formatCredentials, seal } = await import('./credentials-format.ts');
  const { header, sealing } = key;
  return formatCredentials(seal({ key: header, meta: [...meta.values()], sealing, values }));
}

function damaged(file: string): MiraError {
  return new MiraError('credentials_unreadable', `${file} is damaged; it is left as it is.`, {
    hint: startOver(file),
  });
}

async function keyIsGone(request: KeyRequest): Promise<MiraError> {
  if (request.kind === 'keychain') await request.sources.keychain?.probe();
  const { describeKey } = await import('./credentials-key.ts');
  return new MiraError(
    'credentials_unreadable',
    `${request.file} cannot be opened: ${describeKey(request)} is gone.`,
    {
      hint: startOver(request.file),
    },
  );
}

async function wrongKey(request: KeyRequest): Promise<MiraError> {
  if (request.kind === 'passphrase') {
    return new MiraError('wrong_passphrase', `That is not the passphrase of ${request.file}.`, {
      hint: `Check MIRA_PASSPHRASE. If it is lost: ${startOver(request.file)}`,
    });
  }
  const { describeKey } = await import('./credentials-key.ts');
  return new MiraError(
    'credentials_unreadable',
    `${request.file} is not sealed with ${describeKey(request)}.`,
    {
      hint: startOver(request.file),
    },
  );
}

function startOver(file: string): string {
  return `To start over, move it aside and sign in again: ${moveAside(file)}`;
}
