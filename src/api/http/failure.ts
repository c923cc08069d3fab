/**
 * Every way a connection fails, in a person's words. What undici, OpenSSL and the resolver say is read by its
 * code alone: their messages can carry addresses, header values and text from the other side.
 */
import { foreignCode, MiraError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';

export interface Attempt {
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly caFiles: readonly string[];
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  /** Headers of the answer have arrived. */
  readonly answered: boolean;
}

export function connectionFailure(error: unknown, attempt: Attempt): MiraError {
  const mine = ours(error);
  if (mine !== undefined) return mine;
  const code = failureCode(error);
  const host = attempt.url.host;

  const tls = tlsReason(code);
  if (tls !== undefined) return tlsFailure({ tls, attempt, cause: error });
  const timeout = timeoutMessage(code, attempt);
  if (
    attempt.proxy !== undefined &&
    !attempt.answered &&
    (timeout === undefined || code !== HEADERS_TIMEOUT)
  ) {
    return proxyFailure(error, attempt.proxy);
  }
  if (timeout !== undefined) {
    return new MiraError('timeout', timeout, { hint: 'Check the connection and try again.', cause: error });
  }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_')) {
    return new MiraError('dns_failed', `Cannot reach ${host}: the name could not be looked up.`, {
      hint: 'Check the spelling of the address and your connection.',
      cause: error,
    });
  }
  if (isParserError(error) || MALFORMED.has(code)) {
    return new MiraError('malformed_response', `${host} answered with something that is not HTTP.`, {
      hint: 'Check the address: is this the port of the service?',
      // No cause: the parser's error carries the bytes of the answer.
    });
  }
  if (attempt.answered && CLOSED.has(code)) {
    return endedEarly(host, error);
  }
  const [kind, reason, hint] = plainFailure(code, attempt.answered);
  return new MiraError(kind, `Cannot reach ${host}: ${reason}.`, { hint, cause: error });
}

export function endedEarly(host: string, cause: unknown): MiraError {
  return new MiraError('stream_cut', `The answer of ${host} ended too early.`, { hint: 'Try again.', cause });
}

/** A limit of ours that the caller set for the whole exchange. */
export function totalTimeout(url: URL, totalMs: number): MiraError {
  return new MiraError('timeout', `${url.host} did not finish its answer within ${seconds(totalMs)}.`, {
    hint: 'Check the connection and try again.',
  });
}

const HEADERS_TIMEOUT = 'UND_ERR_HEADERS_TIMEOUT';
const MALFORMED = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RESPONSE',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const CLOSED = new Set(['UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** The runtime reports a socket that failed mid-answer with the cause inside; several addresses as an aggregate. */
function failureCode(error: unknown): string {
  for (const candidate of unwrapped(error)) {
    const code = foreignCode(candidate);
    if (code !== undefined && code !== 'UND_ERR_SOCKET') return code;
  }
  return foreignCode(error) ?? '';
}

function ours(error: unknown): MiraError | undefined {
  return unwrapped(error).find((candidate) => candidate instanceof MiraError);
}

/** Its code is not always set. */
function isParserError(error: unknown): boolean {
  return unwrapped(error).some((one) => one instanceof Error && one.name === 'HTTPParserError');
}

function unwrapped(error: unknown): unknown[] {
  const found: unknown[] = [];
  let next: unknown = error;
  while (next instanceof Error && found.length < 5) {
    found.push(next);
    if (next instanceof AggregateError) found.push(...next.errors);
    next = next.cause;
  }
  return found;
}

interface TlsReason {
  readonly text: string;
  /** A certificate of the network's own could mend it. */
  readonly authority?: true;
}

function tlsReason(code: string): TlsReason | undefined {
  const known = TLS_REASONS[code];
  if (known !== undefined) return known;
  if (/^(ERR_(SSL|TLS|OSSL)_|CERT_|CRL_|EPROTO$)/.test(code))
    return { text: 'no secure connection could be agreed on' };
  return undefined;
}

const UNKNOWN_AUTHORITY: TlsReason = {
  text: 'its certificate is signed by an unknown authority',
  authority: true,
};
const SELF_SIGNED: TlsReason = { text: 'its certificate is signed by itself', authority: true };
const OLD_VERSION: TlsReason = { text: 'it offers only TLS versions older than 1.2' };
const NOT_TLS: TlsReason = { text: 'it does not speak TLS on this port' };

const TLS_REASONS: Readonly<Record<string, TlsReason>> = {
  CERT_HAS_EXPIRED: { text: 'its certificate has expired' },
  CERT_NOT_YET_VALID: { text: 'its certificate is not valid yet (is the clock of this machine right?)' },
  ERR_TLS_CERT_ALTNAME_INVALID: { text: 'its certificate is for another host' },
  CERT_REVOKED: { text: 'its certificate has been revoked' },
  DEPTH_ZERO_SELF_SIGNED_CERT: SELF_SIGNED,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: OLD_VERSION,
  ERR_SSL_UNSUPPORTED_PROTOCOL: OLD_VERSION,
  ERR_SSL_VERSION_TOO_LOW: OLD_VERSION,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
};

function tlsFailure(failure: {
  readonly tls: TlsReason;
  readonly attempt: Attempt;
  readonly cause: unknown;
}): MiraError {
  const { tls, attempt, cause } = failure;
  const files = attempt.caFiles.map((file) => JSON.stringify(file)).join(' and ');
  const extra = files === '' ? '' : ` (also trusted: the certificates in ${files})`;
  return new MiraError('tls_failed', `Cannot trust ${attempt.url.host}: ${tls.text}${extra}.`, {
    hint: tls.authority
      ? 'If your network has its own certificate authority, set MIRA_CA_FILE to its certificate (PEM).'
      : 'Check the address; nothing was sent. Its operator has to mend this.',
    cause,
  });
}

function timeoutMessage(code: string, attempt: Attempt): string | undefined {
  const host = attempt.url.host;
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return `${host} did not accept a connection within ${seconds(attempt.connectMs)}.`;
  }
  if (code === HEADERS_TIMEOUT)
    return `${host} did not begin to answer within ${seconds(attempt.firstByteMs)}.`;
  if (code === 'UND_ERR_BODY_TIMEOUT') return `${host} fell silent for ${seconds(attempt.idleMs)}.`;
  return undefined;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function proxyFailure(error: unknown, proxy: URL): MiraError {
  const askedForLogin = unwrapped(error).some((one) => one instanceof Error && one.message.includes('(407)'));
  const reason = askedForLogin ? 'wants a user name and password' : 'did not make the connection';
  return new MiraError('proxy_failed', `The proxy ${proxy.host} ${reason}.`, {
    hint: askedForLogin
      ? 'Put them into the proxy variable: HTTPS_PROXY=http://user:password@host:port.'
      : CHECK_PROXY,
    cause: error,
  });
}

/** A proxy that took the connection and then said nothing. */
export function silentProxy(facts: {
  readonly proxy: URL;
  readonly waitedMs: number;
  readonly cause: unknown;
}): MiraError {
  const { proxy, waitedMs, cause } = facts;
  return new MiraError(
    'proxy_failed',
    `The proxy ${proxy.host} did not answer within ${seconds(waitedMs)}.`,
    {
      hint: CHECK_PROXY,
      cause,
    },
  );
}

const CHECK_PROXY = 'Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY lists hosts that need none.';

const CHECK_CONNECTION = 'Check your connection and try again.';

function plainFailure(code: string, answered: boolean): readonly [ErrorCode, string, string] {
  switch (code) {
    case 'ECONNREFUSED':
      return [
        'connection_refused',
        'connection refused',
        'Check the address and the port, and that the service runs.',
      ];
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return [
        'connection_reset',
        `the connection was reset${answered ? ' during the answer' : ''}`,
        CHECK_CONNECTION,
      ];
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return ['connection_reset', 'it closed the connection without an answer', CHECK_CONNECTION];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'ENETDOWN':
      return ['network_failed', 'there is no way to it from this network', CHECK_CONNECTION];
    default:
      return ['network_failed', 'the connection failed', CHECK_CONNECTION];
  }
}
