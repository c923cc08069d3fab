/** Ollama as far as mira asks it: the models that were pulled, and an answer. */
import { startRawServer, whole, type RawServer } from './raw-server.ts';
import type { Environment } from './run-mira.ts';

export interface Ollama extends AsyncDisposable, Pick<RawServer, 'origin' | 'port' | 'requests'> {
  /** What points mira here. */
  readonly env: Environment;
}

/** @param takesFormat false for one that refuses to be told the form of an answer */
export async function startOllama(
  models: readonly string[],
  { answer = heard, takesFormat = true }: { readonly answer?: Answer; readonly takesFormat?: boolean } = {},
): Promise<Ollama> {
  const server = await startRawServer(async (exchange) => {
    const { path, body } = exchange.request;
    if (path === '/api/tags') {
      const list = { models: models.length === 0 ? null : models.map((name) => ({ name, model: name })) };
      await exchange.write(whole(200, JSON.stringify(list), { 'content-type': 'application/json' }));
      return;
    }
    const { model, format } = JSON.parse(body);
    if (format !== undefined && !takesFormat) {
      await exchange.write(whole(400, '{"error":"invalid format"}', { 'content-type': 'application/json' }));
      return;
    }
    const lines = [
      { model, message: { role: 'assistant', content: answer(model) }, done: false },
      { model, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' },
    ].map((line) => `${JSON.stringify(line)}\n`);
    await exchange.write(whole(200, lines.join(''), { 'content-type': 'application/x-ndjson' }));
  });
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    env: { OLLAMA_HOST: `127.0.0.1:${server.port}` },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

type Answer = (model: string) => string;

const heard: Answer = (model) => `${model} heard you.`;
