/** Every row of the tables of odd streams, once, against the built program: the text, or the sentence, and the exit code. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { completionsStreams } from '../support/odd-streams/completions.ts';
import { messagesStreams } from '../support/odd-streams/messages.ts';
import type { OddStream, Reading } from '../support/odd-streams/odd-stream.ts';
import { NDJSON, ollamaStreams } from '../support/odd-streams/ollama.ts';
import { recordedStreams } from '../support/recordings.ts';
import { startRawServer, whole } from '../support/raw-server.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';

interface Table {
  readonly provider: string;
  readonly type: string;
  readonly env: (origin: string) => Environment;
  readonly rows: readonly OddStream[];
}

const key = (prefix: string): string => `${prefix}-${randomBytes(20).toString('hex')}`;

const TABLES: readonly Table[] = [
  {
    provider: 'mira',
    type: 'text/event-stream',
    env: (origin) => ({ MIRA_API_URL: `${origin}/v1`, MIRA_API_KEY: key('sk-mira') }),
    rows: [...recordedStreams('completions'), ...completionsStreams],
  },
  {
    provider: 'anthropic',
    type: 'text/event-stream',
    env: (origin) => ({ ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: key('sk-ant') }),
    rows: [...recordedStreams('messages'), ...messagesStreams],
  },
  {
    provider: 'ollama',
    type: NDJSON,
    env: (origin) => ({ OLLAMA_BASE_URL: origin }),
    rows: [...recordedStreams('ollama'), ...ollamaStreams],
  },
  {
    provider: 'bedrock',
    type: 'application/vnd.amazon.eventstream',
    env: (origin) => ({
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin,
      AWS_BEARER_TOKEN_BEDROCK: randomBytes(20).toString('hex'),
      AWS_REGION: 'eu-central-1',
    }),
    rows: recordedStreams('bedrock'),
  },
];

describe.concurrent.each(TABLES)('$provider', ({ provider, type: usual, env, rows }) => {
  test.each(rows)('$name', async ({ body, type = usual, expected }) => {
    await using server = await serving(whole(200, body, { 'content-type': type }));
    const line = ['chat', 'x', '-m', `${provider}/m`, '--retries', '0', '--no-save', '--json'];
    const { code, stdout, stderr } = await runMira(line, { env: env(server.origin) });

    const host = `127.0.0.1:${server.port}`;
    expect({ code, ...toldIn(stdout) }).toEqual(told(expected, host));
    expect(stderr.split('\n')[0]).toBe(
      expected.error === undefined ? '' : `mira: ${expected.error.message.replace('api.example', host)}`,
    );
    expect(server.requests).toHaveLength(1);
  });
});

async function serving(answer: Uint8Array) {
  const server = await startRawServer(async ({ write, end }) => {
    await write(answer);
    end();
  });
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

/** What of the printed object a row decides. */
function toldIn(stdout: string): object {
  const { schema, text, reasoning, usage, finish_reason: finishReason, error, ...rest } = JSON.parse(stdout);
  if (schema === 'mira.chat/1') return { text, reasoning, usage, finishReason, toolCalls: rest.tool_calls };
  return { error: error.code, exitCode: error.exit_code, message: error.message, partial: error.partial };
}

/** The reading of a row in the same form. */
function told({ events, error }: Reading, host: string): object {
  const all = (kind: 'text' | 'reasoning'): string =>
    events.flatMap((event) => (event.kind === kind ? [event.text] : [])).join('');
  const text = all('text');
  if (error !== undefined) {
    return {
      code: error.exit,
      error: error.code,
      exitCode: error.exit,
      message: error.message.replace('api.example', host),
      partial: text === '' ? undefined : { text },
    };
  }
  const usage = events.find((event) => event.kind === 'usage')?.usage;
  const calls = events.filter((event) => event.kind === 'tool_call').map(({ kind: _kind, ...call }) => call);
  return {
    code: 0,
    text,
    reasoning: all('reasoning') || undefined,
    usage: usage && {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    finishReason: events.find((event) => event.kind === 'finish')?.finishReason,
    toolCalls: calls.length === 0 ? undefined : calls,
  };
}
