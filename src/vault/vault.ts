/**
 * Labelled tokens and other sealed records, all in the one credentials file (decisions.md 4). What may be known of
 * them without a key (labels, variables, dates) stands in its header, so that listing them opens nothing.
 */
import { MiraError } from '../errors.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Credentials, CredentialsFile } from '../store/credentials-file.ts';
import type { CredentialMeta, KeyKind } from '../store/credentials-format.ts';
import { shellQuote } from '../store/shell-quote.ts';
import { findSimilarLabel, foldLabel, requireLabel } from './label.ts';
import { createLastUsed } from './last-used.ts';
import { createSealedRecords, recordName, secretsOf } from './sealed-records.ts';
import type { RecordName, SealedRecords } from './sealed-records.ts';

const TOKEN = 'token/';
const PREVIOUS = 'previous/';
/** An environment variable may be longer, but no key is (security.md T49). */
const LONGEST_VALUE = 64 * 1024;
/** The end of the year 9999, the last that RFC 3339 can write. */
const LAST_MOMENT = 253_402_300_799_999;

export interface Token {
  readonly label: string;
  /** The environment variable it is for. */
  readonly env: string;
  /** The family of keys it belongs to, or `other`. */
  readonly kind: string;
  /** Moments in milliseconds since the epoch. */
  readonly addedAt: number;
  readonly lastUsedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** When its value was exchanged, while the value before is still kept. */
  readonly rotatedAt?: number | undefined;
}

export interface NewToken {
  readonly label: string;
  readonly env: string;
  readonly kind: string;
  readonly value: string;
  readonly expiresAt?: number | undefined;
}

export interface Replacement {
  readonly label: string;
  readonly value: string;
  readonly kind: string;
  readonly expiresAt?: number | undefined;
  /** The new value has answered, so the one before need not be kept. */
  readonly proven: boolean;
}

/** A secret that must not leave this machine by accident. */
export interface StoredSecret {
  readonly label: string;
  readonly kind: string;
  readonly value: string;
}

/** What is in the vault, after its file was opened once. */
export interface OpenVault {
  /** By label. */
  readonly values: ReadonlyMap<string, string>;
  /** As of `allValues`. */
  secrets(): readonly StoredSecret[];
  /** As of `records.read`. */
  record(record: RecordName): string | undefined;
}

export interface Vault {
  /** By label. Reads the header of the file only: no key, no keychain. */
  list(): Promise<readonly Token[]>;
  /**
   * The values by label; the file is opened once.
   * @throws MiraError `not_found` naming the first label that there is not
   */
  values(labels: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** There is something in it, so that its key is worth having. Needs no key. */
  hasAny(): Promise<boolean>;
  /**
   * The values of these labels and all else that a program needs that is given them.
   * @throws MiraError `not_found` naming the first label that there is not
   */
  open(labels: readonly string[]): Promise<OpenVault>;
  /** Every secret there is (tokens, also those kept from before a rotation, and records): to look for in text that leaves. */
  allValues(): Promise<readonly StoredSecret[]>;
  /** @throws MiraError `invalid_input` when the label is taken. Needs no key. */
  requireFree(label: string): Promise<void>;
  /**
   * Finds out whether something can be kept, before a person types it: chooses where, and opens what is there.
   * @throws MiraError exit 10 or 11 like every store
   */
  prepare(): Promise<void>;
  /** @throws MiraError `invalid_input` when the label is taken or the value cannot be stored */
  add(token: NewToken): Promise<void>;
  /**
   * Exchanges the value and keeps the one before, unless the new one is proven. A value that never answered does not
   * take the place of one that did: then what was kept before stays kept.
   */
  replace(replacement: Replacement): Promise<void>;
  /** The value before the last rotation, while it is kept. */
  previousValue(label: string): Promise<string | undefined>;
  /** The value answered: what was kept from before is forgotten. False when nothing was kept. */
  settle(label: string): Promise<boolean>;
  /** The way back: the value from before the rotation, once more. False when none is kept. */
  restore(label: string): Promise<boolean>;
  /** All or none. @throws MiraError `not_found` naming the first label that there is not */
  remove(labels: readonly string[]): Promise<void>;
  /** Never fails: it is a convenience. */
  markUsed(labels: readonly string[]): Promise<void>;
  readonly records: SealedRecords;
}

export interface VaultOptions {
  readonly file: CredentialsFile;
  /** How the file is to be sealed if it has to be made; given how the one that exists is, if there is one. */
  readonly chooseForm: (existing: KeyKind | undefined) => Promise<KeyKind>;
  readonly lastUsedFile: string;
  readonly now: () => number;
}

export function createVault({ file, chooseForm, lastUsedFile, now }: VaultOptions): Vault {
  const lastUsed = createLastUsed(lastUsedFile);
  let chosen: KeyKind | undefined;
  /** Where something is to be kept, there must be a file, or an agreement how to make one; it is asked for once. */
  const openToKeep = async (): Promise<CredentialsFile> =>
    file.createdWith((chosen ??= await chooseForm(await file.sealedWith())));
  const keep = async <T>(change: (credentials: Credentials) => T): Promise<T> =>
    (await openToKeep()).update(change);

  const readMeta = async (): Promise<ReadonlyMap<string, CredentialMeta>> => byLabel(await file.list());
  /** A label that is not there is told without opening the file. */
  const change = async <T>(labels: readonly string[], work: (credentials: Credentials) => T): Promise<T> => {
    requireKnown(labels, await readMeta());
    return file.update((credentials) => {
      requireKnown(labels, credentials.meta);
      return work(credentials);
    });
  };

  const open = async (labels: readonly string[]): Promise<OpenVault> => {
    let meta = byLabel([]);
    const all = await file.readAll((listed) => {
      meta = byLabel(listed);
      requireKnown(labels, meta);
      // The key is not asked for where there is nothing but sessions.
      return meta.size > 0;
    });
    return {
      values: new Map(labels.map((label) => [label, requireValue(all.get(TOKEN + label), label)])),
      secrets: () => {
        const secrets: StoredSecret[] = [];
        for (const [name, value] of all) addSecrets(secrets, { name, value, known: meta.get(name) });
        return secrets;
      },
      record: (record) => all.get(recordName(record)),
    };
  };

  return {
    async list() {
      const used = lastUsed.read();
      const tokens: Token[] = [];
      for (const meta of await file.list()) if (isTokenMeta(meta)) tokens.push(toToken(meta, used));
      return tokens.sort((one, other) => (one.label < other.label ? -1 : 1));
    },
    values: async (labels) => (labels.length === 0 ? new Map() : (await open(labels)).values),
    open,
    hasAny: async () => (await readMeta()).size > 0,
    allValues: async () => (await open([])).secrets(),
    async requireFree(label) {
      requireFree(label, await readMeta());
    },
    async prepare() {
      const isThere = (await file.sealedWith()) !== undefined;
      const target = await openToKeep();
      if (isThere) await target.readAll(() => true);
      // A new passphrase is chosen now; the other forms make their key when there is something to seal.
      else if (chosen === 'passphrase') await target.probe();
    },
    async add({ label, env, kind, value, expiresAt }) {
      requireLabel(label);
      requireTokenValue(value);
      await keep(({ values, meta }) => {
        requireFree(label, meta);
        values.set(TOKEN + label, value);
        const dates = { added: now(), ...(expiresAt === undefined ? {} : { expires: expiresAt }) };
        meta.set(TOKEN + label, { label: TOKEN + label, kind, env, ...dates });
      });
      lastUsed.forget([label]);
    },
    async replace({ label, value, kind, expiresAt, proven }) {
      requireTokenValue(value);
      requireKnown([label], await readMeta());
      await keep((credentials) => {
        requireKnown([label], credentials.meta);
        const before = versionOf(credentials, label);
        const { values } = credentials;
        if (proven) values.delete(PREVIOUS + label);
        else if (!values.has(PREVIOUS + label)) values.set(PREVIOUS + label, JSON.stringify(before));
        putVersion(credentials, {
          label,
          version: { value, kind, expires: expiresAt },
          rotated: proven ? undefined : now(),
        });
      });
    },
    async previousValue(label) {
      const meta = await readMeta();
      requireKnown([label], meta);
      if (meta.get(TOKEN + label)?.['rotated'] === undefined) return undefined;
      return parseVersion((await file.read(PREVIOUS + label)) ?? '')?.value;
    },
    settle: (label) =>
      change([label], (credentials) => {
        if (!credentials.values.delete(PREVIOUS + label)) return false;
        putVersion(credentials, { label, version: versionOf(credentials, label), rotated: undefined });
        return true;
      }),
    restore: (label) =>
      change([label], (credentials) => {
        const version = parseVersion(credentials.values.get(PREVIOUS + label) ?? '');
        if (version === undefined) return false;
        credentials.values.delete(PREVIOUS + label);
        putVersion(credentials, { label, version, rotated: undefined });
        return true;
      }),
    async remove(labels) {
      if (labels.length === 0) return;
      await change(labels, ({ values, meta }) => {
        for (const label of labels) {
          values.delete(TOKEN + label);
          values.delete(PREVIOUS + label);
          meta.delete(TOKEN + label);
        }
      });
      lastUsed.forget(labels);
    },
    markUsed: (labels) => lastUsed.mark(labels, now()),
    records: createSealedRecords({ file, keep }),
  };
}

/** What changes when a token is rotated. */
interface Version {
  readonly value: string;
  readonly kind: string;
  readonly expires?: number | undefined;
}

function versionOf({ values, meta }: Credentials, label: string): Version {
  const known = meta.get(TOKEN + label);
  return {
    value: requireValue(values.get(TOKEN + label), label),
    kind: known?.kind ?? 'other',
    expires: momentOf(known?.['expires']),
  };
}

interface Rotated {
  readonly label: string;
  readonly version: Version;
  readonly rotated: number | undefined;
}

function putVersion({ values, meta }: Credentials, { label, version, rotated }: Rotated): void {
  const name = TOKEN + label;
  const before = meta.get(name);
  values.set(name, version.value);
  meta.set(name, {
    label: name,
    kind: version.kind,
    env: textOf(before?.['env']),
    added: momentOf(before?.['added']) ?? 0,
    ...(version.expires === undefined ? {} : { expires: version.expires }),
    ...(rotated === undefined ? {} : { rotated }),
  });
}

function parseVersion(text: string): Version | undefined {
  const content = parseJson(text);
  if (!isRecord(content)) return undefined;
  const { value, kind, expires } = content;
  if (typeof value !== 'string' || typeof kind !== 'string') return undefined;
  return { value, kind, expires: momentOf(expires) };
}

function byLabel(meta: readonly CredentialMeta[]): ReadonlyMap<string, CredentialMeta> {
  return new Map(meta.map((each) => [each.label, each]));
}

function isTokenMeta({ label }: CredentialMeta): boolean {
  return label.startsWith(TOKEN);
}

function toToken(meta: CredentialMeta, used: ReadonlyMap<string, number>): Token {
  const label = meta.label.slice(TOKEN.length);
  const addedAt = momentOf(meta['added']) ?? 0;
  const lastUsedAt = momentOf(used.get(label));
  return {
    label,
    env: textOf(meta['env']),
    kind: meta.kind,
    addedAt,
    // A label that was removed and taken anew has not been used.
    lastUsedAt: lastUsedAt !== undefined && lastUsedAt >= addedAt ? lastUsedAt : undefined,
    expiresAt: momentOf(meta['expires']),
    rotatedAt: momentOf(meta['rotated']),
  };
}

function requireKnown(labels: readonly string[], meta: ReadonlyMap<string, CredentialMeta>): void {
  const missing = labels.find((label) => !meta.has(TOKEN + label));
  if (missing === undefined) return;
  requireLabel(missing);
  const all = [...meta.values()].filter(isTokenMeta).map(({ label }) => label.slice(TOKEN.length));
  const similar = findSimilarLabel(missing, all);
  throw new MiraError('not_found', `There is no token ${missing}.`, {
    hint: similar === undefined ? 'See what there is: mira tokens list' : `Did you mean ${similar}?`,
  });
}

function requireFree(label: string, meta: ReadonlyMap<string, CredentialMeta>): void {
  const wanted = foldLabel(TOKEN + label);
  const taken = [...meta.keys()].find((each) => foldLabel(each) === wanted)?.slice(TOKEN.length);
  if (taken === undefined) return;
  throw new MiraError('invalid_input', `There is a token ${taken} already.`, {
    hint: `Exchange its value: mira tokens rotate ${shellQuote(taken)}; or remove it first: mira tokens remove ${shellQuote(taken)}`,
  });
}

/** The header is bound to what is sealed, so only a bug of ours takes them apart. */
function requireValue(value: string | undefined, label: string): string {
  if (value === undefined) throw new TypeError(`The token ${label} has no value.`);
  return value;
}

function requireTokenValue(value: string): void {
  const flaw = findFlaw(value);
  if (flaw === undefined) return;
  throw new MiraError('invalid_input', `The value ${flaw}; nothing was stored.`, {
    hint: 'A value is text of up to 64 KiB that can stand in an environment variable.',
  });
}

function findFlaw(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (value.includes('\0')) return 'has a NUL character in it';
  if (!value.isWellFormed()) return 'is not valid Unicode';
  return Buffer.byteLength(value) > LONGEST_VALUE ? 'is longer than 64 KiB' : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Whoever has no key can still write a header; a date that no calendar has must not end the program. */
function momentOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= LAST_MOMENT ? Math.trunc(value) : undefined;
}

interface Stored {
  readonly name: string;
  readonly value: string;
  readonly known: CredentialMeta | undefined;
}

/** Added one by one: there may be ten thousand. */
function addSecrets(secrets: StoredSecret[], { name, value, known }: Stored): void {
  if (name.startsWith(PREVIOUS)) {
    const version = parseVersion(value);
    if (version === undefined) return;
    secrets.push({ label: name.slice(PREVIOUS.length), kind: version.kind, value: version.value });
    return;
  }
  // Sessions stand in the same file where there is no keychain; they are not the vault's.
  if (known === undefined) return;
  const { kind } = known;
  if (isTokenMeta(known)) secrets.push({ label: name.slice(TOKEN.length), kind, value });
  else secrets.push(...secretsOf(value).map((secret) => ({ label: name, kind, value: secret })));
}
