/**
 * The text of `credentials.json`: what every value is sealed with and how damage shows. The header and the list of
 * labels are readable without a key and bound to the sealed body, so that neither can be changed or exchanged alone.
 * There is exactly one spelling of a given content; any other is damage.
 */
import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRecord, parseJson } from '../json.ts';

const FORMAT = 'mira-credentials';
const VERSION = 1;

export type KeyKind = 'passphrase' | 'key_file' | 'keychain';

export interface ScryptParameters {
  readonly name: 'scrypt';
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
}

export interface KeyHeader {
  readonly kind: KeyKind;
  /** For a passphrase alone: how it becomes a key. */
  readonly kdf?: ScryptParameters;
  /** Derived from the key: tells a wrong key from a damaged body. */
  readonly check: string;
}

/** What may be known of an entry without the key. */
export interface CredentialMeta {
  readonly label: string;
  readonly kind: string;
  readonly [field: string]: string | number | boolean;
}

/** What the file says without its key. */
export interface Header {
  readonly key: KeyHeader;
  readonly meta: readonly CredentialMeta[];
}

export interface Sealed extends Header {
  /** `meta` as it is written, and bound to the body: of ten thousand entries, that is made once. */
  readonly metaText: string;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

export type Parsed<T> =
  | { readonly kind: 'sealed'; readonly sealed: T }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged' };

/** The content, if it has the one spelling that it can have. */
export function parseCredentials(bytes: Uint8Array): Parsed<Sealed> {
  const parsed = parseHeader(bytes);
  return parsed.kind === 'sealed' ? proveSpelling(bytes, parsed.sealed) : parsed;
}

/**
 * The same without the body, for a look at the header: without the key nothing proves what it says, so its spelling need
 * not be proven either. Beside ten thousand entries, body and proof would take longer than all the rest.
 */
export function parseHeader(bytes: Uint8Array): Parsed<Header> {
  const buffer = asBuffer(bytes);
  const end = buffer.lastIndexOf(BODY_FOLLOWS);
  if (end !== -1 && buffer.subarray(-END.length).equals(Buffer.from(END))) {
    const parsed = parseText(`${buffer.toString('utf8', 0, end)}${NO_BODY}`);
    if (parsed.kind !== 'foreign' && parsed.kind !== 'damaged') return parsed;
  }
  // What is spelled otherwise is damaged, newer, or not ours; the whole of it tells.
  return parseText(buffer.toString('utf8'));
}

/** What follows a header that was read from the same bytes, if all of them are spelled as they are written. */
export function proveSpelling(bytes: Uint8Array, header: Header): Parsed<Sealed> {
  const damaged = { kind: 'damaged' } as const;
  // Bytes that are no text would read as a text that is none of theirs.
  if (!isUtf8(bytes)) return damaged;
  const text = asBuffer(bytes).toString('utf8');
  const metaText = JSON.stringify(header.meta);
  const head = `${formatHead({ key: header.key, metaText })}${NONCE}`;
  if (!text.startsWith(head) || !text.endsWith(END)) return damaged;
  const nonceEnd = text.indexOf(BODY, head.length);
  if (nonceEnd === -1) return damaged;
  const nonce = decode(text.slice(head.length, nonceEnd));
  const body = decode(text.slice(nonceEnd + BODY.length, -END.length));
  if (nonce === undefined || body === undefined) return damaged;
  return { kind: 'sealed', sealed: { ...header, metaText, nonce, body } };
}

const NONCE = ',"nonce":"';
const BODY = '","body":"';
const END = '"}\n';
/** Base64url holds no quotes, so this stands nowhere behind the meta but where the body begins. */
const BODY_FOLLOWS = `]${NONCE}`;
const NO_BODY = '],"nonce":"","body":""}';

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function parseText(text: string): Parsed<Header> {
  const content = parseJson(text);
  if (!isRecord(content) || content['fmt'] !== FORMAT) {
    return { kind: text === '' || text.startsWith(`{"fmt":"${FORMAT}"`) ? 'damaged' : 'foreign' };
  }
  const version = content['v'];
  if (typeof version === 'number' && version > VERSION) return { kind: 'newer', version };
  const { key, meta, nonce, body } = content;
  if (version !== VERSION || !isKeyHeader(key) || !isMetaList(meta)) return { kind: 'damaged' };
  if (typeof nonce !== 'string' || typeof body !== 'string') return { kind: 'damaged' };
  return { kind: 'sealed', sealed: { key, meta } };
}

export function formatCredentials({ key, metaText, nonce, body }: Sealed): string {
  const [nonceText, bodyText] = [nonce, body].map((bytes) => asBuffer(bytes).toString('base64url'));
  // Base64url is the same in JSON; megabytes of it need not be looked through for what to escape.
  return `${formatHead({ key, metaText })}${NONCE}${nonceText}${BODY}${bodyText}${END}`;
}

/** Up to the end of the meta. */
function formatHead({ key, metaText }: Pick<Sealed, 'key' | 'metaText'>): string {
  return `{"fmt":"${FORMAT}","v":${VERSION},"key":${JSON.stringify(orderedKey(key))},"meta":${metaText}`;
}

/** The 32-byte secret of a file becomes two keys: one seals, one only says "this is the right secret". */
export function deriveKeys(secret: Uint8Array): { readonly sealing: Uint8Array; readonly check: string } {
  const derive = (purpose: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `${FORMAT}/${VERSION}/${purpose}`, length));
  return { sealing: derive('seal', 32), check: derive('check', 16).toString('base64url') };
}

export function isSameCheck(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function seal(content: {
  readonly key: KeyHeader;
  readonly meta: readonly CredentialMeta[];
  readonly sealing: Uint8Array;
  readonly values: ReadonlyMap<string, string>;
}): Sealed {
  const { key, meta, sealing, values } = content;
  const nonce = randomBytes(12);
  const metaText = JSON.stringify(meta);
  const cipher = createCipheriv('aes-256-gcm', sealing, nonce);
  cipher.setAAD(bound({ key, metaText }));
  const plain = JSON.stringify(Object.fromEntries(values));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { key, meta, metaText, nonce, body };
}

/** The values by name, or undefined when the seal does not hold. */
export function unseal(sealed: Sealed, sealing: Uint8Array): Map<string, string> | undefined {
  const { nonce, body } = sealed;
  if (nonce.length !== 12 || body.length < 16) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', sealing, nonce, { authTagLength: 16 });
  decipher.setAAD(bound(sealed));
  decipher.setAuthTag(body.subarray(-16));
  try {
    const plain = Buffer.concat([decipher.update(body.subarray(0, -16)), decipher.final()]).toString('utf8');
    return parseValues(plain);
  } catch {
    return undefined;
  }
}

function bound({ key, metaText }: Pick<Sealed, 'key' | 'metaText'>): Buffer {
  return Buffer.from(`["${FORMAT}",${VERSION},${JSON.stringify(orderedKey(key))},${metaText}]`);
}

function orderedKey({ kind, kdf, check }: KeyHeader): KeyHeader {
  if (kdf === undefined) return { kind, check };
  const { name, N, r, p, salt } = kdf;
  return { kind, kdf: { name, N, r, p, salt }, check };
}

/** Base64url in its one canonical spelling. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function parseValues(plain: string): Map<string, string> | undefined {
  const content = parseJson(plain);
  if (!isRecord(content)) return undefined;
  const values = new Map<string, string>();
  for (const name in content) {
    const value = content[name];
    if (typeof value !== 'string') return undefined;
    values.set(name, value);
  }
  return values;
}

function isKeyHeader(value: unknown): value is KeyHeader {
  if (!isRecord(value) || typeof value['check'] !== 'string') return false;
  if (value['kind'] === 'passphrase') return isScrypt(value['kdf']);
  return (value['kind'] === 'key_file' || value['kind'] === 'keychain') && value['kdf'] === undefined;
}

/** Bounded, so that a hostile file cannot ask for hours of work or all of the memory. */
function isScrypt(value: unknown): value is ScryptParameters {
  if (!isRecord(value) || value['name'] !== 'scrypt') return false;
  if (![2 ** 15, 2 ** 16, 2 ** 17].some((N) => N === value['N'])) return false;
  if (value['r'] !== 8 || value['p'] !== 1 || typeof value['salt'] !== 'string') return false;
  return decode(value['salt'])?.length === 16;
}

function isMetaList(value: unknown): value is CredentialMeta[] {
  return Array.isArray(value) && value.every(isMeta);
}

/** Ten thousand of them are looked at before anything is listed. */
function isMeta(value: unknown): value is CredentialMeta {
  if (!isRecord(value) || typeof value['label'] !== 'string' || typeof value['kind'] !== 'string')
    return false;
  for (const name in value) {
    const type = typeof value[name];
    if (type !== 'string' && type !== 'number' && type !== 'boolean') return false;
  }
  return true;
}
