/** Chat services other than the platform, as far as mira asks them: a list of models, and an answer that says who was asked. */
import { randomBytes } from 'node:crypto';
import { answerWith } from './chat-server.ts';
import { startRawServer, whole } from './raw-server.ts';
import type { RawExchange, RawServer } from './raw-server.ts';
import type { Environment } from './run-mira.ts';

export interface ChatService extends AsyncDisposable, Pick<RawServer, 'origin' | 'port' | 'requests'> {
  /** Made for the occasion, in the format of the service. */
  readonly key: string;
  /** What points mira here. */
  readonly env: Environment;
}

export async function startOpenAi(models: readonly string[] = ['gpt', 'o']): Promise<ChatService> {
  const key = `sk-${'proj'}-${randomBytes(20).toString('hex')}`;
  const server = await startRawServer((exchange) => answerAsOpenAi(exchange, models));
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    key,
    env: { OPENAI_BASE_URL: `${server.origin}/v1`, OPENAI_API_KEY: key },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

export async function startAnthropic(models: readonly string[] = ['claude']): Promise<ChatService> {
  const key = `sk-${'ant'}-${randomBytes(20).toString('hex')}`;
  const server = await startRawServer((exchange) => answerAsAnthropic(exchange, models));
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    key,
    env: { ANTHROPIC_BASE_URL: server.origin, ANTHROPIC_API_KEY: key },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function answerAsOpenAi(exchange: RawExchange, models: readonly string[]): Promise<void> {
  const { path, body } = exchange.request;
  if (path === '/v1/models') {
    const data = models.map((id) => ({ id, object: 'model', owned_by: 'openai' }));
    await exchange.write(
      whole(200, JSON.stringify({ object: 'list', data }), { 'content-type': 'application/json' }),
    );
  } else await answerWith(exchange, `${JSON.parse(body).model} heard you.`);
}

async function answerAsAnthropic(exchange: RawExchange, models: readonly string[]): Promise<void> {
  const { path, body } = exchange.request;
  if (path.startsWith('/v1/models')) {
    const list = { data: models.map((id) => ({ type: 'model', id })), has_more: false };
    await exchange.write(whole(200, JSON.stringify(list), { 'content-type': 'application/json' }));
    return;
  }
  const { model } = JSON.parse(body);
  const text = `${model} heard you.`;
  const message = { type: 'message', role: 'assistant', content: [], stop_reason: null, stop_sequence: null };
  const events = [
    {
      type: 'message_start',
      message: { id: 'msg_1', model, ...message, usage: { input_tokens: 1, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 4 },
    },
    { type: 'message_stop' },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  await exchange.write(whole(200, events.join(''), { 'content-type': 'text/event-stream' }));
}
