import { describe, expect, test } from 'vitest';
import { parseEnvFile } from '../../../src/vault/env-file.ts';

const parse = (text: string) => parseEnvFile({ text, file: 'app.env' });

/** Names and texts; references as they are written. */
const pairs = (text: string) =>
  parse(text).map(({ name, value }) => [name, value.kind === 'text' ? value.text : `token ${value.label}`]);

describe('an env file', () => {
  test('has names and values, comments and blank lines', () => {
    expect(
      parse(
        ['# settings', '', 'PORT=8080', '  export HOST = example.test  ', 'EMPTY=', '\t', 'A=b=c'].join('\n'),
      ),
    ).toEqual([
      { line: 3, name: 'PORT', value: { kind: 'text', text: '8080' } },
      { line: 4, name: 'HOST', value: { kind: 'text', text: 'example.test' } },
      { line: 5, name: 'EMPTY', value: { kind: 'text', text: '' } },
      { line: 7, name: 'A', value: { kind: 'text', text: 'b=c' } },
    ]);
  });

  test('refers to tokens, with quotes or without', () => {
    expect(parse('KEY=mira://work\nOTHER="mira://OpenAI API Key" # the shared one')).toEqual([
      { line: 1, name: 'KEY', value: { kind: 'token', label: 'work' } },
      { line: 2, name: 'OTHER', value: { kind: 'token', label: 'OpenAI API Key' } },
    ]);
  });

  test('keeps a # that belongs to a value', () => {
    expect(pairs('A=pass#word\nB=pass #word\nC="pass #word"\nD=#nothing')).toEqual([
      ['A', 'pass#word'],
      ['B', 'pass'],
      ['C', 'pass #word'],
      ['D', ''],
    ]);
  });

  test('takes single quotes literally and escapes in double ones, over several lines if need be', () => {
    expect(
      pairs(`A='a\\n$B "c"'\nB="a\\tb\\\\ \\"q\\" \\$X C:\\dir"\nC="one\ntwo  \n  three"\nD='x\ny'\nE=last`),
    ).toEqual([
      ['A', 'a\\n$B "c"'],
      ['B', 'a\tb\\ "q" $X C:\\dir'],
      ['C', 'one\ntwo  \n  three'],
      ['D', 'x\ny'],
      ['E', 'last'],
    ]);
  });

  test('may come from Windows, with a byte order mark, and without a last newline', () => {
    expect(pairs('\uFEFFA=1\r\nB="2\r\n3"\r\nC=4')).toEqual([
      ['A', '1'],
      ['B', '2\n3'],
      ['C', '4'],
    ]);
    expect(parse('')).toEqual([]);
  });

  test.each([
    ['A=1\nnonsense here\n', 'Line 2 of app.env is not of the form NAME=value.'],
    ['=x', 'Line 1 of app.env is not of the form NAME=value.'],
    ['1A=x', 'Line 1 of app.env does not begin with the name of an environment variable.'],
    ['A-B=x', 'Line 1 of app.env does not begin with the name of an environment variable.'],
    ['A="x\ny\n', 'Line 1 of app.env opens a quote that is never closed.'],
    ["A=1\n\nB='x", 'Line 3 of app.env opens a quote that is never closed.'],
    ['A="x"y', 'Line 1 of app.env goes on after the closing quote.'],
    ['A=\0', 'Line 1 of app.env has a NUL character in it.'],
    ['A="1\n2"\nB=mira://', 'Line 3 of app.env does not name a token after mira://.'],
    ['A=mira://a/b', 'Line 1 of app.env does not name a token after mira://.'],
    [
      'A=https://user:mira://work@host/',
      'Line 1 of app.env has a reference inside its value; a reference is the whole value.',
    ],
  ])('%j is refused with its line', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid_input', message }));
  });

  test('of great length is read in one go', () => {
    const text = 'A="x"\n'.repeat(100_000);
    expect(parse(text)).toHaveLength(100_000);
    expect(() => parse(`${text}B="`)).toThrow('Line 100001 of app.env');
  });
});
