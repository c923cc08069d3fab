/** An answer that breaks off is kept and marked, ends with its own exit code, and is picked up: /retry, -r, -c. */
import { describe, expect, test } from 'vitest';
import { answerWith, begin, say, startChatServer } from '../support/chat-server.ts';
import { finish, text } from '../support/odd-streams/completions.ts';
import { chunk } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';

interface End {
  readonly name: string;
  /** What comes after the first half, once that has been shown: a reset may overtake what nobody has read yet. */
  readonly end: (exchange: RawExchange) => unknown;
  readonly more?: readonly string[];
  readonly exit: number;
  readonly code: string;
}

const ENDS: readonly End[] = [
  { name: 'ends', end: ({ write }) => write(chunk('')), exit: 9, code: 'stream_cut' },
  {
    name: 'ends in the middle of an event',
    end: ({ write }) => write(chunk('data: {"choi') + chunk('')),
    exit: 9,
    code: 'stream_cut',
  },
  {
    name: 'ends in the middle of a chunk',
    end: ({ write, end }) => write('ff\r\ndata').then(end),
    exit: 9,
    code: 'stream_cut',
  },
  { name: 'is reset', end: ({ reset }) => reset(), exit: 6, code: 'connection_reset' },
  { name: 'falls silent', end: () => {}, more: ['--timeout', '1'], exit: 6, code: 'timeout' },
  {
    name: 'reports a failure',
    end: ({ write }) => write(chunk('data: {"error":{"message":"worker died"}}\n\n')),
    exit: 9,
    code: 'server_error',
  },
  {
    name: 'becomes nonsense',
    end: ({ write }) => write(chunk('data: {]\n\n')),
    exit: 9,
    code: 'malformed_response',
  },
];

/** A server whose first answer breaks off once `isShown` is called. */
function cutting(end: End['end']): {
  readonly answer: (exchange: RawExchange) => Promise<void>;
  isShown(): void;
} {
  const { promise: shown, resolve } = Promise.withResolvers<void>();
  const cut = async (exchange: RawExchange): Promise<void> => {
    await begin(exchange);
    await say(exchange, 'the first half');
    await shown;
    await end(exchange);
  };
  return {
    answer: (exchange) => (exchange.index === 0 ? cut(exchange) : answerWith(exchange, 'and the rest.')),
    isShown: resolve,
  };
}

const half = { role: 'assistant', content: 'the first half' };

describe.concurrent('an answer that', () => {
  test.each(ENDS)(
    '$name is kept, marked, and gone on with (exit $exit)',
    async ({ end, more = [], exit, code }) => {
      const { answer, isShown } = cutting(end);
      await using server = await startChatServer(answer);
      await using home = await isolatedHome();
      const options = { home, env: server.env };
      const chat = await startMira(['chat', 'x', '--json', '--stream', ...more], options);
      await chat.waitFor('the first half');
      isShown();
      const cut = await chat.finished;
      const { error } = JSON.parse(cut.stdout.trimEnd().split('\n').at(-1) ?? '');
      const id = error.partial.conversation_id;

      expect({ exit: cut.code, code: error.code, text: error.partial.text }).toEqual({
        exit,
        code,
        text: 'the first half',
      });
      expect(server.requests).toHaveLength(1);
      const { stdout: shown } = await runMira(['history', 'show', id, '--json'], options);
      expect(JSON.parse(shown).messages).toMatchObject([
        { role: 'user', text: 'x' },
        { role: 'assistant', text: 'the first half', stopped: true },
      ]);
      const command = `mira chat -r ${id} "Go on."`;
      expect(error.next?.[0].command).toBe(error.retryable ? command : undefined);
      expect(cut.stderr.includes(`What came is kept; go on from there with: ${command}`)).toBe(
        error.retryable,
      );
      expect(await runMira(['chat', '-c', 'Go on.'], options)).toMatchObject({
        code: 0,
        stdout: 'and the rest.\n',
      });
      expect(JSON.parse(server.requests[1]?.body ?? '').messages).toEqual([
        { role: 'user', content: 'x' },
        half,
        { role: 'user', content: 'Go on.' },
      ]);
    },
  );

  test.each(ENDS.filter(({ more }) => more === undefined))(
    '$name stays in the chat, and /retry asks again',
    async ({ end }) => {
      const { answer, isShown } = cutting(end);
      await using server = await startChatServer(answer);
      await using terminal = await openTerminal({ args: ['chat'], env: server.env, cols: 100 });
      await terminal.waitFor('/help');
      terminal.write('x\r');
      await terminal.waitFor('the first half');
      isShown();
      await terminal.waitFor('✗');
      terminal.write('/retry\r');
      await terminal.waitFor('and the rest.');

      expect(JSON.parse(server.requests[1]?.body ?? '').messages).toEqual([{ role: 'user', content: 'x' }]);
      const lines = terminal.scrollback();
      const at = (words: string): number => lines.findIndex((line) => line.includes(words));
      expect(at('the first half')).toBeGreaterThan(-1);
      expect(at('✗')).toBeGreaterThan(at('the first half'));
      expect(at('and the rest.')).toBeGreaterThan(at('✗'));
    },
  );
});

test('a cut in the chat says what picks it up, and going on sends what came', async () => {
  const { answer, isShown } = cutting(({ write }) => write(chunk('')));
  isShown();
  await using server = await startChatServer(answer);
  await using terminal = await openTerminal({ args: ['chat'], env: server.env, cols: 120 });
  await terminal.waitFor('/help');
  terminal.write('x\r');
  await terminal.waitFor('was cut short. /retry asks again; or ask to go on from where it stopped.');
  terminal.write('Go on.\r');
  await terminal.waitFor('and the rest.');

  expect(JSON.parse(server.requests[1]?.body ?? '').messages).toEqual([
    { role: 'user', content: 'x' },
    half,
    { role: 'user', content: 'Go on.' },
  ]);
});

test('silence after a finish reason ends the answer, and nothing is missing', async () => {
  await using server = await startChatServer(async (exchange) => {
    await begin(exchange);
    await exchange.write(chunk(text('All.') + finish()));
    await exchange.gone;
  });
  await using home = await isolatedHome();
  const { code, stdout } = await runMira(['chat', 'x', '--json'], { home, env: server.env });

  expect([code, JSON.parse(stdout)]).toMatchObject([0, { text: 'All.', finish_reason: 'stop' }]);
});
