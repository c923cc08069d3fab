import { describe, expect, it } from 'vitest';

import { apiBase, apiOrigin, isLoopback, parseServiceUrl, sameOrigin } from '../../../src/api/url.ts';
import { MiraError } from '../../../src/errors.ts';

const fromUser = { name: 'MIRA_API_URL', from: 'user' } as const;
const fromServer = { name: 'the verification address', from: 'server' } as const;

function refused(text: string, origin: typeof fromUser | typeof fromServer): MiraError {
  try {
    parseServiceUrl(text, origin);
  } catch (error) {
    if (error instanceof MiraError) return error;
  }
  throw new Error(`${JSON.stringify(text)} was accepted`);
}

describe('an address for a credential', () => {
  it.each([
    'https://api.mira.ai',
    'https://api.mira.ai/v1',
    'https://API.mira.ai/v1',
    'http://localhost:11434',
    'http://LOCALHOST:11434',
    'http://127.0.0.1:1',
    'http://127.8.9.10/x',
    'http://[::1]:8',
    'https://127.0.0.1:44330',
    'https://xn--pi-6kc.mira.ai',
  ])('is accepted: %s', (text) => {
    expect(parseServiceUrl(text, fromUser).href).toBe(new URL(text).href);
    expect(parseServiceUrl(text, fromServer).href).toBe(new URL(text).href);
  });

  it.each([
    'http://127.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://0177.0.0.1',
    'http://①②⑦.⓪.⓪.①',
    'http://[0:0:0:0:0:0:0:1]',
    'https://127.1',
    'http://api.mira.ai',
    'HTTP://API.mira.ai',
    'http://[::ffff:127.0.0.1]',
    'http://0.0.0.0',
    'http://localhost.',
    'http://localhost.evil.test',
    'http://127.0.0.1.nip.io',
    'http://localhost@evil.test',
    'https://api.mira.ai@evil.test',
    'https://api.mira.ai\\@evil.test',
    'http://evil.test#@127.0.0.1',
    '//evil.test',
    'https:evil.test',
    'https:///evil.test',
    'ftp://api.mira.ai',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://169.254.169.254',
    'https://аpi.mira.ai',
    'https://api%2emira.ai',
    'https://api.mira.ai\n.evil.test',
    'https://api.mira.ai\t.evil.test',
    ' https://api.mira.ai',
    'https://api.mira.ai\u200b.evil.test',
    'https://api.mira.ai:99999',
    'api.mira.ai',
    '',
  ])('is refused: %j', (text) => {
    expect(refused(text, fromUser)).toMatchObject({ code: 'invalid_url', exitCode: 2 });
    expect(refused(text, fromServer)).toMatchObject({ code: 'unsafe_url', exitCode: 11 });
  });

  it('names what was wrong and what to write instead', () => {
    const error = refused('http://127.1', fromUser);
    expect(error.message).toBe('MIRA_API_URL spells its host in an unusual way.');
    expect(error.hint).toBe('It means 127.0.0.1; write that if it is meant.');
  });

  it('does not repeat a password that was part of it', () => {
    const error = refused('https://user:hunter22@api.mira.ai', fromUser);
    expect(`${error.message} ${error.hint}`).not.toContain('hunter22');
  });
});

describe('hosts', () => {
  it('knows this machine by its canonical names only', () => {
    expect(['localhost', '127.0.0.1', '127.255.0.9', '[::1]'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['localhost.evil.test', '127.0.0.1.nip.io', '0.0.0.0', '10.0.0.1', '::1'].map(isLoopback)).toEqual(
      [false, false, false, false, false],
    );
  });

  it('compares origins exactly', () => {
    const [a, b] = [new URL('http://localhost:1/x'), new URL('http://127.0.0.1:2')];
    expect(sameOrigin(a, new URL('http://localhost:1/y'))).toBe(true);
    expect(sameOrigin(a, b)).toBe(false);
  });
});

describe('the base of an API', () => {
  it.each([
    ['https://api.example', 'https://api.example/v1/'],
    ['https://api.example/', 'https://api.example/v1/'],
    ['https://api.example/v1', 'https://api.example/v1/'],
    ['https://api.example/v1/', 'https://api.example/v1/'],
    ['https://api.example/openai/v1?x=1#y', 'https://api.example/openai/v1/'],
    ['https://api.example/gateway', 'https://api.example/gateway/'],
  ])('of %s is %s', (given, base) => {
    expect(apiBase(new URL(given)).href).toBe(base);
    expect(apiOrigin(new URL(given)).href).toBe('https://api.example/');
  });
});
