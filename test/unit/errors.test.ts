import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/commands/help/exit-codes.ts';
import { abortError, ERROR_KINDS, foreignCode, MiraError, toMiraError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';

/** cli.md 1.5, row by row: what each status is for. */
const TABLE: Readonly<Record<number, readonly ErrorCode[]>> = {
  1: ['unexpected'],
  2: [
    'invalid_usage',
    'unknown_option',
    'unknown_command',
    'invalid_input',
    'invalid_url',
    'invalid_config',
    'invalid_request',
    'malformed_key',
    'nothing_to_ask',
    'stdin_silent',
    'input_too_large',
  ],
  3: ['not_found', 'model_not_found', 'profile_not_found'],
  4: [
    'not_signed_in',
    'credential_missing',
    'credential_rejected',
    'session_ended',
    'token_expired',
    'access_denied',
    'device_code_expired',
    'approval_lost',
    'login_unavailable',
    'client_unknown',
    'ttl_unattainable',
    'not_refreshable',
  ],
  5: ['forbidden'],
  6: [
    'dns_failed',
    'connection_refused',
    'connection_reset',
    'network_failed',
    'timeout',
    'proxy_failed',
    'tls_failed',
  ],
  7: ['rate_limited', 'quota_exceeded'],
  8: ['content_filtered'],
  9: [
    'server_error',
    'malformed_response',
    'schema_mismatch',
    'response_too_large',
    'stream_cut',
    'redirect_refused',
  ],
  10: [
    'storage_failed',
    'disk_full',
    'keychain_unavailable',
    'keychain_locked',
    'keychain_timeout',
    'keychain_denied',
    'credentials_unreadable',
    'wrong_passphrase',
    'lock_timeout',
  ],
  11: [
    'input_required',
    'unsafe_url',
    'unsafe_file',
    'other_origin',
    'host_not_configured',
    'other_vendor',
    'secret_found',
    'unsafe_variable',
    'inspected',
  ],
  126: ['not_executable'],
  127: ['command_not_found'],
  129: ['hung_up'],
  130: ['interrupted'],
  143: ['terminated'],
};

const RETRYABLE: readonly ErrorCode[] = [
  'connection_refused',
  'connection_reset',
  'dns_failed',
  'keychain_locked',
  'keychain_timeout',
  'lock_timeout',
  'network_failed',
  'proxy_failed',
  'rate_limited',
  'server_error',
  'stream_cut',
  'timeout',
];

const codes = Object.keys(ERROR_KINDS) as ErrorCode[];

describe('the table of errors', () => {
  test('gives every code the exit status that the contract gives its kind', () => {
    const byStatus: Record<number, ErrorCode[]> = {};
    for (const code of codes) (byStatus[new MiraError(code, '').exitCode] ??= []).push(code);

    expect(byStatus).toEqual(TABLE);
  });

  test('says that trying again can help where it can, and nowhere else', () => {
    expect(codes.filter((code) => new MiraError(code, '').retryable).toSorted()).toEqual(RETRYABLE);
  });

  test('has snake_case codes only', () => {
    expect(codes.filter((code) => !/^[a-z]+(?:_[a-z]+)*$/.test(code))).toEqual([]);
  });

  test('and the table that users see have the same statuses, and 0', async () => {
    const rows = exitCodes.json(await exitCodes.run(undefined as never, { options: {}, args: [] }));
    const shown = (rows['exit_codes'] as readonly { readonly code: number }[]).map(({ code }) => code);

    expect(shown).toEqual([0, ...Object.keys(TABLE).map(Number)]);
  });
});

describe('an error', () => {
  const full = new MiraError('rate_limited', 'Too many requests.', {
    hint: 'Wait.',
    next: [{ command: 'mira auth status', why: 'shows it' }],
    status: 429,
    requestId: 'r-1',
    retryAfterS: 7,
    partial: { text: 'Hel' },
    cause: 'why',
  });
  const facts = ({
    code,
    message,
    hint,
    next,
    status,
    requestId,
    retryAfterS,
    partial,
    cause,
  }: MiraError) => ({
    code,
    message,
    hint,
    next,
    status,
    requestId,
    retryAfterS,
    partial,
    cause,
  });

  test('keeps everything when more is said about it, except what is replaced', () => {
    const more = full.with({ hint: 'Wait longer.', message: 'Far too many requests.' });

    expect(more).toBeInstanceOf(MiraError);
    expect(facts(more)).toEqual({ ...facts(full), hint: 'Wait longer.', message: 'Far too many requests.' });
  });

  test('has no cause of its own making', () => {
    expect('cause' in new MiraError('timeout', 'Too slow.')).toBe(false);
  });

  test('of ours stays itself; anything else is a bug, with what was thrown as its cause', () => {
    const thrown = new TypeError('x is not a function');
    const bug = toMiraError(thrown);

    expect(toMiraError(full)).toBe(full);
    expect({ ...facts(bug), exit: bug.exitCode }).toEqual({
      code: 'unexpected',
      message: 'mira failed in a way it should not have.',
      hint: 'Run the command again with --debug and report what it prints; secrets are taken out of it.',
      next: [],
      status: undefined,
      requestId: undefined,
      retryAfterS: undefined,
      partial: undefined,
      cause: thrown,
      exit: 1,
    });
  });

  test('of an aborted operation is the reason, or "stopped" when somebody else aborted it', () => {
    expect(abortError(AbortSignal.abort(full))).toBe(full);
    expect(facts(abortError(AbortSignal.abort('because')))).toMatchObject({
      code: 'interrupted',
      message: 'Stopped.',
      cause: 'because',
    });
  });
});

test('the code of an error is read where it is a foreign one', () => {
  const coded = (code: unknown): Error => Object.assign(new Error('no'), { code });

  expect(
    [coded('ENOENT'), coded(5), new Error('no'), { code: 'ENOENT' }, new MiraError('timeout', 'No.')].map(
      foreignCode,
    ),
  ).toEqual(['ENOENT', undefined, undefined, undefined, undefined]);
});
