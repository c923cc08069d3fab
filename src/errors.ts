/**
 * Every failure mira knows, once: a stable code, the exit status it ends the program with, and whether
 * trying again can help. Whatever a foreign library throws is translated into one of these by the adapter
 * that owns the library; anything else that is thrown is a bug and exits 1.
 */

interface Kind {
  readonly exit: number;
  readonly retryable: boolean;
}

const once = (exit: number): Kind => ({ exit, retryable: false });
const again = (exit: number): Kind => ({ exit, retryable: true });

export const ERROR_KINDS = {
  unexpected: once(1),

  invalid_usage: once(2),
  unknown_option: once(2),
  unknown_command: once(2),
  invalid_input: once(2),
  invalid_url: once(2),
  invalid_config: once(2),
  invalid_request: once(2),
  malformed_key: once(2),
  nothing_to_ask: once(2),
  stdin_silent: once(2),
  input_too_large: once(2),

  not_found: once(3),
  model_not_found: once(3),
  profile_not_found: once(3),

  not_signed_in: once(4),
  credential_missing: once(4),
  credential_rejected: once(4),
  session_ended: once(4),
  token_expired: once(4),
  access_denied: once(4),
  device_code_expired: once(4),
  approval_lost: once(4),
  login_unavailable: once(4),
  client_unknown: once(4),
  ttl_unattainable: once(4),
  not_refreshable: once(4),

  forbidden: once(5),

  dns_failed: again(6),
  connection_refused: again(6),
  connection_reset: again(6),
  network_failed: again(6),
  timeout: again(6),
  proxy_failed: again(6),
  tls_failed: once(6),

  rate_limited: again(7),
  quota_exceeded: once(7),

  content_filtered: once(8),

  server_error: again(9),
  malformed_response: once(9),
  schema_mismatch: once(9),
  response_too_large: once(9),
  stream_cut: again(9),
  redirect_refused: once(9),

  storage_failed: once(10),
  disk_full: once(10),
  keychain_unavailable: once(10),
  keychain_locked: again(10),
  keychain_timeout: again(10),
  keychain_denied: once(10),
  credentials_unreadable: once(10),
  wrong_passphrase: once(10),
  lock_timeout: again(10),

  input_required: once(11),
  unsafe_url: once(11),
  unsafe_file: once(11),
  other_origin: once(11),
  host_not_configured: once(11),
  other_vendor: once(11),
  secret_found: once(11),
  unsafe_variable: once(11),
  inspected: once(11),

  not_executable: once(126),
  command_not_found: once(127),
  hung_up: once(129),
  interrupted: once(130),
  terminated: once(143),
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

export interface NextStep {
  /** A command line that can be typed as it stands. */
  readonly command: string;
  readonly why: string;
}

/** What of an answer had arrived before it was cut short. */
export interface PartialAnswer {
  readonly text: string;
  readonly conversationId?: string;
}

export interface MiraErrorOptions {
  /** What to do next, as a command where there is one. */
  readonly hint?: string | undefined;
  readonly next?: readonly NextStep[] | undefined;
  /** HTTP status of the answer that failed. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** Seconds the server asked to wait. */
  readonly retryAfterS?: number | undefined;
  readonly partial?: PartialAnswer | undefined;
  readonly cause?: unknown;
}

/** A failure that a person can act on. `message` is one sentence without a secret. */
export class MiraError extends Error {
  override readonly name = 'MiraError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly next: readonly NextStep[];
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly partial: PartialAnswer | undefined;

  constructor(code: ErrorCode, message: string, options: MiraErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.next = options.next ?? [];
    this.status = options.status;
    this.requestId = options.requestId;
    this.retryAfterS = options.retryAfterS;
    this.partial = options.partial;
  }

  get exitCode(): number {
    return ERROR_KINDS[this.code].exit;
  }

  get retryable(): boolean {
    return ERROR_KINDS[this.code].retryable;
  }

  /** The same failure with more said about it; what is given replaces what was there. */
  with(options: MiraErrorOptions & { readonly message?: string }): MiraError {
    return new MiraError(this.code, options.message ?? this.message, {
      hint: this.hint,
      next: this.next,
      status: this.status,
      requestId: this.requestId,
      retryAfterS: this.retryAfterS,
      partial: this.partial,
      cause: this.cause,
      ...options,
    });
  }
}

/** The failure as itself, or as the bug it is. */
export function toMiraError(error: unknown): MiraError {
  if (error instanceof MiraError) return error;
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd') return currentFolderGone();
  return new MiraError('unexpected', 'mira failed in a way it should not have.', {
    hint: 'Run the command again with --debug and report what it prints; secrets are taken out of it.',
    cause: error,
  });
}

/** Somebody has removed the folder that mira was started in. */
export function currentFolderGone(): MiraError {
  return new MiraError('not_found', 'The current folder is not there any more.', {
    hint: 'Go to one that is, for example: cd ~',
  });
}

/** The `code` of an error that is not ours: an errno, or a library's own. */
export function foreignCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof MiraError || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an aborted operation throws: the reason itself when it is one of ours, otherwise "interrupted". */
export function abortError(signal: AbortSignal): MiraError {
  return signal.reason instanceof MiraError
    ? signal.reason
    : new MiraError('interrupted', 'Stopped.', { cause: signal.reason });
}

/** Whoever read our output has gone away, which ends the program quietly and well (`mira … | head -1`). */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}
