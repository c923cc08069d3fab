/** The grammars: line by line by design, small, and each a chunk of its own that is read when it is first wanted. */
import { StringStream, type StreamParser } from '@codemirror/streamparser';
import type { Span, Tone } from '../rows.ts';
import type { GrammarState, LineHighlighter } from './color-code.ts';
import type { GrammarName } from './languages.ts';

export async function loadGrammar(name: GrammarName): Promise<LineHighlighter> {
  return lineHighlighter(await LOADERS[name]());
}

type Grammar = StreamParser<unknown>;

const clike = () => import('@codemirror/legacy-modes/mode/clike');
const css = () => import('@codemirror/legacy-modes/mode/css');
const javascript = () => import('@codemirror/legacy-modes/mode/javascript');
const mllike = () => import('@codemirror/legacy-modes/mode/mllike');
const xml = () => import('@codemirror/legacy-modes/mode/xml');

const LOADERS: Readonly<Record<GrammarName, () => Promise<Grammar>>> = {
  c: async () => (await clike()).c,
  clojure: async () => (await import('@codemirror/legacy-modes/mode/clojure')).clojure,
  cpp: async () => (await clike()).cpp,
  csharp: async () => (await clike()).csharp,
  css: async () => (await css()).css,
  dart: async () => (await clike()).dart,
  diff: async () => (await import('@codemirror/legacy-modes/mode/diff')).diff,
  dockerfile: async () => (await import('@codemirror/legacy-modes/mode/dockerfile')).dockerFile,
  elm: async () => (await import('@codemirror/legacy-modes/mode/elm')).elm,
  erlang: async () => (await import('@codemirror/legacy-modes/mode/erlang')).erlang,
  fsharp: async () => (await mllike()).fSharp,
  go: async () => (await import('@codemirror/legacy-modes/mode/go')).go,
  groovy: async () => (await import('@codemirror/legacy-modes/mode/groovy')).groovy,
  haskell: async () => (await import('@codemirror/legacy-modes/mode/haskell')).haskell,
  html: async () => (await xml()).html,
  java: async () => (await clike()).java,
  javascript: async () => (await javascript()).javascript,
  json: async () => (await javascript()).json,
  julia: async () => (await import('@codemirror/legacy-modes/mode/julia')).julia,
  kotlin: async () => (await clike()).kotlin,
  latex: async () => (await import('@codemirror/legacy-modes/mode/stex')).stex,
  less: async () => (await css()).less,
  lua: async () => (await import('@codemirror/legacy-modes/mode/lua')).lua,
  nginx: async () => (await import('@codemirror/legacy-modes/mode/nginx')).nginx,
  objectiveC: async () => (await clike()).objectiveC,
  ocaml: async () => (await mllike()).oCaml,
  perl: async () => (await import('@codemirror/legacy-modes/mode/perl')).perl,
  powershell: async () => (await import('@codemirror/legacy-modes/mode/powershell')).powerShell,
  properties: async () => (await import('@codemirror/legacy-modes/mode/properties')).properties,
  protobuf: async () => (await import('@codemirror/legacy-modes/mode/protobuf')).protobuf,
  python: async () => (await import('@codemirror/legacy-modes/mode/python')).python,
  r: async () => (await import('@codemirror/legacy-modes/mode/r')).r,
  ruby: async () => (await import('@codemirror/legacy-modes/mode/ruby')).ruby,
  rust: async () => (await import('@codemirror/legacy-modes/mode/rust')).rust,
  scala: async () => (await clike()).scala,
  scss: async () => (await css()).sCSS,
  shell: async () => (await import('@codemirror/legacy-modes/mode/shell')).shell,
  sql: async () => (await import('@codemirror/legacy-modes/mode/sql')).standardSQL,
  swift: async () => (await import('@codemirror/legacy-modes/mode/swift')).swift,
  toml: async () => (await import('@codemirror/legacy-modes/mode/toml')).toml,
  typescript: async () => (await javascript()).typescript,
  xml: async () => (await xml()).xml,
  yaml: async () => (await import('@codemirror/legacy-modes/mode/yaml')).yaml,
};

const TAB = 4;
const INDENT_UNIT = 2;
/** Code nested deeper than any that was written loses its colours, so that the state stays small. */
const DEEPEST = 500;

function lineHighlighter(grammar: Grammar): LineHighlighter {
  return {
    colorLine(line, before) {
      const state = before === undefined ? startState(grammar) : copyState(grammar, before);
      if (state === undefined) return { spans: plainSpans(line), after: before ?? {} };
      if (line === '') {
        grammar.blankLine?.(state, INDENT_UNIT);
        return { spans: [], after: state };
      }
      return { spans: colorTokens(grammar, { line, state }), after: state };
    },
  };
}

function startState(grammar: Grammar): GrammarState {
  const state = grammar.startState?.(INDENT_UNIT);
  return typeof state === 'object' && state !== null ? state : {};
}

/** Undefined when it has grown too deep to be copied for each line. */
function copyState(grammar: Grammar, state: GrammarState): GrammarState | undefined {
  if (Object.values(state).some((value) => Array.isArray(value) && value.length > DEEPEST)) return undefined;
  if (grammar.copyState !== undefined) {
    const copy = grammar.copyState(state);
    return typeof copy === 'object' && copy !== null ? copy : undefined;
  }
  return Object.fromEntries(
    Object.entries(state).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value) ? [...value] : value,
    ]),
  );
}

function colorTokens(
  grammar: Grammar,
  { line, state }: { readonly line: string; readonly state: GrammarState },
): readonly Span[] {
  const stream = new StringStream(line, TAB, INDENT_UNIT);
  const spans: Span[] = [];
  while (!stream.eol()) {
    stream.start = stream.pos;
    const tone = toneOf(readToken(grammar, { stream, state }));
    while (JOINED.test(line.charAt(stream.pos))) stream.pos += 1;
    const text = line.slice(stream.start, stream.pos);
    const last = spans.at(-1);
    if (last !== undefined && last.tones[0] === tone)
      spans[spans.length - 1] = { ...last, text: last.text + text };
    else spans.push({ text, tones: tone === undefined ? [] : [tone] });
  }
  return spans;
}

/** What is drawn with the character before it has its colour. */
const JOINED = /[\p{M}\u200d\udc00-\udfff]/u;

/** A grammar may take a few steps on the spot; one that never moves, or fails, skips a character. */
function readToken(
  grammar: Grammar,
  { stream, state }: { readonly stream: StringStream; readonly state: GrammarState },
): string | null {
  try {
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const style = grammar.token(stream, state);
      if (stream.pos > stream.start) return style;
    }
  } catch {
    // Colours are no reason to end an answer: what the grammar cannot read stays plain.
  }
  stream.pos = stream.start + 1;
  return null;
}

const MOST_STEPS = 10;

function plainSpans(text: string): readonly Span[] {
  return text === '' ? [] : [{ text, tones: [] }];
}

function toneOf(style: string | null): Tone | undefined {
  if (!style) return undefined;
  for (const name of style.split(/[ .]/)) {
    const tone = TONES[name];
    if (tone !== undefined) return tone;
  }
  return undefined;
}

/** CodeMirror's names of what a token is; the others stay plain. */
const TONES: Readonly<Record<string, Tone>> = {
  keyword: 'keyword',
  modifier: 'keyword',
  self: 'keyword',
  meta: 'keyword',
  processingInstruction: 'keyword',
  tag: 'keyword',
  tagName: 'keyword',
  string: 'string',
  quote: 'string',
  regexp: 'string',
  character: 'string',
  inserted: 'string',
  deleted: 'bad',
  comment: 'comment',
  number: 'number',
  integer: 'number',
  float: 'number',
  atom: 'number',
  bool: 'number',
  null: 'number',
  unit: 'number',
  color: 'number',
  def: 'function',
  definition: 'function',
  function: 'function',
  builtin: 'function',
  standard: 'function',
  heading: 'function',
  type: 'type',
  typeName: 'type',
  className: 'type',
  namespace: 'type',
  attribute: 'type',
  attributeName: 'type',
  property: 'type',
  propertyName: 'type',
  labelName: 'type',
};
