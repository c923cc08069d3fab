/** Ollama as far as mira asks it: the models that were pulled, and an answer. */
import { answerWith } from './chat-server.ts';
import { startRawServer, whole, type RawServer } from './raw-server.ts';
import type { Environment } from './run-mira.ts';

export interface Ollama extends AsyncDisposable, Pick<RawServer, 'origin' | 'port' | 'requests'> {
  /** What points mira here. */
  readonly env: Environment;
}

export async function startOllama(models: readonly string[]): Promise<Ollama> {
  const server = await startRawServer(async (exchange) => {
    const { path, body } = exchange.request;
    if (path === '/v1/models') {
      const data =
        models.length === 0 ? null : models.map((id) => ({ id, object: 'model', owned_by: 'library' }));
      await exchange.write(
        whole(200, JSON.stringify({ object: 'list', data }), { 'content-type': 'application/json' }),
      );
    } else await answerWith(exchange, `${JSON.parse(body).model} heard you.`);
  });
  return {
    origin: server.origin,
    port: server.port,
    requests: server.requests,
    env: { OLLAMA_HOST: `127.0.0.1:${server.port}` },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
