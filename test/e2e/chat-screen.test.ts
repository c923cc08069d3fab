/** The chat in tmux, at several sizes and while the size changes: the scrollback holds the conversation, once. */
import { describe, expect, test } from 'vitest';
import { canUseTmux } from '../support/capability.ts';
import { begin, finish, say, startChatServer } from '../support/chat-server.ts';
import type { ChatServer } from '../support/chat-server.ts';
import { MARKDOWN, SCRIPTS } from '../support/markdown-sample.ts';
import { liveHeights } from '../support/live-heights.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { openTmux } from '../support/tmux.ts';
import type { Size, Tmux } from '../support/tmux.ts';

const SIZES: readonly Size[] = [
  { cols: 80, rows: 24 },
  { cols: 10, rows: 40 },
  { cols: 200, rows: 60 },
];

/**
 * Sizes that a window takes while it is dragged: narrower than the status line, a few rows high, and back. What is
 * drawn fits into each, once the terminal has broken it; of more, the terminal itself moves rows out of reach.
 */
const STORM: readonly Size[] = [
  { cols: 60, rows: 24 },
  { cols: 31, rows: 20 },
  { cols: 13, rows: 20 },
  { cols: 13, rows: 9 },
  { cols: 45, rows: 6 },
  { cols: 120, rows: 4 },
  { cols: 120, rows: 40 },
  { cols: 11, rows: 40 },
  { cols: 80, rows: 24 },
];

const LONG_LINES = 10_000;
const tmux = canUseTmux();

describe.skipIf(tmux.isMissing)(`the chat in tmux${tmux.note}`, () => {
  test.each(SIZES)('keeps a conversation of many scripts, once, at $cols × $rows', async (size) => {
    await using server = await startChatServer(answer);
    await using pane = await openChat(server, size);
    await ask(pane, 'script');
    await ask(pane, 'struct');
    await ask(pane, 'again');
    await quit(pane);

    const said = squeezed(await pane.scrollback());
    const scripts = `›script${squeezed(SCRIPTS)}›struct`;
    expectText(said.slice(0, scripts.length), scripts);
    expect(said.slice(-40)).toMatch(/›againItisanswernumber3\.ended0$/u);
    expect(inOrder(said, wordsOf(MARKDOWN))).toEqual(wordsOf(MARKDOWN));
    expect(countOf(said, 'Releasenotes')).toBe(1);
    expect(countOf(said, 'Thatwasall.')).toBe(1);
  });

  test('leaves an answer of 10,000 lines in the scrollback, whole and in order', async () => {
    await using server = await startChatServer(answer);
    await using pane = await openChat(server, { cols: 80, rows: 24 });
    await ask(pane, 'lines');
    await quit(pane);

    expectText(
      squeezed(await pane.scrollback()),
      `›lines${squeezed(Array.from({ length: LONG_LINES }, (_, line) => lineOf(line)))}ended0`,
    );
  });

  test('loses and repeats nothing when the window changes while an answer streams', async () => {
    const pace = pacemaker();
    await using server = await startChatServer((exchange) => stream(exchange, pace));
    await using pane = await openChat(server, { cols: 100, rows: 24 });
    await send(pane, 'stream');
    // tmux moves rows out of reach when it breaks those of a window that is not full.
    pace.release(WORDS_AT_FIRST);
    await drawn(pane, WORDS_AT_FIRST);
    let released = WORDS_AT_FIRST;
    const heights: { readonly rows: number; readonly most: number }[] = [];
    for (const size of [...STORM, ...STORM]) {
      const from = pane.output().length;
      await resize(pane, size);
      for (let frame = 0; frame < FRAMES_A_ROUND; frame++) {
        pace.release(WORDS_A_FRAME);
        released += WORDS_A_FRAME;
        await drawn(pane, released);
      }
      heights.push({ rows: size.rows, most: Math.max(0, ...liveHeights(pane.output().slice(from))) });
    }
    pace.release(STREAMED - released);
    await isReady(pane);
    await quit(pane);

    expect(heights.filter(({ rows, most }) => most >= rows)).toEqual([]);
    expect(heights.filter(({ most }) => most < 2)).toEqual([]);
    expectText(
      squeezed(await pane.scrollback()),
      `›stream${squeezed(Array.from({ length: STREAMED }, (_, word) => wordOf(word)))}ended0`,
    );
  });

  test('shows what is written once, however the window changes', async () => {
    await using server = await startChatServer(answer);
    await using pane = await openChat(server, { cols: 100, rows: 24 });
    await ask(pane, 'screen');
    await pane.send(QUESTION);
    await pane.waitFor('goes on');
    for (const size of [...STORM, { cols: 100, rows: 24 }]) await resize(pane, size);
    await pane.waitFor((screen) => screen.includes(`› ${QUESTION}`));

    expect((await pane.scrollback()).slice(-3)).toEqual(['', `› ${QUESTION}`, 'mira']);
    const said = squeezed(await pane.scrollback());
    expect(countOf(said, 'aquestion')).toBe(1);
    expect(countOf(said, 'goeson')).toBe(1);
    expect(said).toContain('line40of10000›aquestion');
  });
});

const QUESTION =
  'a question of some length 中文 👨\u200d👩\u200d👧 that is broken in a small window and goes on';
const WORDS_AT_FIRST = 600;
const FRAMES_A_ROUND = 4;
const WORDS_A_FRAME = 15;
const STREAMED = 2_000;

async function answer(exchange: RawExchange): Promise<void> {
  const { messages } = JSON.parse(exchange.request.body);
  await begin(exchange);
  switch (messages.at(-1).content) {
    case 'script':
      for (const piece of SCRIPTS.join('\n\n').match(/[^]{1,7}/gu) ?? []) await say(exchange, piece);
      break;
    case 'struct':
      for (const piece of MARKDOWN.match(/[^]{1,11}/gu) ?? []) await say(exchange, piece);
      break;
    case 'screen':
      await say(exchange, Array.from({ length: 40 }, (_, line) => lineOf(line)).join('\n\n'));
      break;
    case 'lines':
      for (let line = 0; line < LONG_LINES; line += 10) {
        await say(exchange, Array.from({ length: 10 }, (_, index) => `${lineOf(line + index)}\n`).join(''));
      }
      break;
    default:
      await say(exchange, `It is answer number ${(messages.length + 1) / 2}.`);
  }
  await finish(exchange);
}

const lineOf = (index: number): string => `line ${index + 1} of ${LONG_LINES}`;
const wordOf = (index: number): string =>
  `${index % 7 === 3 ? '中文' : 'word'}${index + 1}${index % 40 === 39 ? '.' : ''}`;

interface Pace {
  /** Lets the server send so many more words. */
  release(words: number): void;
  /** Resolves when the next word may be sent. */
  next(): Promise<void>;
}

function pacemaker(): Pace {
  let left = 0;
  let wake: (() => void) | undefined;
  return {
    release(words) {
      left += words;
      wake?.();
    },
    async next() {
      while (left === 0) await new Promise<void>((resolve) => (wake = resolve));
      left -= 1;
    },
  };
}

async function stream(exchange: RawExchange, pace: Pace): Promise<void> {
  await begin(exchange);
  for (let word = 0; word < STREAMED; word++) {
    await pace.next();
    await say(exchange, `${wordOf(word)}${word % 40 === 39 ? '\n\n' : ' '}`);
  }
  await finish(exchange);
}

async function openChat(server: ChatServer, size: Size): Promise<Tmux> {
  const pane = await openTmux({ args: ['chat'], env: server.env, ...size });
  await isReady(pane);
  return pane;
}

/** The line for the next question is empty, and no answer is waited for or under way. */
async function isReady(pane: Tmux): Promise<void> {
  await pane.waitFor((screen) => {
    const prompt = screen.findLastIndex((row) => row === '›');
    const isAwaited = screen.slice(Math.max(0, prompt - 2), prompt).some((row) => row.startsWith('waiting'));
    return prompt >= 0 && !isAwaited && screen[prompt + 1]?.startsWith('mira') === true;
  });
}

/**
 * Until the program has drawn for the new size: tmux breaks the rows at once and tells the program up to a quarter of
 * a second later, so that what is drawn in between is drawn for a window that is no more.
 */
async function resize(pane: Tmux, size: Size): Promise<void> {
  const before = pane.output().length;
  await pane.resize(size);
  await pane.waitFor(() => pane.output().length > before);
}

async function send(pane: Tmux, question: string): Promise<void> {
  await pane.send(question);
  await pane.waitFor((screen) => screen.includes(`› ${question}`));
  await pane.send('\r');
}

async function ask(pane: Tmux, question: string): Promise<void> {
  await isReady(pane);
  await send(pane, question);
  await pane.waitFor(
    (screen) => !screen.includes(`› ${question}`) || screen.findLast((row) => row.startsWith('›')) === '›',
  );
  await isReady(pane);
}

async function drawn(pane: Tmux, words: number): Promise<void> {
  await pane.waitFor(() => pane.output().includes(String(words)));
}

async function quit(pane: Tmux): Promise<void> {
  await pane.send('/quit');
  await pane.waitFor((screen) => screen.includes('› /quit'));
  await pane.send('\r');
  expect(await pane.ended()).toBe(0);
}

/** Without white space: where rows break is the window's business. */
function squeezed(rows: readonly string[]): string {
  return rows.join('').replaceAll(/\s/gu, '');
}

/** The same text; a difference is told by what is around it, since the texts are long. */
function expectText(actual: string, expected: string): void {
  let at = 0;
  while (at < expected.length && actual[at] === expected[at]) at += 1;
  const around = (text: string): string => text.slice(Math.max(0, at - 60), at + 120);
  expect(around(actual)).toBe(around(expected));
  expect(actual.length).toBe(expected.length);
}

function wordsOf(markdown: string): readonly string[] {
  return markdown.match(/[A-Za-z]{4,}/gu) ?? [];
}

/** Those of the words that follow each other in the text. */
function inOrder(text: string, words: readonly string[]): readonly string[] {
  let at = 0;
  return words.filter((word) => {
    const found = text.indexOf(word, at);
    if (found >= 0) at = found + word.length;
    return found >= 0;
  });
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
