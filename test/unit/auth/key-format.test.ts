import { describe, expect, test } from 'vitest';
import {
  findKeyFamily,
  KEY_FAMILIES,
  looksLikeJwt,
  requirePlatformKey,
} from '../../../src/auth/key-format.ts';
import type { KeyFamily, KeyUse } from '../../../src/auth/key-format.ts';
import { MiraError } from '../../../src/errors.ts';

const hex = (length: number): string => 'a1b2c3d4e5f60789'.repeat(4).slice(0, length);
const mixed = (length: number): string => 'Ab3dE6gH9jK2mN5pQ8sT'.repeat(8).slice(0, length);
const capitals = (length: number): string => 'AB3DE6GH9JK2MN5PQ8ST'.repeat(8).slice(0, length);
/** Put together here, so that no file of ours holds anything that looks like a key. */
const join = (...parts: readonly string[]): string => parts.join('');

const platformKey = join('sk-', 'mira-', hex(40));
const jwt = join('eyJ', mixed(20), '.', mixed(30), '.', mixed(40));

const EXAMPLES: Readonly<Record<KeyFamily['id'], Record<'right' | 'wrong', readonly string[]>>> = {
  mira: {
    right: [
      hex(40),
      '0'.repeat(40),
      'f'.repeat(40),
      '0123456789abcdef'.repeat(3).slice(0, 40),
      '9'.repeat(40),
      hex(40).replaceAll('a', 'c'),
    ].map((rest) => join('sk-', 'mira-', rest)),
    wrong: [hex(39), hex(41), hex(40).toUpperCase(), `g${hex(39)}`, `${hex(39)} `, `${hex(40)}\n`].map(
      (rest) => join('sk-', 'mira-', rest),
    ),
  },
  meetings: {
    right: [mixed(32), capitals(32), hex(32), '0'.repeat(32), `${mixed(31)}_`, `${mixed(31)}-`].map((rest) =>
      join('mira_', 'live_', rest),
    ),
    wrong: [mixed(31), mixed(33), `${mixed(31)}.`, `${mixed(31)}/`, `${mixed(31)} `, ''].map((rest) =>
      join('mira_', 'live_', rest),
    ),
  },
  mirra: {
    right: [
      mixed(24),
      `script_${mixed(24)}`,
      `install_${hex(8)}`,
      `test_${hex(8)}`,
      '1',
      `${mixed(10)}-${mixed(5)}`,
    ].map((rest) => join('mirra_', rest)),
    wrong: ['', ' ', ` ${mixed(4)}`, `${mixed(4)} ${mixed(4)}`, `${mixed(4)}\n`, `\t${mixed(4)}`].map(
      (rest) => join('mirra_', rest),
    ),
  },
  anthropic: {
    right: [
      `api03-${mixed(80)}`,
      mixed(16),
      `${mixed(20)}_${mixed(20)}`,
      `${mixed(8)}-${mixed(8)}`,
      capitals(40),
      `admin01-${mixed(80)}`,
    ].map((rest) => join('sk-', 'ant-', rest)),
    wrong: ['', mixed(15), `${mixed(16)} `, `${mixed(16)}.`, `${mixed(16)}=`, `${mixed(8)} ${mixed(8)}`].map(
      (rest) => join('sk-', 'ant-', rest),
    ),
  },
  openai: {
    right: [
      mixed(48),
      `proj-${mixed(60)}`,
      mixed(16),
      `svcacct-${mixed(30)}`,
      `${mixed(20)}_${mixed(20)}`,
      capitals(20),
    ].map((rest) => join('sk-', rest)),
    wrong: ['', mixed(15), `${mixed(16)} `, `${mixed(16)}.`, `${mixed(16)}é`, `${mixed(8)}/${mixed(8)}`].map(
      (rest) => join('sk-', rest),
    ),
  },
  aws: {
    right: [join('AK', 'IA'), join('AS', 'IA')].flatMap((prefix) =>
      [capitals(16), '0'.repeat(16), 'A'.repeat(16)].map((rest) => join(prefix, rest)),
    ),
    wrong: [
      capitals(15),
      capitals(17),
      capitals(16).toLowerCase(),
      `${capitals(15)}-`,
      `${capitals(15)} `,
      '',
    ].map((rest) => join('AK', 'IA', rest)),
  },
  github: {
    right: [
      ...['p', 'o', 'u', 's', 'r'].map((kind) => join('gh', kind, '_', mixed(36))),
      join('gh', 'p_', mixed(20)),
    ],
    wrong: [
      '',
      mixed(19),
      `${mixed(20)}-`,
      `${mixed(20)} `,
      `${mixed(20)}.`,
      `${mixed(10)}/${mixed(10)}`,
    ].map((rest) => join('gh', 'p_', rest)),
  },
};

describe('the families of keys', () => {
  for (const family of KEY_FAMILIES) {
    test.each(EXAMPLES[family.id].right)(`${family.label} is told as one (%#)`, (key) => {
      expect([findKeyFamily(key)?.id, family.shape.test(key)]).toEqual([family.id, true]);
    });

    test.each(EXAMPLES[family.id].wrong)(`what begins like ${family.label} need not be one (%#)`, (key) => {
      expect([findKeyFamily(key)?.id, family.shape.test(key)]).toEqual([family.id, false]);
    });
  }

  test.each(['', 'hunter2', 'sk_mira', 'mira', mixed(40), jwt, 'gh_', ` ${platformKey}`])(
    'what begins like none has none (%#)',
    (key) => {
      expect(findKeyFamily(key)).toBeUndefined();
    },
  );
});

describe('a JWT', () => {
  test.each([
    [jwt, true],
    [join('eyJ', '.', 'a', '.'), true],
    [`${jwt}=`, false],
    [jwt.slice(3), false],
    [join('eyJ', mixed(20), '.', mixed(30)), false],
    [`${jwt} `, false],
    [platformKey, false],
  ])('is told by its three parts (%#)', (value, expected) => {
    expect(looksLikeJwt(value)).toBe(expected);
  });
});

const documented: KeyUse = { source: 'MIRA_API_KEY', documentedHost: true };
const elsewhere: KeyUse = { source: 'standard input', documentedHost: false };

function refusal(key: string, use: KeyUse): readonly [string, number, string, string | undefined] {
  try {
    requirePlatformKey(key, use);
  } catch (error) {
    if (error instanceof MiraError) return [error.code, error.exitCode, error.message, error.hint];
    throw error;
  }
  throw new Error('the key was accepted');
}

const COPY_AGAIN = 'Copy the key again, by itself: no quotes, spaces or line breaks.';
const DOCUMENTED =
  'A Mira platform key is `sk-mira-` and 40 characters 0-9 a-f, 48 in all; see https://platform.vmira.ai/api-keys.';

describe('a key for the platform', () => {
  test('of the documented shape is taken as it is', () => {
    expect(requirePlatformKey(platformKey, documented)).toBe(platformKey);
    expect(requirePlatformKey(platformKey, elsewhere)).toBe(platformKey);
  });

  test.each<[string, string]>([
    ['', 'is empty'],
    [`"${platformKey}"`, 'is in quotes'],
    [`'${platformKey}'`, 'is in quotes'],
    [`\`${platformKey}`, 'is in quotes'],
    [`${platformKey}"`, 'is in quotes'],
    [` ${platformKey}`, 'has spaces or line breaks in it'],
    [`${platformKey} `, 'has spaces or line breaks in it'],
    [`${platformKey}\r\n`, 'has spaces or line breaks in it'],
    [`${platformKey}\n${platformKey}`, 'has spaces or line breaks in it'],
    [platformKey.replace('-', '\t'), 'has spaces or line breaks in it'],
    [`${platformKey}\u00a0`, 'has spaces or line breaks in it'],
    [`${platformKey}\0`, 'has characters in it that no key has'],
    [`${platformKey}é`, 'has characters in it that no key has'],
    [`${platformKey}\u200b`, 'has characters in it that no key has'],
    [`\u001b[31m${platformKey}`, 'has characters in it that no key has'],
    [`“${platformKey}”`, 'has characters in it that no key has'],
    [join('sk-', 'mira-', 'a'.repeat(8185)), 'is too long to be a key'],
  ])('that no header could carry is refused everywhere, forced or not (%#)', (key, flaw) => {
    for (const use of [
      documented,
      elsewhere,
      { ...documented, force: true },
      { ...elsewhere, force: true },
    ]) {
      expect(refusal(key, use)).toEqual([
        'malformed_key',
        2,
        `The key from ${use.source} ${flaw}.`,
        COPY_AGAIN,
      ]);
    }
  });

  test.each<[string, string]>([
    [jwt, 'it is an access token (JWT), which belongs in MIRA_TOKEN'],
    [hex(40), 'it does not begin with `sk-mira-`'],
    [platformKey.slice(0, -1), 'it has 47 characters, not 48'],
    [`${platformKey}0`, 'it has 49 characters, not 48'],
    [platformKey.replace(hex(40), hex(40).toUpperCase()), 'it has capital letters'],
    [platformKey.toUpperCase(), 'it has capital letters'],
    [`${platformKey.slice(0, -1)}g`, 'it has characters other than 0-9 and a-f after `sk-mira-`'],
  ])('of another shape is refused at the documented address, saying what is wrong (%#)', (key, mismatch) => {
    expect(refusal(key, documented)).toEqual([
      'malformed_key',
      2,
      `The key from MIRA_API_KEY is not a Mira platform key: ${mismatch}.`,
      DOCUMENTED,
    ]);
  });

  test.each([jwt, hex(40), platformKey.slice(0, -1), 'a'])(
    'of no known shape may go to an address that was configured, or be forced (%#)',
    (key) => {
      expect(requirePlatformKey(key, elsewhere)).toBe(key);
      expect(requirePlatformKey(key, { ...documented, force: true })).toBe(key);
    },
  );

  test.each<KeyFamily['id']>(['meetings', 'mirra', 'anthropic', 'openai', 'aws', 'github'])(
    'of another vendor (%s) is not sent anywhere, unless it is forced',
    (id) => {
      const label = KEY_FAMILIES.find((family) => family.id === id)?.label;
      const key = EXAMPLES[id].right[0] ?? '';
      const belongs =
        id === 'meetings'
          ? 'It belongs in MIRA_MEETINGS_API_KEY, and goes to your meetings with: mira api --service meetings PATH. '
          : '';
      for (const use of [documented, elsewhere]) {
        expect(refusal(key, use)).toEqual([
          'other_vendor',
          11,
          `The key from ${use.source} looks like ${label}; it was not sent to the Mira platform.`,
          `${belongs}Use a Mira platform key (https://platform.vmira.ai/api-keys), or add --force if you are sure.`,
        ]);
        expect(requirePlatformKey(key, { ...use, force: true })).toBe(key);
      }
    },
  );

  test('is never repeated in what is said about it', () => {
    const keys = [
      ...Object.values(EXAMPLES).flatMap(({ right, wrong }) => [...right, ...wrong]),
      jwt,
      hex(40),
      `"${platformKey}"`,
    ].filter((key) => key.length > 12);
    const repeated = keys.filter((key) => {
      try {
        requirePlatformKey(key, documented);
        return false;
      } catch (error) {
        if (!(error instanceof MiraError)) throw error;
        const said = [error.message, error.hint, error.stack, JSON.stringify(error)].join(' ');
        // A short end of the key is enough to recognise it by.
        return said.includes(key.trim().slice(-10));
      }
    });

    expect(repeated).toEqual([]);
  });
});
