import { expect, it } from 'vitest';
import type { LineHighlighter } from '../../../../src/ui/markdown/color-code.ts';
import { loadGrammar } from '../../../../src/ui/markdown/grammars.ts';
import { createHighlighter } from '../../../../src/ui/markdown/highlighter.ts';
import { findGrammar } from '../../../../src/ui/markdown/languages.ts';

const NAMES = (
  'c clojure cpp csharp css dart diff dockerfile elm erlang fsharp go groovy haskell html java javascript json julia ' +
  'kotlin latex less lua nginx objective-c ocaml perl powershell properties protobuf python r ruby rust scala scss ' +
  'shell sql swift toml typescript xml yaml'
).split(' ');

const SAMPLE = [
  'def "text" # comment\n\t<a b="c">1.5 && x</a> /* long',
  "comment */ 'c' $x @y {z: [1, true, null]} -- ; // end",
  '',
  '--- a\n+++ b\n中文 👨\u200d👩\u200d👧 e\u0301 שלום',
].join('\n');

async function grammarOf(language: string): Promise<LineHighlighter> {
  const name = findGrammar(language);
  if (name === undefined) throw new Error(`no grammar for ${language}`);
  return loadGrammar(name);
}

/** The lines with their looks spelled out: `keyword:def`. */
function colored(grammar: LineHighlighter, code: string): readonly (readonly string[])[] {
  let state: object | undefined;
  return code.split('\n').map((line) => {
    const { spans, after } = grammar.colorLine(line, state);
    state = after;
    return spans.map(({ text, tones }) => [...tones, text].join(':'));
  });
}

it('tells when a language that was asked for is there', async () => {
  const loaded = Promise.withResolvers<void>();
  const highlight = createHighlighter({ onLoaded: loaded.resolve });
  expect(highlight('ts')).toBe('loading');
  expect(highlight('TypeScript')).toBe('loading');
  await loaded.promise;
  const typescript = highlight('ts');
  expect(typescript === 'loading' ? undefined : typescript?.colorLine('let a', undefined).spans).toEqual([
    { text: 'let', tones: ['keyword'] },
    { text: ' ', tones: [] },
    { text: 'a', tones: ['function'] },
  ]);
});

it('has nothing for a language nobody named', () => {
  const highlight = createHighlighter({ onLoaded: () => undefined });
  for (const language of ['', 'text', 'constructor', '__proto__', 'no-such'])
    expect(highlight(language)).toBeUndefined();
});

it.each(NAMES)('%s: colours change no character, and split none', async (name) => {
  const grammar = await grammarOf(name);
  let state: object | undefined;
  for (const line of SAMPLE.split('\n')) {
    const { spans, after } = grammar.colorLine(line, state);
    state = after;
    expect(spans.map(({ text }) => text).join('')).toBe(line);
    for (const { text } of spans) expect(text).toMatch(/^[^\p{M}\u200d\udc00-\udfff]/u);
  }
});

it('carries what is open from line to line, and leaves the state before as it was', async () => {
  const python = await grammarOf('py');
  const first = python.colorLine('x = """open', undefined);
  expect(python.colorLine('still', first.after).spans).toEqual([{ text: 'still', tones: ['string'] }]);
  expect(python.colorLine('still', first.after).spans).toEqual([{ text: 'still', tones: ['string'] }]);
  expect(python.colorLine('still', undefined).spans).toEqual([{ text: 'still', tones: [] }]);
});

it.each([
  ['python', 'def f(x):  # why', [['keyword:def', ' ', 'function:f', '(x):  ', 'comment:# why']]],
  ['json', '{"a": [1, true]}', [['{', 'string:"a"', ': [', 'number:1', ', ', 'number:true', ']}']]],
  ['diff', '-old\n+new', [['bad:-old'], ['string:+new']]],
  [
    'sh',
    'echo "$x" # say',
    [['function:echo', ' ', 'string:"', 'function:$x', 'string:"', ' ', 'comment:# say']],
  ],
])('%s looks like that', async (name, code, looks) => {
  expect(colored(await grammarOf(name), code)).toEqual(looks);
});

it('gives up on code that is nested deeper than any that was written', async () => {
  const grammar = await grammarOf('js');
  let state: object | undefined;
  for (let line = 0; line < 40; line += 1) state = grammar.colorLine('(['.repeat(100), state).after;
  expect(grammar.colorLine('let a', state).spans).toEqual([{ text: 'let a', tones: [] }]);
});
