/**
 * Signature Version 4 as the services of AWS check it, written from its documentation
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html) and from nothing mira uses.
 */
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  /** As it came, query included. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Scope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
}

interface Authorization extends Scope {
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What the request says of its signature; undefined when it has none. */
export function findScope(request: SignedRequest): Scope | undefined {
  return parseAuthorization(request);
}

/** Is the request, every part of it, what the owner of the secret signed? */
export function isSignedWith(secret: string, request: SignedRequest): boolean {
  const authorization = parseAuthorization(request);
  if (authorization === undefined) return false;
  const { scope, signedHeaders, signature } = authorization;
  // The host, and whatever is of AWS, may not go unsigned.
  const mustBeSigned = Object.keys(request.headers).filter(
    (name) => name === 'host' || name.startsWith('x-amz-'),
  );
  if (mustBeSigned.some((name) => !signedHeaders.includes(name))) return false;
  const told = request.headers['x-amz-content-sha256'];
  if (told !== undefined && told !== sha256(request.body)) return false;
  const date = request.headers['x-amz-date'] ?? '';
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical(request, signedHeaders))].join('\n');
  const key = scope.split('/').reduce<Buffer>((made, part) => hmac(made, part), Buffer.from(`AWS4${secret}`));
  return hmac(key, text).toString('hex') === signature;
}

function parseAuthorization({ headers }: SignedRequest): Authorization | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers['authorization'] ?? '',
    );
  const time = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date'] ?? '');
  if (match === null || time === null) return undefined;
  const [, accessKeyId = '', scope = '', day = '', region = '', service = '', names = '', signature = ''] =
    match;
  if (!headers['x-amz-date']?.startsWith(day)) return undefined;
  const [, year, month, date, hour, minute, second] = time.map(Number);
  const signedAt = Date.UTC(year ?? 0, (month ?? 1) - 1, date, hour, minute, second);
  return { accessKeyId, scope, region, service, signedAt, signedHeaders: names.split(';'), signature };
}

function canonical({ method, path, headers, body }: SignedRequest, signedHeaders: readonly string[]): string {
  const [rawPath = '', query = ''] = path.split('?');
  const lines = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [
    method,
    // The path is encoded once to travel, and once more to be signed.
    rawPath.split('/').map(encode).join('/') || '/',
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('=').map((part) => encode(decodeURIComponent(part))))
      .map(([name = '', value = '']) => `${name}=${value}`)
      .toSorted()
      .join('&'),
    lines.join(''),
    signedHeaders.join(';'),
    sha256(body),
  ].join('\n');
}

/** Everything but the characters that RFC 3986 leaves alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
