import { describe, expect, it } from 'vitest';

import { redirectError, serviceError, streamedError, withoutSecret } from '../../../src/api/service-error.ts';
import { serviceWords } from '../../../src/api/service-words.ts';
import { facts } from './open-http.ts';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const url = new URL('https://api.example/v1/chat/completions');
const bearer = {
  value: 'never shown',
  source: 'MIRA_API_KEY',
  mend: 'mira auth login',
  refreshable: false,
};

function answered(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return serviceError({ status, headers, url, body: text }, { bearer, now: NOW });
}

describe('the key in what a service quotes', () => {
  const value = 'sk-example-0123456789-abcdefghijkl';
  it.each([
    [`No such key: ${value}.`, 'No such key: [redacted].'],
    [`No such key: ${value.slice(0, 25)}****.`, 'No such key: [redacted]****.'],
    [`${value.slice(0, 17)} and ${value}`, '[redacted] and [redacted]'],
    // So much is shown in lists of keys.
    [`No such key: ${value.slice(0, 16)}…`, `No such key: ${value.slice(0, 16)}…`],
    ['sk-example-other', 'sk-example-other'],
  ])('is taken out, and so is its beginning: %s', (said, expected) => {
    expect(withoutSecret(said, { ...bearer, value })).toBe(expected);
  });
});

describe('an error of a service', () => {
  it.each<[string, number, unknown, string, number, string]>([
    [
      'detail',
      400,
      { detail: 'messages is required' },
      'invalid_request',
      2,
      'api.example does not accept the request: messages is required.',
    ],
    [
      'invalid model',
      400,
      { detail: 'Invalid model. Must be one of: mira, mira-pro' },
      'model_not_found',
      3,
      'api.example does not have this model: Invalid model. Must be one of: mira, mira-pro.',
    ],
    [
      'credential',
      401,
      { detail: 'Invalid API key' },
      'credential_rejected',
      4,
      'api.example refused the credential from MIRA_API_KEY: Invalid API key.',
    ],
    [
      'balance',
      402,
      { detail: 'Insufficient balance. Please top up your account.' },
      'quota_exceeded',
      7,
      'api.example has nothing left for this account: Insufficient balance. Please top up your account.',
    ],
    [
      'plan',
      403,
      { detail: 'Model mira-max requires max plan or higher' },
      'forbidden',
      5,
      'api.example does not allow this: Model mira-max requires max plan or higher.',
    ],
    [
      'path',
      404,
      { detail: 'Not Found' },
      'not_found',
      3,
      'api.example has nothing at /v1/chat/completions: Not Found.',
    ],
    [
      'model',
      404,
      { error: { message: 'The model `x` does not exist', code: 'model_not_found' } },
      'model_not_found',
      3,
      'api.example does not have this model: The model `x` does not exist.',
    ],
    ['retired', 410, '', 'not_found', 3, 'api.example has nothing at /v1/chat/completions.'],
    ['conflict', 409, '', 'server_error', 9, 'api.example failed (status 409).'],
    ['request timeout', 408, '', 'server_error', 9, 'api.example failed (status 408).'],
    [
      'gateway timeout',
      504,
      { detail: 'Backend timeout' },
      'server_error',
      9,
      'api.example failed (status 504): Backend timeout.',
    ],
    [
      'size',
      413,
      'Request body too large',
      'input_too_large',
      2,
      'api.example finds the question too large: Request body too large.',
    ],
    [
      'validation',
      422,
      {
        detail: [
          { loc: ['body', 'messages', 0, 'content'], msg: 'str type expected', type: 'type_error.str' },
          { loc: ['body', 'model'], msg: 'field required' },
        ],
      },
      'invalid_request',
      2,
      'api.example does not accept the request: body.messages.0.content: str type expected; body.model: field required.',
    ],
    [
      'moderation',
      422,
      { detail: '{"error":"content_blocked","category":"prompt_injection"}' },
      'content_filtered',
      8,
      'The content filter of api.example stopped this (prompt_injection).',
    ],
    [
      'plain text',
      422,
      'Failed to deserialize the JSON body',
      'invalid_request',
      2,
      'api.example does not accept the request: Failed to deserialize the JSON body.',
    ],
    [
      'rate',
      429,
      { error: { message: 'Slow down', type: 'requests', code: 'rate_limit_exceeded' } },
      'rate_limited',
      7,
      'api.example limits how often it may be asked: Slow down.',
    ],
    [
      'quota',
      429,
      { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } },
      'quota_exceeded',
      7,
      'api.example has nothing left for this account: You exceeded your current quota.',
    ],
    [
      'daily',
      429,
      { detail: 'Daily limit reached' },
      'quota_exceeded',
      7,
      'api.example has nothing left for this account: Daily limit reached.',
    ],
    [
      'crash',
      500,
      { detail: 'Internal Server Error' },
      'server_error',
      9,
      'api.example failed (status 500): Internal Server Error.',
    ],
    [
      'bare string',
      500,
      { error: 'model runner crashed' },
      'server_error',
      9,
      'api.example failed (status 500): model runner crashed.',
    ],
    [
      'list',
      503,
      [{ error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } }],
      'server_error',
      9,
      'api.example failed (status 503): overloaded.',
    ],
    [
      'web page',
      502,
      '<html><script>x</script>nginx</html>',
      'server_error',
      9,
      'api.example failed (status 502): it answered with a web page.',
    ],
    ['empty', 503, '', 'server_error', 9, 'api.example failed (status 503).'],
    [
      'broken JSON',
      500,
      '{"detail": "cut',
      'server_error',
      9,
      'api.example failed (status 500): {"detail": "cut.',
    ],
  ])('%s', (_name, status, body, code, exit, message) => {
    const error = answered(status, body);
    expect(facts(error)).toEqual({ code, exit, message });
    expect(error.status).toBe(status);
  });

  it('names the command that mends a refused credential, and never the credential', () => {
    const error = answered(401, { detail: 'Invalid API key never shown' });
    expect(error.message).toBe(
      'api.example refused the credential from MIRA_API_KEY: Invalid API key [redacted].',
    );
    expect(error.hint).toBe('Mend it with: mira auth login');
    expect(error.next).toEqual([{ command: 'mira auth login', why: 'get a credential that works' }]);
  });

  it('carries the request id and what the server asked to wait', () => {
    const error = answered(
      429,
      { detail: 'Rate limit exceeded' },
      { 'retry-after': '60', 'x-request-id': 'req-7' },
    );
    expect(error).toMatchObject({ requestId: 'req-7', retryAfterS: 60, hint: 'Try again in 60 s.' });
    expect(answered(500, '', { 'x-request-id': 'a\u001b[2Jb' }).requestId).toBeUndefined();
  });

  it('carries the request id of the body where no header has one', () => {
    const body = { type: 'error', error: { type: 'api_error', message: 'x' }, request_id: 'req-8' };
    expect(answered(500, body).requestId).toBe('req-8');
    expect(answered(500, body, { 'request-id': 'req-7' }).requestId).toBe('req-7');
    expect(answered(500, { ...body, request_id: 'a b' }).requestId).toBeUndefined();
    expect(streamedError(body, { url, headers: {}, now: NOW }).requestId).toBe('req-8');
  });

  it('says when a long limit ends', () => {
    const { message } = answered(429, { detail: 'Too many requests' }, { 'retry-after': '7500' });
    expect(message).toMatch(
      /^api\.example limits .*: Too many requests; it answers again in 2 h 05 min \(\d\d:\d\d\)\.$/,
    );
  });
});

describe('the words of a service', () => {
  it('become one short line without control or invisible characters', () => {
    const hostile = `a\u001b]52;c;x\u0007b\r\nc\u009b2Jd\u202ee\u{e0041}f\u2028g ${'x'.repeat(100_000)}`;
    const { text } = serviceWords(JSON.stringify({ detail: hostile }));
    expect(text).toMatch(/^a \]52;c;x b c 2Jdef g x+…$/);
    expect([...text]).toHaveLength(300);
  });

  it('are found however deep they are wrapped, and nothing is found in nonsense', () => {
    expect(serviceWords('{"error":{"error":{"message":"inner"}}}').text).toBe('inner');
    expect(serviceWords(`${'['.repeat(50_000)}${']'.repeat(50_000)}`).text).toBe('');
    expect(serviceWords('{"detail":null}').text).toBe('');
    expect(serviceWords('{"detail":{}}').text).toBe('');
    expect(serviceWords('12').text).toBe('12');
  });
});

describe('an error inside a stream', () => {
  const stream = { url, headers: {}, now: NOW };
  it.each<[unknown, string]>([
    [{ message: 'queue full', type: 'server_error', code: 'queue_full' }, 'server_error'],
    [{ message: 'slow', code: 429 }, 'rate_limited'],
    [{ message: 'slow', code: 'rate_limit_exceeded' }, 'rate_limited'],
    [{ message: 'none left', code: 'insufficient_quota' }, 'quota_exceeded'],
    [{ message: 'bad', code: null }, 'server_error'],
    [{ message: 'no', code: 'content_filter' }, 'content_filtered'],
    [{ message: 'unavailable', code: '503' }, 'server_error'],
    [{ error: 'text' }, 'server_error'],
    [{ message: 'too long', code: 'context_length_exceeded' }, 'invalid_request'],
  ])('%j', (value, code) => {
    expect(streamedError(value, stream).code).toBe(code);
  });
});

describe('a redirect', () => {
  it('is refused and names where it leads', () => {
    const error = redirectError({ status: 307, headers: { location: 'https://evil.test/x?y' }, url });
    expect(facts(error)).toEqual({
      code: 'redirect_refused',
      exit: 9,
      message: 'api.example redirects to https://evil.test; mira does not follow with a credential.',
    });
    expect(redirectError({ status: 301, headers: {}, url }).message).toContain('an address it does not name');
    expect(redirectError({ status: 301, headers: { location: '/v2' }, url }).message).toContain(
      'another path on the same host',
    );
  });
});
