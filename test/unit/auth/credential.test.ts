import { describe, expect, test } from 'vitest';
import { createCredentials } from '../../../src/auth/credential.ts';
import type { Credentials, CredentialSource } from '../../../src/auth/credential.ts';
import type { StoredKey } from '../../../src/auth/service-key.ts';
import { abortError, MiraError } from '../../../src/errors.ts';
import { resolveSettings } from '../../../src/settings.ts';
import { facts, failureOf } from '../api/open-http.ts';
import { NAME, openMachine } from './support/machine.ts';
import type { Machine } from './support/machine.ts';

const platformKey = ['sk-', 'mira-', 'a1b2c3d4e5'.repeat(4)].join('');
const foreignKey = ['sk-', 'ant-', 'Ab3dE6gH9j'.repeat(4)].join('');
const token = ['eyJ', 'a'.repeat(20), '.', 'b'.repeat(20), '.', 'c'.repeat(20)].join('');
const MEND = 'mira tokens rotate ci';
const BOTH = { MIRA_TOKEN: token, MIRA_API_KEY: platformKey };

interface Situation {
  readonly env?: Readonly<Record<string, string>>;
  /** Profiles that are signed in. */
  readonly stored?: readonly string[];
  /** `--profile` on the command line. */
  readonly profileGiven?: boolean;
  readonly profile?: string;
  /** What the vault has for MIRA_API_KEY, or what it says instead. */
  readonly kept?: string | MiraError;
}

interface Opened {
  readonly credentials: Credentials;
  readonly machine: Machine;
  readonly keptOut: readonly string[];
  /** How often the vault was looked into, and opened. */
  readonly vault: { readonly looks: number; readonly reads: number };
}

async function open({
  env = {},
  stored = [],
  profileGiven = false,
  profile = 'default',
  kept,
}: Situation = {}): Promise<Opened> {
  const machine = await openMachine();
  for (const name of stored) {
    await machine.keep({
      entry: {
        profile: name,
        name: NAME.replace('default', name),
        credential: 'session',
        login: 'oidc',
        apiUrl: 'https://api.example/v1',
        scopes: [],
        hosts: ['api.example'],
        storage: 'keychain',
        protection: 'keychain',
        gen: 1,
        obtainedAt: Date.now(),
        refreshable: true,
      },
      secret: { v: 1, credential: 'session', accessToken: `of-${name}`, obtainedAt: Date.now(), gen: 1 },
    });
  }
  const keptOut: string[] = [];
  const vault = { looks: 0, reads: 0 };
  const read = async (): Promise<string> => {
    vault.reads += 1;
    return typeof kept === 'string' ? kept : '';
  };
  const find = async (): Promise<StoredKey | undefined> => {
    vault.looks += 1;
    if (kept instanceof MiraError) throw kept;
    return kept === undefined ? undefined : { label: 'ci', source: 'the token ci (vault)', mend: MEND, read };
  };
  const describe = async () => ({
    present: typeof kept === 'string',
    detail: typeof kept === 'string' ? 'the token ci' : 'no token for MIRA_API_KEY',
  });
  const credentials = createCredentials({
    vault: { find, describe },
    settings: resolveSettings({ profile, profileGiven, env, config: {} }),
    env,
    index: machine.index,
    sessions: async () => machine.sessions(),
    keepOut: (secret) => void keptOut.push(secret),
  });
  return { credentials, machine, keptOut, vault };
}

const bearerOf = async ({ credentials }: Opened, apiUrl = 'https://api.vmira.ai/v1/', force = false) =>
  credentials.bearer(await credentials.require(), { apiUrl: new URL(apiUrl), force }).get();

describe('which credential wins', () => {
  const stored = ['default', 'work'];

  test.each<[string, Situation, string | undefined]>([
    ['MIRA_TOKEN before everything', { env: BOTH, stored }, 'MIRA_TOKEN'],
    ['MIRA_TOKEN before what is stored', { env: { MIRA_TOKEN: token }, stored }, 'MIRA_TOKEN'],
    ['MIRA_API_KEY before what is stored', { env: { MIRA_API_KEY: platformKey }, stored }, 'MIRA_API_KEY'],
    ['what is stored, without a variable', { stored }, 'of-default'],
    ['what is stored for MIRA_PROFILE, without --profile', { stored, profile: 'work' }, 'of-work'],
    ['a variable before MIRA_PROFILE', { env: BOTH, stored, profile: 'work' }, 'MIRA_TOKEN'],
    [
      '--profile before both variables',
      { env: BOTH, stored, profile: 'work', profileGiven: true },
      'of-work',
    ],
    [
      'none when --profile is not signed in, whatever the variables say',
      { env: BOTH, stored, profile: 'other', profileGiven: true },
      undefined,
    ],
    ['what is stored before the vault', { stored, kept: platformKey }, 'of-default'],
    ['a variable before the vault', { env: { MIRA_API_KEY: platformKey }, kept: 'x' }, 'MIRA_API_KEY'],
    ['the token of the vault, without anything else', { kept: platformKey }, 'ci'],
    [
      'none of the vault for a profile that was named',
      { kept: platformKey, profile: 'other', profileGiven: true },
      undefined,
    ],
    ['none of a vault that cannot say', { kept: new MiraError('credentials_unreadable', 'No.') }, undefined],
    ['none when there is none', {}, undefined],
    ['none of another profile', { stored: ['work'] }, undefined],
  ])('%s', async (_, situation, expected) => {
    const { credentials } = await open(situation);
    const credential = await credentials.find();
    const chosen =
      credential === undefined
        ? undefined
        : 'entry' in credential
          ? `of-${credential.entry.profile}`
          : credential.source === 'env'
            ? credential.variable
            : credential.stored.label;

    expect(chosen).toBe(expected);
  });

  test('is told in full', async () => {
    const fromEnv = await open({ env: { MIRA_TOKEN: token } });
    const fromStore = await open({ stored: ['default'] });

    expect(await fromEnv.credentials.find()).toEqual({
      kind: 'token',
      source: 'env',
      variable: 'MIRA_TOKEN',
      value: token,
    });
    expect(await fromStore.credentials.find()).toEqual({
      kind: 'session',
      source: 'keychain',
      entry: await fromStore.machine.entry(),
    });
  });

  test('is decided without a keychain', async () => {
    const opened = await open({ stored: ['default'] });
    opened.machine.keychain.lock();

    expect((await opened.credentials.find())?.kind).toBe('session');
    expect((await failureOf(bearerOf(opened))).code).toBe('keychain_locked');
  });

  test('is required with a way to get one', async () => {
    const { credentials } = await open({ profile: 'work' });

    expect(facts(await failureOf(credentials.require()))).toEqual({
      code: 'not_signed_in',
      exit: 4,
      message: 'You are not signed in to profile work.',
    });
  });
});

describe('the bearer', () => {
  test('of a session', async () => {
    const bearer = await bearerOf(await open({ stored: ['work'], profile: 'work' }));

    expect(bearer).toEqual({
      value: 'of-work',
      source: 'the session of profile work (keychain)',
      mend: 'mira auth login --profile work --api-url https://api.example/v1',
      refreshable: true,
    });
  });

  test.each(['MIRA_TOKEN', 'MIRA_API_KEY'] as const)('of %s', async (variable) => {
    const opened = await open({ env: { [variable]: BOTH[variable] } });

    expect(await bearerOf(opened)).toEqual({
      value: BOTH[variable],
      source: variable,
      mend: `unset ${variable} && mira auth login`,
      refreshable: false,
    });
    expect(opened.keptOut).toEqual([BOTH[variable]]);
  });

  test('of a session is renewed when it was refused, and stops when asked to', async () => {
    const { credentials } = await open({ stored: ['default'] });
    const source = credentials.bearer(await credentials.require(), {
      apiUrl: new URL('https://api.example/v1/'),
    });
    const signal = AbortSignal.abort(new MiraError('interrupted', 'Stopped.'));

    expect((await failureOf(source.get({ rejected: 'of-default' }))).code).toBe('session_ended');
    expect(await failureOf(source.get({ signal }))).toBe(abortError(signal));
  });

  test.each<[string, string, string, boolean, string | undefined]>([
    ['a platform key may go to the platform', platformKey, 'https://api.vmira.ai/v1/', false, undefined],
    ['a platform key may go elsewhere', platformKey, 'https://api.example/v1/', false, undefined],
    [
      'a key of no known shape may not go to the platform',
      'abc',
      'https://api.vmira.ai/v1/',
      false,
      'malformed_key',
    ],
    ['a key of no known shape may go elsewhere', 'abc', 'https://api.example/v1/', false, undefined],
    [
      'a key of no known shape may go to another port of the name',
      'abc',
      'https://api.vmira.ai:8443/v1/',
      false,
      undefined,
    ],
    [
      'a key of another vendor may not go anywhere',
      foreignKey,
      'https://api.example/v1/',
      false,
      'other_vendor',
    ],
    ['a key of another vendor may be forced', foreignKey, 'https://api.example/v1/', true, undefined],
    [
      'a key with a line break may not be forced',
      `${platformKey}\n`,
      'https://api.vmira.ai/v1/',
      true,
      'malformed_key',
    ],
  ])('%s', async (_, key, apiUrl, force, code) => {
    const opened = await open({ env: { MIRA_API_KEY: key } });
    const outcome = await bearerOf(opened, apiUrl, force).then(
      ({ value }) => value,
      (error: unknown) => (error instanceof MiraError ? { refused: error.code } : error),
    );

    expect(outcome).toEqual(code === undefined ? key : { refused: code });
  });

  test.each([' ', `${token} `, `${token}\n`, `${token}é`, '\0'])(
    'a token that no header could carry is refused (%#)',
    async (value) => {
      const failure = await failureOf(bearerOf(await open({ env: { MIRA_TOKEN: value } })));

      expect([facts(failure), failure.hint]).toEqual([
        {
          code: 'malformed_key',
          exit: 2,
          message: 'The token from MIRA_TOKEN has spaces or characters in it that no token has.',
        },
        'Set it again, by itself: export MIRA_TOKEN="$(mira auth token)"',
      ]);
    },
  );
});

describe('where a credential may go', () => {
  const urlFor = async (situation: Situation, option?: string): Promise<string> => {
    const { credentials } = await open(situation);
    return credentials.apiUrl(await credentials.require(), option).href;
  };

  test.each<[string, Situation, string | undefined, string]>([
    ['a variable goes to the platform', { env: BOTH }, undefined, 'https://api.vmira.ai/v1/'],
    [
      'a variable goes where MIRA_API_URL says',
      { env: { ...BOTH, MIRA_API_URL: 'https://other.example' } },
      undefined,
      'https://other.example/v1/',
    ],
    [
      'a variable goes where the option says',
      { env: BOTH },
      'https://other.example/chat/',
      'https://other.example/chat/',
    ],
    ['a session goes where it was obtained', { stored: ['default'] }, undefined, 'https://api.example/v1/'],
    [
      'a session goes to another path of where it was obtained',
      { stored: ['default'], env: { MIRA_API_URL: 'https://api.example/v2' } },
      undefined,
      'https://api.example/v2/',
    ],
  ])('%s', async (_, situation, option, expected) => {
    expect(await urlFor(situation, option)).toBe(expected);
  });

  test.each([
    ['https://other.example/v1', 'other.example'],
    ['https://api.example:8443/v1', 'api.example:8443'],
    ['https://api.example.evil.example', 'api.example.evil.example'],
    ['http://localhost:8080/v1', 'localhost:8080'],
  ])('a session does not go to another origin: %s', async (url, host) => {
    const failure = await failureOf(urlFor({ stored: ['default'], env: { MIRA_API_URL: url } }));

    expect(facts(failure)).toEqual({
      code: 'other_origin',
      exit: 11,
      message: `The credential of profile default was obtained for api.example; it was not sent to ${host} (MIRA_API_URL).`,
    });
    expect(failure.hint).toContain('mira auth login --profile NAME --api-url ');
  });

  test.each([
    'http://other.example/v1',
    'ftp://other.example',
    'other.example',
    'https://user:pw@other.example',
    '',
  ])('nothing goes to an address that is none: %j', async (url) => {
    const failure = await failureOf(urlFor({ env: BOTH }, url));

    expect([failure.code, failure.exitCode]).toEqual(['invalid_url', 2]);
    expect(failure.message).toMatch(/^--api-url /);
  });
});

describe('the explanation', () => {
  const row = (
    source: CredentialSource['source'],
    present: boolean,
    chosen: boolean,
    detail: string,
  ): CredentialSource => ({
    source,
    present,
    chosen,
    detail,
  });
  const NOT_GIVEN = row('--profile', false, false, 'not given');
  const NO_TOKEN = row('vault', false, false, 'no token for MIRA_API_KEY');
  const NOT_LOOKED = row('vault', false, false, 'not looked at for a profile that was named');
  const STORED = 'session of profile default, kept in: keychain';

  test.each<[string, Situation, readonly CredentialSource[]]>([
    [
      'nothing at all',
      {},
      [
        NOT_GIVEN,
        row('MIRA_TOKEN', false, false, 'not set'),
        row('MIRA_API_KEY', false, false, 'not set'),
        row('stored', false, false, 'profile default is not signed in'),
        NO_TOKEN,
      ],
    ],
    [
      'a session',
      { stored: ['default'] },
      [
        NOT_GIVEN,
        row('MIRA_TOKEN', false, false, 'not set'),
        row('MIRA_API_KEY', false, false, 'not set'),
        row('stored', true, true, STORED),
        NO_TOKEN,
      ],
    ],
    [
      'a token of the vault',
      { kept: platformKey },
      [
        NOT_GIVEN,
        row('MIRA_TOKEN', false, false, 'not set'),
        row('MIRA_API_KEY', false, false, 'not set'),
        row('stored', false, false, 'profile default is not signed in'),
        row('vault', true, true, 'the token ci'),
      ],
    ],
    [
      'a key of meetings in the variable of the platform',
      { env: { MIRA_API_KEY: `mira_live_${'a1'.repeat(16)}` } },
      [
        NOT_GIVEN,
        row('MIRA_TOKEN', false, false, 'not set'),
        row(
          'MIRA_API_KEY',
          true,
          true,
          'API key of Mira meetings, not sent to the platform; it belongs in MIRA_MEETINGS_API_KEY',
        ),
        row('stored', false, false, 'profile default is not signed in'),
        NO_TOKEN,
      ],
    ],
    [
      'everything',
      { env: BOTH, stored: ['default'], kept: platformKey },
      [
        NOT_GIVEN,
        row('MIRA_TOKEN', true, true, 'access token, used as it is'),
        row('MIRA_API_KEY', true, false, 'API key; MIRA_TOKEN comes first'),
        row('stored', true, false, `${STORED}; MIRA_TOKEN comes first`),
        row('vault', true, false, 'the token ci; MIRA_TOKEN comes first'),
      ],
    ],
    [
      'everything and --profile',
      { env: BOTH, stored: ['default'], profileGiven: true },
      [
        row('--profile', true, true, STORED),
        row('MIRA_TOKEN', true, false, 'access token, used as it is; --profile comes first'),
        row('MIRA_API_KEY', true, false, 'API key; --profile comes first'),
        row('stored', true, false, `${STORED}; --profile comes first`),
        NOT_LOOKED,
      ],
    ],
    [
      'a profile that is not signed in',
      { env: { MIRA_API_KEY: platformKey }, profile: 'work', profileGiven: true },
      [
        row('--profile', true, true, 'profile work is not signed in'),
        row('MIRA_TOKEN', false, false, 'not set'),
        row('MIRA_API_KEY', true, false, 'API key; --profile comes first'),
        row('stored', false, false, 'profile work is not signed in'),
        NOT_LOOKED,
      ],
    ],
  ])('of %s', async (_, situation, rows) => {
    const explained = await (await open(situation)).credentials.explain();

    expect(explained).toEqual(rows);
    expect(JSON.stringify(explained)).not.toContain(platformKey);
  });

  test('says when a session has ended', async () => {
    const { credentials, machine } = await open({ stored: ['default'] });
    await machine.index.update((entries) => {
      const entry = entries.get('default');
      if (entry) entries.set('default', { ...entry, ended: { at: 1, reason: 'It has ended.' } });
    });

    expect((await credentials.explain()).at(-2)?.detail).toBe(`${STORED}; it has ended`);
  });
});

describe('the token of the vault', () => {
  test('is looked for only where nothing else is, and opened only when it is wanted', async () => {
    const session = await open({ stored: ['default'], kept: platformKey });
    const variable = await open({ env: { MIRA_API_KEY: platformKey }, kept: platformKey });
    const alone = await open({ kept: platformKey });
    for (const { credentials } of [session, variable, alone]) await credentials.find();

    expect([session, variable, alone].map(({ vault }) => vault)).toEqual([
      { looks: 0, reads: 0 },
      { looks: 0, reads: 0 },
      { looks: 1, reads: 0 },
    ]);
    expect(await bearerOf(alone)).toEqual({
      value: platformKey,
      source: 'the token ci (vault)',
      mend: MEND,
      refreshable: false,
    });
    expect([alone.vault.reads, alone.keptOut]).toEqual([1, [platformKey]]);
  });

  test('that cannot be told says why when a credential is required', async () => {
    const failure = new MiraError('invalid_input', 'There are two.');
    const { credentials } = await open({ kept: failure });

    expect(await failureOf(credentials.require())).toBe(failure);
  });

  test('is checked as a key of the environment is', async () => {
    const { code, message } = await failureOf(bearerOf(await open({ kept: foreignKey })));

    expect([code, message]).toEqual([
      'other_vendor',
      'The key from the token ci (vault) looks like an Anthropic key; it was not sent to the Mira platform.',
    ]);
  });

  test.each<[string, Situation, string, boolean, string]>([
    [
      'elsewhere, because a variable says so',
      { env: { MIRA_API_URL: 'https://other.example' } },
      'https://other.example/v1/',
      false,
      'other_origin',
    ],
    [
      'elsewhere, when it is forced',
      { env: { MIRA_API_URL: 'https://other.example' } },
      'https://other.example/v1/',
      true,
      'sent',
    ],
    [
      'on this machine',
      { env: { MIRA_API_URL: 'http://127.0.0.1:9/v1' } },
      'http://127.0.0.1:9/v1/',
      false,
      'sent',
    ],
    ['elsewhere, because the configuration says so', {}, 'https://other.example/v1/', false, 'sent'],
  ])('of the platform %s', async (_, situation, apiUrl, force, outcome) => {
    const opened = await open({ ...situation, kept: platformKey });
    const said = await bearerOf(opened, apiUrl, force).then(
      () => 'sent',
      (error: unknown) => (error instanceof MiraError ? error.code : 'a bug'),
    );

    expect(said).toBe(outcome);
  });
});
