import { describe, expect, it } from 'vitest';
import { requireServiceKey } from '../../../src/auth/service-key.ts';
import type { ServiceKeyUse } from '../../../src/auth/service-key.ts';
import { MiraError } from '../../../src/errors.ts';
import { failureOf } from '../api/open-http.ts';

const OPENAI_KEY = `sk-${'proj'}-${'a1'.repeat(20)}`;
const ANTHROPIC_KEY = `sk-${'ant'}-${'a1'.repeat(20)}`;
const PLATFORM_KEY = `sk-${'mira'}-${'0d'.repeat(20)}`;
const MEND = 'read -rs SERVICE_KEY && export SERVICE_KEY';

function use(key: string | undefined, more: Partial<ServiceKeyUse> = {}): ServiceKeyUse {
  return {
    env: key === undefined ? {} : { SERVICE_KEY: key },
    variable: 'SERVICE_KEY',
    family: 'openai',
    url: new URL('https://api.example/v1/'),
    force: false,
    keepOut: () => {},
    ...more,
  };
}

function refusalOf(wanted: ServiceKeyUse): Promise<MiraError> {
  return failureOf(requireServiceKey(wanted));
}

describe('the key of a service', () => {
  it('comes from its variable, and is kept out of what is printed', async () => {
    const kept: string[] = [];
    const source = await requireServiceKey(use(OPENAI_KEY, { keepOut: (secret) => kept.push(secret) }));
    expect(await source.get()).toEqual({
      value: OPENAI_KEY,
      source: 'SERVICE_KEY',
      mend: MEND,
      refreshable: false,
    });
    expect(kept).toEqual([OPENAI_KEY]);
  });

  it('that is not set is missed with its name, and where to get one', async () => {
    const error = await refusalOf(use(undefined, { keysPage: 'https://keys.example' }));
    expect([error.code, error.exitCode, error.message, error.hint, error.next[0]?.command]).toEqual([
      'credential_missing',
      4,
      'There is no key for api.example: SERVICE_KEY is not set.',
      `Make a key at https://keys.example, then: ${MEND}`,
      MEND,
    ]);
    expect((await refusalOf(use(undefined))).hint).toBe(`Set it: ${MEND}`);
  });

  it.each([
    ['an Anthropic key', ANTHROPIC_KEY, 'openai', 'Set an OpenAI key in SERVICE_KEY'],
    ['a Mira platform key', PLATFORM_KEY, 'openai', 'Set an OpenAI key in SERVICE_KEY'],
    ['an OpenAI key', OPENAI_KEY, 'anthropic', 'Set an Anthropic key in SERVICE_KEY'],
    ['an OpenAI key', OPENAI_KEY, undefined, 'Set a key of that service in SERVICE_KEY'],
    ['a GitHub token', `ghp_${'a1'.repeat(18)}`, 'openai', 'Set an OpenAI key in SERVICE_KEY'],
  ] as const)('is not sent when it is %s: %#', async (label, key, family, advice) => {
    const error = await refusalOf(use(key, { family }));
    expect([error.code, error.exitCode, error.message, error.hint]).toEqual([
      'other_vendor',
      11,
      `The key from SERVICE_KEY looks like ${label}; it was not sent to api.example.`,
      `${advice}, or add --force if you are sure.`,
    ]);
    expect(JSON.stringify(error)).not.toContain(key);
  });

  it.each<[string, Partial<ServiceKeyUse>]>([
    [ANTHROPIC_KEY, { force: true }],
    ['a-format-nobody-knows', {}],
    ['a-format-nobody-knows', { family: undefined }],
    [ANTHROPIC_KEY, { url: new URL('https://api.anthropic.com/v1/') }],
    [PLATFORM_KEY, { url: new URL('https://api.vmira.ai/v1/') }],
  ])('is sent: %#', async (key, more) => {
    const source = await requireServiceKey(use(key, more));
    expect((await source.get()).value).toBe(key);
  });

  it.each([`"${OPENAI_KEY}"`, `${OPENAI_KEY}\n`, 'zwei wörter', 'schlüssel'])(
    'that nobody gave out is refused even with --force: %#',
    async (key) => {
      const error = await refusalOf(use(key, { force: true }));
      expect([error.code, error.exitCode]).toEqual(['malformed_key', 2]);
      expect(error.message).not.toContain(key);
    },
  );

  describe('that was kept', () => {
    const stored = (key: string) => ({
      label: 'work',
      source: 'the token work (vault)',
      mend: 'mira tokens rotate work',
      read: async () => key,
    });

    it('is read when it is wanted, once, and only without the variable', async () => {
      const asked: string[] = [];
      let reads = 0;
      const findStored = async (variable: string) => {
        asked.push(variable);
        return { ...stored(OPENAI_KEY), read: async () => ((reads += 1), OPENAI_KEY) };
      };
      const source = await requireServiceKey(use(undefined, { findStored }));
      expect(reads).toBe(0);
      const bearer = {
        value: OPENAI_KEY,
        source: 'the token work (vault)',
        mend: 'mira tokens rotate work',
        refreshable: false,
      };
      expect([await source.get(), await source.get(), reads]).toEqual([bearer, bearer, 1]);
      await requireServiceKey(use(OPENAI_KEY, { findStored }));
      expect(asked).toEqual(['SERVICE_KEY']);
    });

    it('is not sent when it is of another vendor', async () => {
      const source = await requireServiceKey(
        use(undefined, { findStored: async () => stored(ANTHROPIC_KEY) }),
      );
      const { code, message } = await failureOf(source.get());
      expect([code, message]).toEqual([
        'other_vendor',
        'The key from the token work (vault) looks like an Anthropic key; it was not sent to api.example.',
      ]);
    });

    it.each([
      ['https://api.anthropic.com/', 'ANTHROPIC_BASE_URL', false, 'sent'],
      ['https://other.example/', 'ANTHROPIC_BASE_URL', false, 'other_origin'],
      ['https://other.example/', 'ANTHROPIC_BASE_URL', true, 'sent'],
      ['https://other.example/', undefined, false, 'sent'],
      ['http://127.0.0.1:9/', 'ANTHROPIC_BASE_URL', false, 'sent'],
    ])('goes home, whatever a variable says: %s (%s, %s)', async (url, addressFrom, force, outcome) => {
      const source = await requireServiceKey(
        use(undefined, {
          family: 'anthropic',
          url: new URL(url),
          addressFrom,
          force,
          findStored: async () => stored(ANTHROPIC_KEY),
        }),
      );
      const said = await source.get().then(
        () => 'sent',
        (error: unknown) => (error instanceof MiraError ? error.code : 'a bug'),
      );
      expect(said).toBe(outcome);
    });

    it('not, may be kept', async () => {
      const { next } = await refusalOf(use(undefined, { findStored: async () => undefined }));
      expect(next.map(({ command }) => command)).toEqual([
        MEND,
        'mira tokens add --label NAME --env SERVICE_KEY',
      ]);
    });
  });
});
