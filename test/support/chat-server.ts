/** A chat API of which a test decides every piece: what it streams, when, and how it ends. */
import type { RawExchange, RawServer } from './raw-server.ts';
import { chunk, head, startRawServer } from './raw-server.ts';
import type { Environment } from './run-mira.ts';

export interface ChatServer extends AsyncDisposable, Pick<RawServer, 'origin' | 'port' | 'requests'> {
  /** What points mira here, with a key that is made for the occasion. */
  readonly env: Environment;
}

export async function startChatServer(
  answer: (exchange: RawExchange) => void | Promise<void>,
): Promise<ChatServer> {
  const server = await startRawServer(answer);
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    env: { MIRA_API_URL: `${server.origin}/v1`, MIRA_API_KEY: `sk-mira-${'0d'.repeat(20)}` },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Begins an answer that is streamed. */
export function begin(exchange: RawExchange): Promise<void> {
  return exchange.write(head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' }));
}

/** A piece of the answer's text. */
export function say(exchange: RawExchange, content: string): Promise<void> {
  return send(exchange, { choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

/** A piece of what the model thinks before it answers. */
export function think(exchange: RawExchange, thought: string): Promise<void> {
  return send(exchange, {
    choices: [{ index: 0, delta: { reasoning_content: thought }, finish_reason: null }],
  });
}

/** The reason for the end, and the end in good order. */
export async function finish(exchange: RawExchange, reason = 'stop'): Promise<void> {
  await send(exchange, { choices: [{ index: 0, delta: {}, finish_reason: reason }] });
  await exchange.write(chunk('data: [DONE]\n\n') + chunk(''));
}

export async function answerWith(exchange: RawExchange, ...pieces: readonly string[]): Promise<void> {
  await begin(exchange);
  for (const piece of pieces) await say(exchange, piece);
  await finish(exchange);
}

function send(exchange: RawExchange, event: object): Promise<void> {
  return exchange.write(chunk(`data: ${JSON.stringify(event)}\n\n`));
}
