import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createContentScanner } from '../../../../src/commands/scan/content-scanner.ts';
import { createSecretFinder } from '../../../../src/commands/scan/find-secrets.ts';
import { drawnKey, drawnPrivateKey } from '../../../support/drawn-key.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const KEY = drawnKey.mira('content');
const find = createSecretFinder({ values: [{ label: 'db', value: 'correct horse' }], now: 0 });
const scanner = createContentScanner({ find, longest: 13 });

const places = (content: string | Buffer) =>
  scanner.scanBytes(Buffer.from(content)).finds.map(({ line, column }) => `${line}:${column}`);

describe('the place of a find', () => {
  test.each([
    ['the beginning', KEY, ['1:1']],
    ['a later line', `a\nb\n  ${KEY}`, ['3:3']],
    ['lines that end in CRLF', `a\r\nb\r\nc ${KEY}\r\n`, ['3:3']],
    ['empty lines', `\n\n\n${KEY}\n`, ['4:1']],
    ['two on a line', `${KEY} ${KEY}`, ['1:1', '1:50']],
    ['bytes, not characters', `größe ${KEY}`, ['1:9']],
    ['a byte order mark', `\ufeff${KEY}`, ['1:4']],
  ])('is right after %s', (_, content, expected) => {
    expect(places(content)).toEqual(expected);
  });
});

describe('what is marked', () => {
  test.each([
    ['on the line', `${KEY} # mira:allow`],
    ['before it on the line', `/* mira:allow */ ${KEY}`],
    ['on the line above', `// mira:allow\n${KEY}`],
    ['with CRLF', `# mira:allow\r\n${KEY}\r\n`],
    ['above a private key', `# mira:allow\n${drawnPrivateKey('ec')}`],
  ])('is left alone: %s', (_, content) => {
    expect(places(content)).toEqual([]);
  });

  test.each([
    ['two lines above', `mira:allow\n\n${KEY}`],
    ['on the line below', `${KEY}\nmira:allow`],
    ['in other words', `${KEY} # mira: allow`],
  ])('is not what has the mark elsewhere: %s', (_, content) => {
    expect(places(content)).toHaveLength(1);
  });

  test('goes for the file when it is the first line', () => {
    expect(scanner.scanBytes(Buffer.from('# mira:allow\nA=1')).isMarked).toBe(true);
    expect(scanner.scanBytes(Buffer.from('A=1\n# mira:allow')).isMarked).toBe(false);
  });
});

describe('a content that is no UTF-8', () => {
  test('is read as UTF-16 when it begins like it, as Windows writes', () => {
    const text = `\ufeff$env:KEY = "${KEY}"\r\n$env:DB = "correct horse"\r\n`;
    const little = Buffer.from(text, 'utf16le');
    expect(places(little)).toEqual(['1:13', '2:12']);
    expect(places(Buffer.from(little).swap16())).toEqual(['1:13', '2:12']);
  });

  test('is searched as bytes, and said to be binary', () => {
    const content = Buffer.concat([Buffer.from([0, 255, 254, 0, 10]), Buffer.from(KEY), Buffer.from([0])]);
    expect(scanner.scanBytes(content)).toMatchObject({ isBinary: true, finds: [{ kind: 'mira', line: 2 }] });
  });

  test('is not found to hold a key in noise', () => {
    const noise = Buffer.alloc(1_000_000);
    let state = 1;
    for (let at = 0; at < noise.length; at++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      noise[at] = state >>> 24;
    }
    expect(places(noise)).toEqual([]);
  });
});

describe('a stored value', () => {
  test('that has a known format is one find with its label', () => {
    const known = createSecretFinder({ values: [{ label: 'work', value: KEY }], now: 0 });
    expect(known(`a ${KEY} correct horse`)).toEqual([{ kind: 'mira', label: 'work', index: 2 }]);
    expect(find(`a ${KEY} correct horse`)).toEqual([
      { kind: 'mira', index: 2, label: undefined },
      { kind: 'stored', index: 51, label: 'db' },
    ]);
  });
});

describe('a file that is read in pieces', () => {
  const MARGIN = 16 * 1024 + 13;
  const small = createContentScanner({ find, longest: 13, pieceBytes: 4_096 });

  async function scanned(content: string, options?: { readonly mostBytes: number }) {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'file');
    writeFileSync(file, content);
    const fd = openSync(file, 'r');
    try {
      return (
        options ? createContentScanner({ find, longest: 13, pieceBytes: 4_096, ...options }) : small
      ).scanFile(fd);
    } finally {
      closeSync(fd);
    }
  }

  test('gives each find once, at its line and column, wherever the pieces meet', async () => {
    const buffer = 4_096 + 2 * MARGIN;
    const line = `${'x'.repeat(99)}\n`;
    for (const at of [0, 1, MARGIN - 1, MARGIN, buffer - MARGIN - 20, buffer - 30, buffer, 3 * buffer + 17]) {
      const before = line.repeat(Math.ceil(at / 100)).slice(0, at);
      const { finds } = await scanned(`${before}\n${KEY}\n${line.repeat(900)}`);
      const lines = before.split('\n').length;
      expect(finds).toEqual([{ kind: 'mira', label: undefined, line: lines + 1, column: 1 }]);
    }
  });

  test('gives the same as the whole at once', async () => {
    let content = '';
    for (let at = 0; at < 3_000; at++)
      content += `${'y'.repeat((at * 7) % 90)} ${at % 13 === 0 ? KEY : 'z'}\n`;
    expect((await scanned(content)).finds).toEqual(scanner.scanBytes(Buffer.from(content)).finds);
  });

  test('has its columns also where a line is longer than a piece', async () => {
    const long = ' '.repeat(200_000);
    const { finds } = await scanned(`a\n${long}${KEY}${long}${KEY}`);
    expect(finds.map(({ line, column }) => [line, column])).toEqual([
      [2, 200_001],
      [2, 400_049],
    ]);
  });

  test('is looked at up to a bound, which is said', async () => {
    const content = `${KEY}\n${' '.repeat(300_000)}${KEY}`;
    const cut = await scanned(content, { mostBytes: 100_000 });
    expect({ ...cut, finds: cut.finds.length }).toMatchObject({ finds: 1, bytes: 100_000, isCut: true });
    expect(await scanned(content)).toMatchObject({ bytes: content.length, isCut: false });
  });

  test('may be empty', async () => {
    expect(await scanned('')).toEqual({
      finds: [],
      bytes: 0,
      isBinary: false,
      isCut: false,
      isMarked: false,
    });
  });
});
