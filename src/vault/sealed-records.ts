/**
 * Secrets that are no tokens, such as the credentials of AWS: a JSON text each, sealed, with fields beside it that are
 * readable without a key. Every text in the sealed JSON counts as secret; what is none belongs into the fields.
 */
import type { Credentials, CredentialsFile } from '../store/credentials-file.ts';
import type { CredentialMeta } from '../store/credentials-format.ts';
import { isRecord, parseJson } from '../json.ts';

export interface RecordName {
  /** What it is (`aws`, `mcp`); never `token` or `previous`. */
  readonly kind: string;
  readonly name: string;
}

export type RecordFields = Readonly<Record<string, string | number | boolean>>;

export interface SealedRecord extends RecordName {
  readonly fields: RecordFields;
}

export interface SealedRecords {
  /** Those of a kind, by name. Needs no key and no keychain. */
  list(kind: string): Promise<readonly SealedRecord[]>;
  /** The sealed JSON text; undefined when there is none of that name. */
  read(record: RecordName): Promise<string | undefined>;
  /** Makes the record or takes the place of the one there is. `value` is JSON text. */
  write(record: SealedRecord & { readonly value: string }): Promise<void>;
  /** False when there was none. */
  remove(record: RecordName): Promise<boolean>;
}

interface RecordsOptions {
  readonly file: CredentialsFile;
  readonly keep: <T>(change: (credentials: Credentials) => T) => Promise<T>;
}

export function createSealedRecords({ file, keep }: RecordsOptions): SealedRecords {
  const find = async (record: RecordName): Promise<CredentialMeta | undefined> =>
    (await file.list()).find(({ label }) => label === recordName(record));
  return {
    async list(kind) {
      const own = (await file.list()).filter(({ label }) => label.startsWith(`${kind}/`));
      return own.map((meta) => toRecord(meta, kind)).sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async read(record) {
      return (await find(record)) === undefined ? undefined : file.read(recordName(record));
    },
    async write({ fields, value, ...record }) {
      const name = recordName(record);
      await keep(({ values, meta }) => {
        values.set(name, value);
        meta.set(name, { ...fields, label: name, kind: record.kind });
      });
    },
    async remove(record) {
      return (await find(record)) !== undefined && file.remove(recordName(record));
    },
  };
}

/** Every text in a JSON value, however deep. */
export function secretsOf(value: string): readonly string[] {
  return textsIn(parseJson(value));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isRecord(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** Under which a record is sealed. */
export function recordName({ kind, name }: RecordName): string {
  return `${kind}/${name}`;
}

function toRecord({ label, kind: _kind, ...fields }: CredentialMeta, kind: string): SealedRecord {
  return { kind, name: label.slice(kind.length + 1), fields };
}
