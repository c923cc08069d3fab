import { describe, expect, test } from 'vitest';
import { signInAgain } from '../../../src/auth/sign-in-command.ts';
import type { SessionEntry } from '../../../src/store/session-entry.ts';

const ON_THE_PLATFORM: SessionEntry = {
  profile: 'default',
  name: 'default.0123456789ab',
  credential: 'session',
  login: 'oidc',
  issuer: 'https://auth.vmira.ai',
  clientId: 'mira-cli',
  apiUrl: 'https://api.vmira.ai/v1',
  scopes: [],
  hosts: [],
  storage: 'keychain',
  protection: 'keychain',
  gen: 1,
  obtainedAt: 0,
  refreshable: true,
};
const ELSEWHERE = { issuer: 'https://id.example', apiUrl: 'https://api.example/v1' };

describe('the command that signs in again', () => {
  test.each<[string, Partial<SessionEntry>, string]>([
    ['on the platform', {}, ''],
    ['to a profile', { profile: 'work' }, ' --profile work'],
    ['with a pasted key', { login: 'pasted', issuer: undefined, clientId: undefined }, ' --with-key'],
    ['elsewhere', ELSEWHERE, ' --issuer https://id.example --api-url https://api.example/v1'],
    [
      'elsewhere with a key',
      { ...ELSEWHERE, profile: 'work', login: 'pasted', issuer: undefined, clientId: undefined },
      ' --profile work --with-key --api-url https://api.example/v1',
    ],
    [
      'with the device codes of a platform elsewhere',
      { ...ELSEWHERE, login: 'platform', issuer: undefined, clientId: undefined },
      ' --api-url https://api.example/v1',
    ],
    ['as another client', { clientId: 'ours' }, ' --client-id ours'],
    [
      'where a shell would take an address apart',
      { ...ELSEWHERE, issuer: undefined, apiUrl: 'https://api.example/v1?a=1&b=2' },
      " --api-url 'https://api.example/v1?a=1&b=2'",
    ],
  ])('%s', (_, session, options) => {
    expect(signInAgain({ ...ON_THE_PLATFORM, ...session })).toBe(`mira auth login${options}`);
  });
});
