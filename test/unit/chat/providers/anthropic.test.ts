import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../../src/chat/provider.ts';
import { createAnthropicProvider } from '../../../../src/chat/providers/anthropic.ts';
import type { AnthropicOptions } from '../../../../src/chat/providers/anthropic.ts';
import { whole } from '../../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../../api/open-http.ts';
import { hear, keyFrom, never, patience } from '../support/hear.ts';

const SSE = { 'content-type': 'text/event-stream' };
const JSON_TYPE = { 'content-type': 'application/json' };
const hi: ChatRequest = { model: 'claude', messages: [{ role: 'user', text: 'hi' }] };

const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const good =
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hello' } }) +
  event('message_delta', { delta: { stop_reason: 'end_turn' } }) +
  event('message_stop');

function anthropic(origin: string, options: Partial<AnthropicOptions> = {}) {
  return createAnthropicProvider({
    id: 'anthropic',
    http: openHttp(),
    baseUrl: new URL('/', origin),
    bearer: keyFrom('ANTHROPIC_API_KEY', 'key-of-a-test'),
    isAnthropic: true,
    addressFrom: 'ANTHROPIC_BASE_URL',
    ...patience(),
    ...options,
  });
}

const refusal = (status: number, error: object, headers = {}): Buffer =>
  whole(status, JSON.stringify({ type: 'error', error, request_id: 'req_1' }), { ...JSON_TYPE, ...headers });

describe('a question to Anthropic', () => {
  it('tells the task apart, always says how long an answer may be, and carries pictures', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const request: ChatRequest = {
      model: 'claude',
      messages: [
        { role: 'system', text: 'be brief' },
        { role: 'user', text: 'hi' },
        { role: 'assistant', text: 'Hello.' },
        { role: 'user', text: 'what is it?', images: [{ mediaType: 'image/png', base64: 'QUJD' }] },
        { role: 'user', text: '', images: [{ mediaType: 'image/gif', base64: 'REVG' }] },
      ],
    };
    const { heard, error } = await hear(anthropic(server.origin).chat(request, { signal: never }));
    expect([heard, error]).toEqual([
      [
        { kind: 'text', text: 'hello' },
        { kind: 'finish', finishReason: 'stop' },
      ],
      undefined,
    ]);
    const [sent] = server.requests;
    expect(sent).toMatchObject({
      method: 'POST',
      path: '/v1/messages',
      headers: { 'x-api-key': 'key-of-a-test', 'anthropic-version': '2026-10-21' },
    });
    expect(sent?.headers).not.toHaveProperty('authorization');
    const picture = (media: string, data: string): object => ({
      type: 'image',
      source: { type: 'base64', media_type: media, data },
    });
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'claude',
      max_tokens: 8192,
      system: 'be brief',
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: [picture('image/png', 'QUJD'), { type: 'text', text: 'what is it?' }] },
        { role: 'user', content: [picture('image/gif', 'REVG')] },
      ],
      stream: true,
    });
  });

  it.each([
    ['the current version', {}, hi, '2026-10-21', undefined],
    [
      'the earlier version for a temperature, which the current one refuses',
      {},
      { ...hi, temperature: 0 },
      '2023-06-01',
      0,
    ],
    ['the earlier version of every other service', { isAnthropic: false }, hi, '2023-06-01', undefined],
  ] as const)('is asked in %s', async (_, options, request, version, temperature) => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    await hear(anthropic(server.origin, options).chat({ ...request, maxTokens: 5 }, { signal: never }));
    expect(server.requests[0]?.headers['anthropic-version']).toBe(version);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({ max_tokens: 5 });
    expect(JSON.parse(server.requests[0]?.body ?? '').temperature).toBe(temperature);
  });

  it('with a temperature that no model takes is not sent', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const { error } = await hear(
      anthropic(server.origin).chat({ ...hi, temperature: 1.1 }, { signal: never }),
    );
    expect([error?.code, error?.exitCode, server.requests]).toEqual(['invalid_input', 2, []]);
  });

  it('tells what is left of the allowance', async () => {
    const server = await serve(({ write }) =>
      write(
        whole(200, good, {
          ...SSE,
          'anthropic-ratelimit-requests-remaining': '49',
          'anthropic-ratelimit-requests-reset': '2027-01-15T08:00:00Z',
        }),
      ),
    );
    const now = (): number => Date.parse('2027-01-15T07:59:00Z');
    const { heard } = await hear(anthropic(server.origin, { now }).chat(hi, { signal: never }));
    expect(heard[0]).toEqual({
      kind: 'rate_limit',
      remaining: 49,
      resetAt: Date.parse('2027-01-15T08:00:00Z'),
    });
  });
});

describe('a failure of Anthropic', () => {
  it.each([
    ['before the answer', refusal(529, { type: 'overloaded_error', message: 'Overloaded' })],
    [
      'after a status of 200',
      whole(200, event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }), SSE),
    ],
  ])('for too much work is asked again: %s', async (_, first) => {
    const server = await serve(({ write, index }) => write(index === 0 ? first : whole(200, good, SSE)));
    const waits: number[] = [];
    const { heard, error } = await hear(
      anthropic(server.origin, patience(waits)).chat(hi, { signal: never }),
    );
    expect([heard.map(({ kind }) => kind), error, waits]).toEqual([
      ['retry', 'text', 'finish'],
      undefined,
      [1000],
    ]);
  });

  it.each([
    'enforced_spend_limit_reached',
    'contract_spend_limit_reached',
    'linked_organization_spend_limit_reached',
  ])('%s is not asked again', async (code) => {
    const limit = { type: 'rate_limit_error', message: 'No more.', details: { error_code: code } };
    const server = await serve(({ write }) => write(refusal(429, limit)));
    const { error } = await hear(anthropic(server.origin).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, server.requests.length]).toEqual(['quota_exceeded', 7, 1]);
  });

  it.each([
    [402, { type: 'billing_error', message: 'Pay first.' }, 'quota_exceeded', 7],
    [
      400,
      { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' },
      'quota_exceeded',
      7,
    ],
    [403, { type: 'permission_error', message: 'Not yours.' }, 'forbidden', 5],
    [404, { type: 'not_found_error', message: 'model: claude' }, 'model_not_found', 3],
    [413, { type: 'request_too_large', message: 'Too large.' }, 'input_too_large', 2],
  ] as const)('%d %j', async (status, body, code, exit) => {
    const server = await serve(({ write }) => write(refusal(status, body)));
    const { error } = await hear(anthropic(server.origin).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, server.requests.length]).toEqual([code, exit, 1]);
  });

  it('names the variable whose key was refused, and the request', async () => {
    const server = await serve(({ write }) =>
      write(
        refusal(
          401,
          { type: 'authentication_error', message: 'invalid x-api-key' },
          { 'request-id': 'req_1' },
        ),
      ),
    );
    const { error } = await hear(anthropic(server.origin).chat(hi, { signal: never }));
    expect(error && { ...facts(error), hint: error.hint, id: error.requestId }).toEqual({
      code: 'credential_rejected',
      exit: 4,
      message: `127.0.0.1:${server.port} refused the credential from ANTHROPIC_API_KEY: invalid x-api-key.`,
      hint: 'Mend it with: read -rs ANTHROPIC_API_KEY && export ANTHROPIC_API_KEY',
      id: 'req_1',
    });
  });
});

describe('the models of Anthropic', () => {
  const page = (ids: readonly string[], more: boolean): Buffer =>
    whole(
      200,
      JSON.stringify({ data: ids.map((id) => ({ type: 'model', id })), has_more: more, last_id: ids.at(-1) }),
      JSON_TYPE,
    );

  it('are read page after page', async () => {
    const server = await serve(({ write, request }) =>
      write(request.path.includes('after_id=b') ? page(['c'], false) : page(['a', 'b'], true)),
    );
    const models = await anthropic(server.origin).models({ signal: never });
    expect(models.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(server.requests.map(({ path, headers }) => [path, headers['x-api-key']])).toEqual([
      ['/v1/models?limit=1000', 'key-of-a-test'],
      ['/v1/models?limit=1000&after_id=b', 'key-of-a-test'],
    ]);
  });

  it('end even where the service says that there are always more', async () => {
    const server = await serve(({ write, index }) => write(page([`m${index}`], true)));
    expect(await anthropic(server.origin).models({ signal: never })).toHaveLength(20);
    const same = await serve(({ write }) => write(page(['m'], true)));
    expect(await anthropic(same.origin).models({ signal: never })).toHaveLength(2);
  });

  it('that are no list are an error that names the setting of the address', async () => {
    const server = await serve(({ write }) => write(whole(200, '{"ok":true}', JSON_TYPE)));
    const error = await failureOf(anthropic(server.origin).models({ signal: never }));
    expect([error.code, error.hint]).toEqual([
      'malformed_response',
      'Check the address of the service (ANTHROPIC_BASE_URL).',
    ]);
  });
});
