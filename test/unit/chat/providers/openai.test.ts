import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../../src/chat/provider.ts';
import { createOpenAiProvider } from '../../../../src/chat/providers/openai.ts';
import type { OpenAiOptions } from '../../../../src/chat/providers/openai.ts';
import { whole } from '../../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../../api/open-http.ts';
import { hear, keyFrom, never, patience } from '../support/hear.ts';
import { DONE, finish, text } from '../../../support/odd-streams/completions.ts';

const SSE = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const hi: ChatRequest = { model: 'gpt', messages: [{ role: 'user', text: 'hi' }] };
const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 4 } } })}\n\n`;
const good = text('hello') + finish() + usage + DONE;

const OWN = { limit: 'max_completion_tokens', includesUsage: true } as const;
const COMPATIBLE = { limit: 'max_tokens', includesUsage: false } as const;

function openai(origin: string, options: Partial<OpenAiOptions> = {}) {
  return createOpenAiProvider({
    id: 'openai',
    http: openHttp(),
    baseUrl: new URL('/v1/', origin),
    bearer: keyFrom('OPENAI_API_KEY', 'key-of-a-test'),
    dialect: OWN,
    addressFrom: 'OPENAI_BASE_URL',
    ...patience(),
    ...options,
  });
}

const refusal = (message: string, more: object = {}): Buffer =>
  whole(400, JSON.stringify({ error: { message, type: 'invalid_request_error', ...more } }), JSON_TYPE);

describe('a question to OpenAI', () => {
  it('asks for the usage, names the longest answer the newer way, and carries pictures', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const request: ChatRequest = {
      model: 'gpt',
      messages: [
        { role: 'system', text: 'be brief' },
        { role: 'user', text: 'what is it?', images: [{ mediaType: 'image/png', base64: 'QUJD' }] },
        { role: 'user', text: '', images: [{ mediaType: 'image/webp', base64: 'REVG' }] },
      ],
      maxTokens: 5,
      temperature: 0.5,
    };
    expect(await hear(openai(server.origin).chat(request, { signal: never }))).toEqual({
      heard: [
        { kind: 'text', text: 'hello' },
        { kind: 'usage', usage: { inputTokens: 7, outputTokens: 9, reasoningTokens: 4 } },
        { kind: 'finish', finishReason: 'stop' },
      ],
      error: undefined,
    });
    const [sent] = server.requests;
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
    expect(sent?.headers).toMatchObject({ authorization: 'Bearer key-of-a-test' });
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'gpt',
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is it?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'image_url', image_url: { url: 'data:image/webp;base64,REVG' } }],
        },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.5,
      max_completion_tokens: 5,
    });
  });

  it('of a compatible service asks only what all of them know', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const provider = openai(server.origin, { dialect: COMPATIBLE, bearer: undefined });
    await hear(provider.chat({ ...hi, maxTokens: 5 }, { signal: never }));
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      model: 'gpt',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      max_tokens: 5,
    });
  });

  it.each([
    [{ type: 'object' }, true, { name: 'answer', schema: { type: 'object' }, strict: false }],
    [{ type: 'array' }, true, undefined],
    [{ type: 'object' }, false, undefined],
  ])('%j as the form of an answer, where the service takes one: %s', async (schema, takesSchema, sent) => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const provider = openai(server.origin, { dialect: { ...OWN, takesSchema } });
    await hear(provider.chat({ ...hi, answerSchema: schema }, { signal: never }));
    expect(JSON.parse(server.requests[0]?.body ?? '').response_format).toEqual(
      sent && { type: 'json_schema', json_schema: sent },
    );
  });

  it('tells what is left of the allowance', async () => {
    const server = await serve(({ write }) =>
      write(
        whole(200, good, {
          ...SSE,
          'x-ratelimit-remaining-requests': '59',
          'x-ratelimit-reset-requests': '6m0s',
        }),
      ),
    );
    const { heard } = await hear(openai(server.origin, { now: () => 1000 }).chat(hi, { signal: never }));
    expect(heard[0]).toEqual({ kind: 'rate_limit', remaining: 59, resetAt: 361_000 });
  });
});

describe('the name of the longest answer', () => {
  const limited: ChatRequest = { ...hi, maxTokens: 5 };
  const names = (requests: readonly { readonly body: string }[]): readonly (string | undefined)[] =>
    requests.map(({ body }) => Object.keys(JSON.parse(body)).find((key) => key.startsWith('max_')));

  it.each([
    ['max_completion_tokens', 'max_tokens', OWN, 'Unrecognized request argument: max_completion_tokens'],
    [
      'max_tokens',
      'max_completion_tokens',
      COMPATIBLE,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ],
  ] as const)('%s gives way to %s once, and for all later questions', async (first, other, dialect, says) => {
    const server = await serve(({ write, request }) =>
      write(JSON.parse(request.body)[first] === undefined ? whole(200, good, SSE) : refusal(says)),
    );
    const provider = openai(server.origin, { dialect });
    const { heard, error } = await hear(provider.chat(limited, { signal: never }));
    expect(error).toBeUndefined();
    expect(heard[0]).toEqual({ kind: 'text', text: 'hello' });
    await hear(provider.chat(limited, { signal: never }));
    expect(names(server.requests)).toEqual([first, other, other]);
  });

  it.each([
    ['its value is refused', 'max_completion_tokens is too large: 5. This model supports at most 4.'],
    ['something else is refused', "Unsupported value: 'temperature' does not support 0 with this model."],
  ])('stays when %s', async (_, says) => {
    const server = await serve(({ write }) => write(refusal(says)));
    const { error } = await hear(openai(server.origin).chat(limited, { signal: never }));
    expect(error && facts(error)).toEqual({
      code: 'invalid_request',
      exit: 2,
      message: `127.0.0.1:${server.port} does not accept the request: ${says.replace(/\.$/, '')}.`,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('is tried no third way', async () => {
    const server = await serve(({ write }) =>
      write(refusal('Unknown parameters: max_tokens, max_completion_tokens')),
    );
    const { error } = await hear(openai(server.origin).chat(limited, { signal: never }));
    expect(error?.code).toBe('invalid_request');
    expect(names(server.requests)).toEqual(['max_completion_tokens', 'max_tokens']);
  });
});

describe('a failure of OpenAI', () => {
  const ofError = (status: number, error: object, headers = {}): Buffer =>
    whole(status, JSON.stringify({ error }), { ...JSON_TYPE, ...headers });

  it.each([
    [429, { message: 'You exceeded it.', type: 'insufficient_quota', code: 'insufficient_quota' }],
    [429, { message: 'Nothing left.', code: 'credit_balance_exhausted' }],
    [429, { message: 'Limit of the project.', code: 'project_spend_limit_reached' }],
  ])('%d %j is not asked again', async (status, body) => {
    const server = await serve(({ write }) => write(ofError(status, body)));
    const { heard, error } = await hear(openai(server.origin).chat(hi, { signal: never }));
    expect([heard, error?.code, error?.exitCode]).toEqual([[], 'quota_exceeded', 7]);
    expect(server.requests).toHaveLength(1);
  });

  it('that asks for patience is asked again after its own time, in whole seconds', async () => {
    const limit = { message: 'Slow down.', type: 'requests', code: 'rate_limit_exceeded' };
    const server = await serve(({ write, index }) =>
      write(index === 0 ? ofError(429, limit, { 'retry-after-ms': '1500' }) : whole(200, good, SSE)),
    );
    const waits: number[] = [];
    const { error } = await hear(openai(server.origin, patience(waits)).chat(hi, { signal: never }));
    expect([error, waits]).toEqual([undefined, [2000]]);
  });

  it('names the variable whose key was refused, and never the key', async () => {
    const server = await serve(({ write }) =>
      write(
        ofError(
          401,
          { message: 'Incorrect API key provided: key-of-a-test.', code: 'invalid_api_key' },
          { 'x-request-id': 'req_1' },
        ),
      ),
    );
    const { error } = await hear(openai(server.origin).chat(hi, { signal: never }));
    expect(error && { ...facts(error), hint: error.hint, id: error.requestId }).toEqual({
      code: 'credential_rejected',
      exit: 4,
      message: `127.0.0.1:${server.port} refused the credential from OPENAI_API_KEY: Incorrect API key provided: [redacted].`,
      hint: 'Mend it with: read -rs OPENAI_API_KEY && export OPENAI_API_KEY',
      id: 'req_1',
    });
  });

  it('for want of the model says how to see which there are', async () => {
    const server = await serve(({ write }) =>
      write(ofError(404, { message: 'No such model.', code: 'model_not_found' })),
    );
    const { error } = await hear(openai(server.origin).chat(hi, { signal: never }));
    expect([error?.exitCode, error?.hint]).toEqual([3, 'List the models with: mira models -p openai']);
  });

  it('that comes from something else names the setting of the address', async () => {
    const server = await serve(({ write }) =>
      write(whole(200, '<html></html>', { 'content-type': 'text/html' })),
    );
    const { error } = await hear(openai(server.origin).chat(hi, { signal: never }));
    expect([error?.exitCode, error?.hint]).toEqual([
      9,
      'Check the address of the service (OPENAI_BASE_URL).',
    ]);
  });

  it('that wants a key where none was sent says how to give it one', async () => {
    const server = await serve(({ write }) => write(ofError(401, { message: 'Who are you?' })));
    const provider = openai(server.origin, { bearer: undefined, withoutKey: 'Give it a key.' });
    const { error } = await hear(provider.chat(hi, { signal: never }));
    expect([error?.exitCode, error?.hint]).toEqual([4, 'Give it a key.']);
  });
});

describe('the models of OpenAI', () => {
  it('are listed with the key', async () => {
    const list = { object: 'list', data: [{ id: 'gpt', owned_by: 'openai' }, { id: 'o' }] };
    const server = await serve(({ write }) => write(whole(200, JSON.stringify(list), JSON_TYPE)));
    expect(await openai(server.origin).models({ signal: never })).toEqual([
      { id: 'gpt', ownedBy: 'openai' },
      { id: 'o' },
    ]);
    expect(server.requests[0]).toMatchObject({
      path: '/v1/models',
      headers: { authorization: 'Bearer key-of-a-test' },
    });
  });

  it('that are no list are an error that names the setting of the address', async () => {
    const server = await serve(({ write }) => write(whole(200, '{"ok":true}', JSON_TYPE)));
    const error = await failureOf(openai(server.origin).models({ signal: never }));
    expect([error.code, error.hint]).toEqual([
      'malformed_response',
      'Check the address of the service (OPENAI_BASE_URL).',
    ]);
  });
});
