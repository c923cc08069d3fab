/** Services that take a connection and say nothing, or hardly anything: the real limits, at sixty times the speed of time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { begin, say, startChatServer } from '../support/chat-server.ts';
import { chunk } from '../support/raw-server.ts';
import type { RawExchange } from '../support/raw-server.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';
import { fastTime } from '../support/settable-clock.ts';

const fast = fastTime(60);
const note = fast === undefined ? ' (skipped: libfaketime)' : '';
if (fast === undefined) process.stdout.write('time limits: all skipped: libfaketime\n');

interface Row {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: (origin: string) => Environment;
  readonly answer: (exchange: RawExchange) => Promise<void>;
  readonly message: string;
  /** What of the answer had come. */
  readonly partial?: string;
}

const CHAT = ['chat', 'x', '--json', '--no-save', '--retries', '0'];
const nothing = async ({ gone }: RawExchange): Promise<void> => gone;

/** Says the same again and again until the other side goes. */
async function drip(exchange: RawExchange, text: string): Promise<void> {
  const timer = setInterval(() => void exchange.write(text), 50);
  await exchange.gone;
  clearInterval(timer);
}

describe.skipIf(fast === undefined).concurrent(`a service that${note}`, () => {
  test.each<Row>([
    {
      name: 'does not begin to answer is left after 120 s',
      answer: nothing,
      message: 'HOST did not begin to answer within 120 s.',
    },
    {
      name: 'sends its head a byte at a time is left after 120 s',
      answer: async (exchange) => {
        await exchange.write('HTTP/1.1 200 OK\r\nx-slow: ');
        await drip(exchange, 'x');
      },
      message: 'HOST did not begin to answer within 120 s.',
    },
    {
      name: 'is Ollama, and loads a model, has 600 s',
      args: [...CHAT, '-m', 'ollama/x'],
      env: (origin) => ({ OLLAMA_BASE_URL: origin }),
      answer: nothing,
      message: 'HOST did not begin to answer within 600 s.',
    },
    {
      name: 'falls silent is left after 120 s, and what came is kept',
      answer: async (exchange) => {
        await begin(exchange);
        await say(exchange, 'as far as it came');
        await exchange.gone;
      },
      message: 'HOST sent nothing for 120 s.',
      partial: 'as far as it came',
    },
    {
      name: 'sends comments and nothing else is left after 120 s',
      answer: async (exchange) => {
        await begin(exchange);
        await say(exchange, 'as far as it came');
        await drip(exchange, chunk(': still here\n\n'));
      },
      message: 'HOST sent nothing for 120 s.',
      partial: 'as far as it came',
    },
    {
      name: 'sends a list of models and stops in the middle is left after 30 s',
      args: ['models', '--json'],
      answer: async ({ write, gone }) => {
        await write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"data":[');
        await gone;
      },
      message: 'HOST did not finish its answer within 30 s.',
    },
  ])('$name: exit 6', async ({ args = CHAT, env, answer, message, partial }) => {
    await using server = await startChatServer(answer);
    const { code, stdout } = await runMira(args, {
      env: { ...server.env, ...env?.(server.origin), ...fast },
    });
    const { error } = JSON.parse(stdout);
    expect({ code, message: error.message, partial: error.partial?.text }).toEqual({
      code: 6,
      message: message.replace('HOST', new URL(server.origin).host),
      partial,
    });
  });

  test('takes no connection is left after 10 s: exit 6', async () => {
    await using deaf = await startDeafServer();
    const { code, stdout } = await runMira(CHAT, {
      env: { MIRA_API_URL: deaf.origin, MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}`, ...fastTime(10) },
    });
    expect({ code, error: JSON.parse(stdout).error }).toMatchObject({
      code: 6,
      error: {
        code: 'timeout',
        message: `${new URL(deaf.origin).host} did not accept a connection within 10 s.`,
      },
    });
  });
});

/** A server that was stopped, and whose queue of connections is full: the system drops every further one. */
async function startDeafServer(): Promise<AsyncDisposable & { readonly origin: string }> {
  const program =
    "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { process.stdout.write(String(this.address().port)); });";
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting: Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of waiting) socket.destroy();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const [port]: number[] = (await once(child.stdout, 'data')).map(Number);
  if (port === undefined || Number.isNaN(port)) {
    await close();
    throw new Error('The server did not say its port.');
  }
  child.kill('SIGSTOP');
  for (let connection = 0; connection < 8; connection += 1) {
    waiting.push(connect(port, '127.0.0.1').on('error', () => {}));
  }
  // Those that fit into the queue are connected at once; then it is full.
  await Promise.race(waiting.map((socket) => once(socket, 'connect')));
  return {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: close,
  };
}
