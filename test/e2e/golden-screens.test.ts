/**
 * The chat as a person sees it, whole screens, reviewed by eye and kept in `test/golden/screens`.
 * `npx vitest run test/e2e/golden-screens.test.ts --update` takes them anew.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { begin, finish, say, startChatServer, think } from '../support/chat-server.ts';
import { MARKDOWN, SCRIPTS } from '../support/markdown-sample.ts';
import { whole } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Condition, Terminal } from '../support/terminal.ts';

const GOLDEN = new URL('../golden/screens/', import.meta.url);
const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 40, rows: 40 },
  { cols: 20, rows: 12 },
  { cols: 200, rows: 60 },
] as const;

const ESC = '\u001b';
const TABLE_END = MARKDOWN.indexOf('| beta');
const CODE_END = MARKDOWN.indexOf('}\n```');

describe('the chat’s screens', () => {
  test.each(SIZES)('at $cols × $rows are as they were reviewed', async (size) => {
    const held = heldAnswers();
    await using server = await startChatServer((exchange) => answer(exchange, held));
    await using home = await isolatedHome();
    for (const file of ['notes.md', 'novel.txt', '中文.txt']) await writeFile(join(home.path, file), 'x\n');
    await using terminal = await openTerminal({ args: ['chat'], env: server.env, home, ...size });
    const screens: string[] = [];
    const capture = async (name: string, condition: Condition): Promise<void> => {
      await terminal.waitFor(condition, 10_000);
      screens.push(shown(name, terminal));
    };

    await capture('at first', '/help');
    terminal.write(`what is\n a device code?${ESC}[200~${'pasted\r'.repeat(30)}${ESC}[201~`);
    await capture('a question of several lines, and a paste', /Pasted 30/u);
    terminal.write('\u0003');
    await terminal.waitFor('Press Ctrl-C');
    await terminal.waitFor((screen) => screen[1]?.startsWith('mira') === true);
    terminal.write('see @no');
    await capture('paths offered', 'novel.txt');
    terminal.write('\u0015');
    await terminal.waitFor((screen) => screen[0] === '›');
    terminal.write('/modle large\r');
    await capture('a misspelt command', 'There is no');
    terminal.write('hold\r');
    await capture('waiting', /waiting/u);
    held.release();
    await capture('thinking', /gives\s+a\s+code/u);
    held.release();
    await capture('while a table comes', /short/u);
    terminal.write('and then?\r');
    await capture('a question queued', /queued/u);
    held.release();
    // With its colours a line of code has left; before that it waits for them, where there is room to wait.
    await terminal.waitFor(() => size.rows < 20 || terminal.output().includes(`${ESC}[35mreturn`), 10_000);
    await capture('while code comes', (screen) =>
      screen.join('').replaceAll(/\s/gu, '').includes('tocopy.`'),
    );
    held.release();
    await terminal.waitFor(/alone\./u);
    await capture('after two answers', idle);
    terminal.write('script\r');
    await terminal.waitFor(/done\./u);
    await capture('many scripts', idle);
    terminal.write('busy\r');
    await capture('waiting for another attempt', /trying/u);
    terminal.write(ESC);
    await terminal.waitFor('(stopped)');
    await capture('stopped', idle);
    terminal.write('fail\r');
    await terminal.waitFor('✗');
    await capture('a failure', idle);
    terminal.write('/quit\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    screens.push(shown('afterwards', terminal));

    const file = fileURLToPath(new URL(`${size.cols}x${size.rows}.txt`, GOLDEN));
    await expect(screens.join('\n')).toMatchFileSnapshot(file);
  });
});

interface HeldAnswers {
  /** Lets an answer go on to where it is held next, also one that has not come so far. */
  release(): void;
  next(): Promise<void>;
}

function heldAnswers(): HeldAnswers {
  const gates = [Promise.withResolvers<void>()];
  let passed = 0;
  return {
    release() {
      gates.at(-1)?.resolve();
      gates.push(Promise.withResolvers());
    },
    async next() {
      const gate = gates[passed];
      passed += 1;
      await gate?.promise;
    },
  };
}

async function answer(exchange: RawExchange, held: HeldAnswers): Promise<void> {
  const { messages } = JSON.parse(exchange.request.body);
  switch (messages.at(-1).content) {
    case 'hold':
      await begin(exchange);
      await held.next();
      await think(exchange, 'They ask about device codes. ');
      await think(exchange, 'A program without a browser shows a code, and a server gives a code.');
      await held.next();
      await say(exchange, MARKDOWN.slice(0, TABLE_END));
      await held.next();
      await say(exchange, MARKDOWN.slice(TABLE_END, CODE_END));
      await held.next();
      await say(exchange, MARKDOWN.slice(CODE_END));
      return finish(exchange);
    case 'script':
      await begin(exchange);
      await say(exchange, SCRIPTS.join('\n\n'));
      return finish(exchange);
    case 'busy':
      return exchange.write(whole(429, '{"error":{"message":"slow down"}}', { 'retry-after': '50' }));
    case 'fail':
      return exchange.write(whole(400, '{"error":{"message":"The question is too long for this model."}}'));
    default:
      await begin(exchange);
      await say(exchange, 'Then it is **left** alone.');
      return finish(exchange);
  }
}

/** Below an empty line for the next question stands the status. */
function idle(screen: readonly string[]): boolean {
  const last = screen.findLastIndex((row) => row !== '');
  return screen[last - 1] === '›' && screen[last]?.startsWith('mira') === true;
}

/** Seconds and ports are masked: they tell of the machine. */
function shown(name: string, terminal: Terminal): string {
  const { x, y } = terminal.cursor();
  const rows = terminal
    .screen()
    .map((row) =>
      row.replaceAll(/\b\d+(?= s\b)|(?<=again in )\d+/gu, 'N').replaceAll(/(?<=127\.0\.0\.1:)\d+/gu, 'PORT'),
    );
  const last = rows.findLastIndex((row) => row !== '');
  return [`══ ${name}; cursor at column ${x}, row ${y} ══`, ...rows.slice(0, last + 1), ''].join('\n');
}
