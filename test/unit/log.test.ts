import { describe, expect, test } from 'vitest';
import { createLog, createRedactor } from '../../src/log.ts';
import type { LogFields } from '../../src/log.ts';

const R = '[redacted]';
const hex = (length: number): string => 'a1b2c3d4e5f60789'.repeat(4).slice(0, length);
const mixed = (length: number): string => 'Ab3dE6gH9jK2mN5pQ8sT'.repeat(8).slice(0, length);
/** Put together here, so that no file of ours holds anything that looks like a credential. */
const join = (...parts: readonly string[]): string => parts.join('');
const jwt = join('eyJ', mixed(20), '.', mixed(30), '.', mixed(40));
const pem = (label: string): string =>
  ['-----BEGIN ', label, '-----\n', mixed(60), '\n-----END ', label, '-----'].join('');

type Examples = readonly (readonly [text: string, redacted: string])[];

/** Six that are credentials, and what is left of the line. */
const SECRETS: Readonly<Record<string, Examples>> = {
  'Mira platform keys': [
    [join('sk-', 'mira-', hex(40)), R],
    [`key ${join('sk-', 'mira-', hex(40))}.`, `key ${R}.`],
    [join('"sk-', 'mira-', hex(40), '"'), `"${R}"`],
    [join('sk-', 'mira-', hex(8)), R],
    [join('sk-', 'mira-', mixed(40)), R],
    [join('a=sk-', 'mira-', hex(40), '&b=1'), `a=${R}&b=1`],
  ],
  'Mira meetings keys': [
    [join('mira_', 'live_', mixed(32)), R],
    [join('(mira_', 'live_', mixed(32), ')'), `(${R})`],
    [join('mira_', 'live_', mixed(6)), R],
    [join('x mira_', 'live_', hex(32), ' y'), `x ${R} y`],
    [join('mira_', 'live_', 'A_b_', mixed(20)), R],
    [join('key=mira_', 'live_', mixed(32)), `key=${R}`],
  ],
  'Mirra keys': [
    [join('mirra_', mixed(24)), R],
    [join('mirra_', 'script_', mixed(24)), R],
    [join('mirra_', 'install_', mixed(24)), R],
    [join('mirra_', 'test_', mixed(24)), R],
    [join('mirra_', mixed(5), '-', mixed(5)), R],
    [join('<mirra_', mixed(24), '>'), `<${R}>`],
  ],
  'OpenAI and Anthropic keys': [
    [join('sk-', mixed(48)), R],
    [join('sk-', 'proj-', mixed(48)), R],
    [join('sk-', 'ant-', 'api03-', mixed(48)), R],
    [join('sk-', mixed(16)), R],
    [join('sk-', 'svcacct-', mixed(30)), R],
    [join('key:sk-', mixed(20), '_', mixed(20), ','), `key:${R},`],
  ],
  'AWS key ids': [
    [join('AK', 'IA', 'ABCDEFGH', '12345678'), R],
    [join('AS', 'IA', 'ABCDEFGH', '12345678'), R],
    [join('id AK', 'IA', 'ABCDEFGH', '12345678', ' region'), `id ${R} region`],
    [join('AK', 'IA', '1234', '12345678'), R],
    [join('AK', 'IA', 'ABCDEFGH', '12345678', '/20260101'), `${R}/20260101`],
    [join('"AS', 'IA', 'ABCDEFGH', '12345678', '"'), `"${R}"`],
  ],
  'JSON Web Tokens': [
    [jwt, R],
    [`Bearer ${jwt}`, `Bearer ${R}`],
    [jwt.slice(0, -10), R],
    [join('eyJ', mixed(20), '.', mixed(30), '.'), R],
    [join('eyJ', mixed(20), '.', mixed(30)), R],
    [join(jwt, '.', mixed(20), '.', mixed(20)), R],
  ],
  'GitHub tokens': [
    ...['p', 'o', 'u', 's', 'r'].map((kind) => [join('gh', kind, '_', mixed(36)), R] as const),
    [join('at gh', 'p_', mixed(20), '!'), `at ${R}!`],
  ],
  'PEM blocks': [
    [pem('PRIVATE KEY'), R],
    [pem('RSA PRIVATE KEY'), R],
    [pem('OPENSSH PRIVATE KEY'), R],
    [pem('CERTIFICATE'), R],
    [join('-----BEGIN EC PRIVATE KEY-----\n', mixed(60)), R],
    [`a\n${pem('PRIVATE KEY')}\nb`, `a\n${R}\nb`],
  ],
  'user names and passwords in addresses': [
    ['http://ada:hunter2@proxy.example:8080/', `http://${R}@proxy.example:8080/`],
    ['https://token@host.example', `https://${R}@host.example`],
    ['socks5://a:b@[::1]:1080', `socks5://${R}@[::1]:1080`],
    ['see https://ada:x@h.example/p?q=1 now', `see https://${R}@h.example/p?q=1 now`],
    ['https://:hunter2@h.example', `https://${R}@h.example`],
    ['http://a%40b:c@h.example', `http://${R}@h.example`],
  ],
  'what a name says is secret': [
    ['refresh_token=opaque123', `refresh_token=${R}`],
    ['{"access_token":"opaque123","x":1}', `{"access_token":"${R}","x":1}`],
    [
      String.raw`{\"device_code\":\"opaque123\",\"x\":1}`,
      String.raw`{\"device_code\":\"[redacted]\",\"x\":1}`,
    ],
    ["password: 'hunter2'", `password: '${R}'`],
    ['X-Api-Key: opaque123', `X-Api-Key: ${R}`],
    ['a=1&client_secret=opaque123&b=2', `a=1&client_secret=${R}&b=2`],
    ['Authorization: Bearer opaque123', `Authorization: ${R}`],
    ['Authorization: Basic b3BhcXVl', `Authorization: ${R}`],
    ['proxy-authorization: Basic b3BhcXVl', `proxy-authorization: ${R}`],
    ['cookie: sid=opaque123; token=opaque456', `cookie: ${R}`],
    ['set-cookie: sid=opaque123; HttpOnly', `set-cookie: ${R}`],
    ['"authorization": "DPoP opaque123", "accept": "x"', `"authorization": "${R}", "accept": "x"`],
  ],
};

/** Six a kind that look a little like them and are none. */
const HARMLESS: Readonly<Record<string, readonly string[]>> = {
  'Mira platform keys': [
    'sk-mira-',
    'sk-mira-abc',
    'sk-mira is a prefix',
    'sk-mira-…',
    'mira-1234567890',
    'sk_mira_x',
  ],
  'Mira meetings keys': ['mira_live_', 'mira_live_abc', 'mira live', 'mira_lively', 'mira-live', 'mira_test'],
  'Mirra keys': ['mirra_', 'mirra_abc', 'mirra', 'mirra-sdk', 'mirra_a b', 'getmirra.app'],
  'OpenAI and Anthropic keys': ['sk-', 'sk-ant-', 'sk-proj-short', 'sk-short', 'the sk- prefix', 'ask-me'],
  'AWS key ids': ['AKIA', 'ASIA', 'ASIA is a continent', 'AKIA1234', 'akiaabcdefgh12345678', 'AKIA-ABCDEFGH'],
  'JSON Web Tokens': ['eyJ', 'eyJhbGciOiJ', 'eyJ.a.b', 'eyJshort.a', 'key.json.file', 'a.b.c'],
  'GitHub tokens': [
    'ghp_',
    'ghp_short',
    'gh auth login',
    'ghx_abcdefghijklmnopqrstuv',
    'high_abcdefghijklmnopqrstuvwxyz',
    'ghp',
  ],
  'PEM blocks': [
    '-----',
    'BEGIN PRIVATE KEY',
    '--- BEGIN ---',
    '-----begin private key-----',
    'END CERTIFICATE',
    '-----BEGIN-----',
  ],
  'addresses without a password': [
    'https://api.example/v1',
    'http://localhost:11434',
    'ada@example.test',
    'https://api.example/users/@ada',
    'https://api.example/?to=ada@example.test',
    'git@github.com:owner/name',
  ],
  'names without a value': [
    'the refresh_token was sent',
    'authorization_endpoint is https',
    'password',
    'token_type bearer',
    'no device_code yet',
    'access_token_lifetime 600',
  ],
};

describe('the redactor', () => {
  for (const [kind, examples] of Object.entries(SECRETS)) {
    test.each(examples)(`takes out ${kind} (%#)`, (text, redacted) => {
      expect(createRedactor().redact(text)).toBe(redacted);
    });
  }

  for (const [kind, examples] of Object.entries(HARMLESS)) {
    test.each(examples)(`leaves what is not one of: ${kind} (%j)`, (text) => {
      expect(createRedactor().redact(text)).toBe(text);
    });
  }

  test('takes out a value it was told, wherever and however often it stands', () => {
    const redactor = createRedactor();
    redactor.add('correct horse');

    expect(redactor.redact('a correct horse, xcorrect horsex')).toBe(`a ${R}, x${R}x`);
  });

  test('takes a value as text, not as a pattern', () => {
    const redactor = createRedactor();
    redactor.add('a.c*e(g)$&');

    expect(redactor.redact('a.c*e(g)$& abcdefgh')).toBe(`${R} abcdefgh`);
  });

  test('leaves no end of a value that begins with another', () => {
    const redactor = createRedactor();
    redactor.add('opaque12');
    redactor.add('opaque12-and-the-rest');

    expect(redactor.redact('x opaque12-and-the-rest y')).toBe(`x ${R} y`);
  });

  test('does not look for values so short that they would hide ordinary words', () => {
    const redactor = createRedactor();
    redactor.add('mira');
    redactor.add('');
    redactor.add(undefined);

    expect(redactor.redact('mira auth')).toBe('mira auth');
  });
});

describe('the log', () => {
  function logged(event: string, fields?: LogFields, ...secrets: readonly string[]): string {
    const lines: string[] = [];
    const redactor = createRedactor();
    secrets.forEach((secret) => redactor.add(secret));
    createLog({
      write: (line) => void lines.push(line),
      now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 67),
      redactor,
    })(event, fields);
    return lines.join('');
  }

  test('writes a line with the time, what happened, and the facts that are known', () => {
    expect(logged('http', { method: 'GET', status: 200, ok: true, proxy: undefined, path: '/v1 "x"' })).toBe(
      'debug 03:04:05.067 http method="GET" status=200 ok=true path="/v1 \\"x\\""\n',
    );
  });

  test('writes an event without facts', () => {
    expect(logged('started')).toBe('debug 03:04:05.067 started\n');
  });

  test('keeps secrets out of the event and of the facts', () => {
    const line = logged(
      `got ${jwt}`,
      { url: 'https://ada:hunter2@h.example', who: 'opaque-value' },
      'opaque-value',
    );

    expect(line).toBe(`debug 03:04:05.067 got ${R} url="https://${R}@h.example" who="${R}"\n`);
  });

  test('finds a secret that quoting would change', () => {
    expect(logged('opened', { with: 'my "secret"\\phrase' }, 'my "secret"\\phrase')).toBe(
      `debug 03:04:05.067 opened with="${R}"\n`,
    );
  });

  test('keeps a fact on its line', () => {
    expect(logged('said', { text: 'a\nb' })).toBe('debug 03:04:05.067 said text="a\\nb"\n');
  });
});
