import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { createMasker } from '../../../src/vault/masker.ts';
import type { Secret } from '../../../src/vault/masker.ts';
import { secretForms } from '../../../src/vault/secret-forms.ts';

/** Random-looking, and no key of any kind. */
const VALUE = Array.from({ length: 10 }, (_, index) => ((index + 3) ** 7).toString(36)).join('-');
const KEY: Secret = { label: 'work', value: VALUE };

function maskWhole(secrets: readonly Secret[], text: string | Uint8Array): string {
  return maskParts(secrets, [Buffer.from(text)]);
}

function maskParts(secrets: readonly Secret[], parts: readonly Uint8Array[]): string {
  const masker = createMasker(secrets);
  const written = [...parts.map((part) => Buffer.from(masker.push(part))), Buffer.from(masker.end())];
  return Buffer.concat(written).toString('latin1');
}

describe('what is masked', () => {
  const spellings: readonly [name: string, spelling: string][] = [
    ['as it is', VALUE],
    ['as hex', Buffer.from(VALUE).toString('hex')],
    ['as hex in capitals', Buffer.from(VALUE).toString('hex').toUpperCase()],
    ['as a part of an address', encodeURIComponent(VALUE)],
    ['in JSON', JSON.stringify(VALUE).slice(1, -1)],
  ];
  test.each(spellings)('a secret %s', (_, spelling) => {
    expect(maskWhole([KEY], `key=${spelling}; and more`)).toBe('key=[masked work]; and more');
  });

  test.each(['base64', 'base64url'] as const)(
    'a secret in %s, wherever in the encoded text it is',
    (encoding) => {
      for (const before of ['', 'a', 'ab', 'abc', 'user:', 'token ']) {
        for (const after of ['', 'z', '\n', ' and more']) {
          const masked = maskWhole([KEY], Buffer.from(`${before}${VALUE}${after}`).toString(encoding));
          expect(masked).toContain('[masked work]');
          expect(Buffer.from(masked.replace('[masked work]', ''), 'base64').toString('latin1')).not.toContain(
            VALUE.slice(3, 9),
          );
        }
      }
    },
  );

  test('a secret with everything in it that encodings change', () => {
    const value = 'pä"ss\\w/rd<&>+ ?=%\t!(é)~*\'🔑';
    const secrets = [{ label: 'odd', value }];
    const goJson = JSON.stringify(value).replaceAll(
      /[<>&]/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
    );
    const asciiJson = JSON.stringify(value).replaceAll(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    for (const spelling of [
      value,
      JSON.stringify(value).slice(1, -1),
      goJson.slice(1, -1),
      asciiJson.slice(1, -1),
      asciiJson.slice(1, -1).replaceAll('/', '\\/'),
      encodeURIComponent(value),
      encodeURIComponent(value).replaceAll(/%../g, (code) => code.toLowerCase()),
      encodeURIComponent(value).replaceAll('%2F', '/'),
      encodeURI(value),
      new URLSearchParams({ value }).toString().slice('value='.length),
    ]) {
      expect(maskWhole(secrets, `<${spelling}>`)).toBe('<[masked odd]>');
    }
  });

  test('the lines of a secret, when they are printed one by one', () => {
    const lines = ['-----BEGIN OF IT-----', `${VALUE}-one`, `${VALUE}-two`, '-----END OF IT-----'];
    expect(
      maskWhole(
        [{ label: 'pem', value: lines.join('\n') }],
        lines.map((line) => `log: ${line}\r\n`).join(''),
      ),
    ).toBe(
      'log: -----BEGIN OF IT-----\r\nlog: [masked pem]\r\nlog: [masked pem]\r\nlog: -----END OF IT-----\r\n',
    );
  });

  test.each([
    ['base64 in lines, as of base64 and openssl', 'base64', 76],
    ['base64 in lines, as of a PEM', 'base64', 64],
    ['hex in lines, as of xxd -p', 'hex', 60],
  ] as const)('a long secret in %s', (_, encoding, width) => {
    const value = `${VALUE}.${VALUE}.${VALUE}`;
    const encoded = Buffer.from(`${value}\n`).toString(encoding);
    const lines = encoded.match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
    const masked = maskWhole([{ label: 'long', value }], `${lines.join('\r\n')}\r\n`).split('\r\n');
    expect(masked.slice(0, -2)).toEqual(lines.slice(0, -1).map(() => '[masked long]'));
    // The line feed is the program's own.
    expect(masked.at(-2)).toMatch(/^\[masked long\].{0,4}$/);
  });

  test('of secrets that begin alike, the longest', () => {
    const secrets = [
      { label: 'short', value: 'abcdefgh' },
      { label: 'long', value: 'abcdefghijkl' },
      { label: 'middle', value: 'abcdefghij' },
    ];
    expect(maskWhole(secrets, 'abcdefghijklm abcdefghijk abcdefghi abcdefg')).toBe(
      '[masked long]m [masked middle]k [masked short]i abcdefg',
    );
  });

  test('all of secrets that overlap', () => {
    const secrets = [
      { label: 'one', value: 'abcdefgh' },
      { label: 'two', value: 'ghijklmn' },
      { label: 'in it', value: 'defghi' },
    ];
    expect(maskWhole(secrets, '<abcdefghijklmn>')).toBe('<[masked one]>');
    expect(maskWhole(secrets, '<abcdefghghijklmn>')).toBe('<[masked one][masked two]>');
    expect(maskWhole(secrets, '<abcdefghijkl>')).toBe('<[masked one]jkl>');
  });

  test('nothing of a secret that is too short to be told from text', () => {
    expect(maskWhole([{ label: 'pin', value: '12345' }], 'call 1234567')).toBe('call 1234567');
    expect(maskWhole([{ label: 'pin', value: '123456' }], 'call 1234567')).toBe('call [masked pin]7');
  });

  test('no byte of what is no secret', () => {
    const bytes = Uint8Array.from(
      { length: 70_000 },
      (_, index) => (index * index * 31 + (index >> 3)) & 255,
    );
    const masker = createMasker([KEY]);
    const written = Buffer.concat([masker.push(bytes), masker.end()]);
    expect(written.equals(bytes)).toBe(true);
  });
});

describe('a stream that is cut', () => {
  test('at any one place, in any encoding, gives what the whole gives', () => {
    // Of more, a line of an encoded text would be a secret by itself.
    const short = { label: 'work', value: VALUE.slice(0, 30) };
    for (const form of secretForms(short.value)) {
      const text = Buffer.from(`before ${VALUE.slice(0, 7)} ${form}${form} after ${form.slice(0, -1)}`);
      const whole = maskWhole([short], text);
      expect(whole).toBe(`before ${VALUE.slice(0, 7)} [masked work][masked work] after ${form.slice(0, -1)}`);
      for (let cut = 0; cut <= text.length; cut += 1) {
        expect(maskParts([short], [text.subarray(0, cut), text.subarray(cut)])).toBe(whole);
      }
    }
  });

  test('into single bytes gives what the whole gives', () => {
    const text = Buffer.from(secretForms(VALUE).join(' and '));
    const bytes = Array.from(text, (byte) => Uint8Array.of(byte));
    expect(maskParts([KEY], bytes)).toBe(maskWhole([KEY], text));
  });

  test('in any way gives what looking at each place by itself gives', () => {
    // Few letters, so that secrets repeat, contain and overlap each other.
    const word = (most: number) =>
      fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 6, maxLength: most });
    fc.assert(
      fc.property(
        fc.array(word(9), { minLength: 1, maxLength: 5 }),
        fc.array(word(40), { maxLength: 6 }),
        fc.array(fc.nat(30), { maxLength: 20 }),
        (values, pieces, cuts) => {
          const secrets = values.map((value, index) => ({ label: `${index}`, value }));
          const text = [...pieces, ...values].join('');
          const parts: Buffer[] = [];
          let from = 0;
          for (const cut of cuts) parts.push(Buffer.from(text.slice(from, (from += cut))));
          parts.push(Buffer.from(text.slice(from)));
          expect(maskParts(secrets, parts)).toBe(maskSlowly(secrets, text));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** The same by definition: at each place the longest form, everything that lies in one masked. */
function maskSlowly(secrets: readonly Secret[], text: string): string {
  const forms = secrets.flatMap(({ label, value }) => secretForms(value).map((form) => ({ form, label })));
  let written = '';
  let maskedTo = 0;
  for (let at = 0; at < text.length; at += 1) {
    const here = forms.filter(({ form }) => text.startsWith(form, at));
    const longest = Math.max(0, ...here.map(({ form }) => form.length));
    const label = here.find(({ form }) => form.length === longest)?.label;
    if (label !== undefined && at >= maskedTo) written += `[masked ${label}]`;
    if (label !== undefined) maskedTo = Math.max(maskedTo, at + longest);
    if (at >= maskedTo) written += text[at];
  }
  return written;
}

describe('a stream that pauses', () => {
  test('is kept back only as far as it may be a secret', () => {
    const masker = createMasker([KEY]);
    expect(masker.kept).toBe('nothing');
    expect(text(masker.push(Buffer.from(`name? ${VALUE.slice(0, 3)}`)))).toBe('name? ');
    expect(masker.kept).toBe('little');
    expect(text(masker.release('little'))).toBe(VALUE.slice(0, 3));
    expect(masker.kept).toBe('nothing');
    expect(text(masker.push(Buffer.from('!')))).toBe('!');
  });

  test('keeps what looks much like a secret for longer', () => {
    const masker = createMasker([KEY]);
    expect(text(masker.push(Buffer.from(VALUE.slice(0, 8))))).toBe('');
    expect(masker.kept).toBe('much');
    expect(text(masker.release('little'))).toBe('');
    expect(text(masker.release('all'))).toBe(VALUE.slice(0, 8));
    expect(masker.kept).toBe('nothing');
  });

  test('is masked from where it goes on, when it was a secret after all', () => {
    const masker = createMasker([KEY]);
    const first = text(masker.push(Buffer.from(`<${VALUE.slice(0, 5)}`))) + text(masker.release('little'));
    expect(first).toBe(`<${VALUE.slice(0, 5)}`);
    expect(text(masker.push(Buffer.from(VALUE.slice(5, 20))))).toBe('');
    expect(text(masker.push(Buffer.from(`${VALUE.slice(20)}>`)))).toBe('[masked work]>');
  });

  test('masks the shorter of two secrets, and the rest of the longer one when that comes', () => {
    const masker = createMasker([
      { label: 'short', value: 'abcdefgh' },
      { label: 'long', value: 'abcdefghij' },
    ]);
    expect(text(masker.push(Buffer.from('abcdefgh')))).toBe('');
    expect(text(masker.release('all'))).toBe('[masked short]');
    expect(text(masker.push(Buffer.from('ij.')))).toBe('.');
  });

  test('lets nothing be kept for ever, whatever is pushed and released', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab]{0,8}$/), { maxLength: 20 }), (parts) => {
        const masker = createMasker([{ label: 'x', value: 'abababab' }]);
        for (const part of parts) {
          masker.push(Buffer.from(part));
          masker.release('all');
          expect(masker.kept).toBe('nothing');
        }
        expect(text(masker.end())).toBe('');
      }),
    );
  });
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe('a secret in very many', () => {
  test('is found among ten thousand', () => {
    const secrets = Array.from({ length: 10_000 }, (_, index) => ({
      label: `${index}`,
      value: `prefix-that-all-share-${(index * 2_654_435_761).toString(36)}-end`,
    }));
    const wanted = secrets.at(7_777);
    expect(maskWhole(secrets, `prefix-that-all-share-none ${wanted?.value}`)).toBe(
      'prefix-that-all-share-none [masked 7777]',
    );
  });
});
