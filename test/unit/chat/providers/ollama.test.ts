import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatRequest } from '../../../../src/chat/provider.ts';
import { createOllamaProvider, listOllamaModels } from '../../../../src/chat/providers/ollama.ts';
import { silentLog } from '../../../../src/log.ts';
import { whole } from '../../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../../api/open-http.ts';
import { keyFrom, patience } from '../support/hear.ts';
import { append } from '../wire.ts';

const LINES = { 'content-type': 'application/x-ndjson' };
const HELLO = `${JSON.stringify({ message: { role: 'assistant', content: 'Hello.' }, done: false })}\n${JSON.stringify({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 4 })}\n`;
const JSON_TYPE = { 'content-type': 'application/json' };
const REQUEST: ChatRequest = {
  model: 'llama3.2:3b',
  messages: [{ role: 'user', text: 'hi' }],
  temperature: 0,
};

function ollama(origin: string) {
  return createOllamaProvider({
    http: openHttp(),
    baseUrl: new URL('/', origin),
    retries: 0,
    sleep: async () => {},
    now: Date.now,
    random: () => 0,
    log: silentLog,
  });
}

async function hear(events: AsyncIterable<ChatEvent>): Promise<readonly ChatEvent[]> {
  const heard: ChatEvent[] = [];
  for await (const event of events) append(heard, event);
  return heard;
}

const { signal } = new AbortController();

describe('a question to Ollama', () => {
  it('is sent to its own endpoint, without a credential', async () => {
    const server = await serve(({ write }) => write(whole(200, HELLO, LINES)));
    expect(await hear(ollama(server.origin).chat(REQUEST, { signal }))).toEqual([
      { kind: 'text', text: 'Hello.' },
      { kind: 'usage', usage: { inputTokens: 3, outputTokens: 4 } },
      { kind: 'finish', finishReason: 'stop' },
    ]);

    const [sent] = server.requests;
    expect(sent).toMatchObject({ method: 'POST', path: '/api/chat' });
    expect(sent?.headers).not.toHaveProperty('authorization');
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'llama3.2:3b',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      options: { temperature: 0 },
    });
  });

  it('carries pictures, the longest answer, and a key where it has one', async () => {
    const server = await serve(({ write }) => write(whole(200, HELLO, LINES)));
    const provider = createOllamaProvider({
      id: 'cloud',
      http: openHttp(),
      baseUrl: new URL('/', server.origin),
      bearer: keyFrom('OLLAMA_API_KEY', 'key-of-a-test'),
      ...patience(),
    });
    const images = [{ mediaType: 'image/png', base64: 'QUJD' }] as const;
    const messages = [{ role: 'user', text: 'what?', images }] as const;
    await hear(provider.chat({ model: 'm', messages, maxTokens: 5 }, { signal }));
    await provider.models({ signal }).catch(() => {});

    expect(provider.id).toBe('cloud');
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'what?', images: ['QUJD'] }],
      stream: true,
      options: { num_predict: 5 },
    });
    expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer key-of-a-test',
      'Bearer key-of-a-test',
    ]);
  });

  it('for a model that is not there says how to get it', async () => {
    const body = JSON.stringify({
      error: 'model "llama3.2:3b" not found, try pulling it first',
    });
    const server = await serve(({ write }) => write(whole(404, body, JSON_TYPE)));
    const error = await failureOf(hear(ollama(server.origin).chat(REQUEST, { signal })));

    expect([error.code, error.exitCode, error.hint]).toEqual([
      'model_not_found',
      3,
      'Get it: ollama pull llama3.2:3b; what is there: mira models -p ollama',
    ]);
  });

  it('repeats no name that is no name of a model', async () => {
    const server = await serve(({ write }) => write(whole(404, '{"error":"model not found"}', JSON_TYPE)));
    const error = await failureOf(
      hear(ollama(server.origin).chat({ ...REQUEST, model: 'x; rm -rf ~' }, { signal })),
    );

    expect(error.hint).toBe('Get one: ollama pull; what is there: mira models -p ollama');
  });

  it('where none runs ends at once, with the address and how to start it', async () => {
    const server = await serve(() => {});
    await server.close();
    const provider = ollama(server.origin);
    for (const attempt of [
      () => hear(provider.chat(REQUEST, { signal })),
      () => provider.models({ signal }),
    ]) {
      const error = await failureOf(attempt());
      expect({ ...facts(error), hint: error.hint }).toEqual({
        code: 'connection_refused',
        exit: 6,
        message: `Ollama does not answer at ${server.origin}.`,
        hint: 'Start it: ollama serve (OLLAMA_BASE_URL says where it is).',
      });
    }
  });

  it('that something else answers says where to look', async () => {
    const server = await serve(({ write }) => write(whole(200, '<html>', { 'content-type': 'text/html' })));
    const error = await failureOf(hear(ollama(server.origin).chat(REQUEST, { signal })));

    expect([error.code, error.hint]).toEqual([
      'malformed_response',
      `Check that Ollama is what answers at ${server.origin} (OLLAMA_BASE_URL).`,
    ]);
  });
});

describe('the models of Ollama', () => {
  it.each([
    [
      { models: [{ name: 'llama3.2:3b', size: 7 }, { name: 'ada/qwen3' }, { name: 'hf.co/bob/phi' }] },
      [
        { id: 'llama3.2:3b', ownedBy: 'library' },
        { id: 'ada/qwen3', ownedBy: 'ada' },
        { id: 'hf.co/bob/phi', ownedBy: 'bob' },
      ],
    ],
    [{ models: null }, []],
    [{ models: [] }, []],
  ])('%j', async (list, expected) => {
    const server = await serve(({ write }) => write(whole(200, JSON.stringify(list), JSON_TYPE)));
    const models = await ollama(server.origin).models({ signal });

    expect(models).toEqual(expected);
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/api/tags' });
  });

  it('are waited for only as long as the caller wants', async () => {
    const server = await serve(() => {});
    const asked = listOllamaModels(
      { http: openHttp(), baseUrl: new URL('/', server.origin), now: Date.now },
      { signal, limitMs: 50 },
    );

    expect((await failureOf(asked)).code).toBe('timeout');
  });
});
