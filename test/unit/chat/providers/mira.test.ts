import { describe, expect, it } from 'vitest';

import type { Bearer, BearerSource } from '../../../../src/api/bearer.ts';
import type { ChatEvent, ChatRequest } from '../../../../src/chat/provider.ts';
import { createMiraProvider } from '../../../../src/chat/providers/mira.ts';
import type { MiraProviderOptions } from '../../../../src/chat/providers/mira.ts';
import { MiraError } from '../../../../src/errors.ts';
import { silentLog } from '../../../../src/log.ts';
import { chunk, head, whole } from '../../../support/raw-server.ts';
import type { RawServer } from '../../../support/raw-server.ts';
import { facts, failureOf, openHttp, serve } from '../../api/open-http.ts';
import { DONE, finish, text } from '../../../support/odd-streams/completions.ts';
import { append } from '../wire.ts';

const SSE = { 'content-type': 'text/event-stream' };
const hi: ChatRequest = { model: 'mira', messages: [{ role: 'user', text: 'hi' }] };
const good = text('hello') + finish() + DONE;

function credential(value: string, refreshable = false): Bearer {
  return { value, source: 'the session of profile work', mend: 'mira auth login', refreshable };
}

const fixed: BearerSource = { get: async () => credential('token-1') };

interface Waits {
  readonly waits: number[];
}

function provider(server: RawServer, options: Partial<MiraProviderOptions> = {}) {
  const waits: number[] = [];
  const mira = createMiraProvider({
    http: openHttp(),
    baseUrl: new URL(server.origin),
    bearer: fixed,
    retries: 4,
    sleep: async (ms) => void waits.push(ms),
    now: Date.now,
    random: () => 0,
    log: silentLog,
    ...options,
  });
  return Object.assign(mira, { waits } satisfies Waits);
}

/** Everything an answer gives, and the error it ends with. */
async function hear(events: AsyncIterable<ChatEvent>) {
  const heard: ChatEvent[] = [];
  try {
    for await (const event of events) append(heard, event);
    return { heard, error: undefined };
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    return { heard, error };
  }
}

const anySignal = (): AbortSignal => new AbortController().signal;

describe('a question to the platform', () => {
  it('sends what the platform documents and nothing else', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    const mira = provider(server);
    const request: ChatRequest = {
      model: 'mira-pro',
      messages: [
        { role: 'system', text: 'be brief' },
        { role: 'user', text: 'half an emoji: \ud83d' },
      ],
      maxTokens: 5,
      temperature: 0,
    };
    const { heard, error } = await hear(mira.chat(request, { signal: anySignal() }));
    expect(error).toBeUndefined();
    expect(heard).toEqual([
      { kind: 'text', text: 'hello' },
      { kind: 'finish', finishReason: 'stop' },
    ]);
    const [sent] = server.requests;
    expect(sent).toMatchObject({ method: 'POST', path: '/v1/chat/completions' });
    expect(sent?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'content-type': 'application/json',
    });
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      model: 'mira-pro',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'half an emoji: \ufffd' },
      ],
      stream: true,
      temperature: 0,
      max_tokens: 5,
    });
  });

  it('leaves out what was not asked for', async () => {
    const server = await serve(({ write }) => write(whole(200, good, SSE)));
    await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(Object.keys(JSON.parse(server.requests[0]?.body ?? ''))).toEqual(['model', 'messages', 'stream']);
  });

  it.each(['', '/', '/v1', '/v1/'])(
    'goes to the same place for the base address ending in %j',
    async (path) => {
      const server = await serve(({ write }) => write(whole(200, good, SSE)));
      await hear(
        provider(server, { baseUrl: new URL(server.origin + path) }).chat(hi, { signal: anySignal() }),
      );
      expect(server.requests[0]?.path).toBe('/v1/chat/completions');
    },
  );

  it('reports what is left of the allowance before the text', async () => {
    const server = await serve(({ write }) =>
      write(whole(200, good, { ...SSE, 'X-RateLimit-Remaining': '41', 'X-RateLimit-Reset': '1800000000' })),
    );
    const { heard } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(heard[0]).toEqual({ kind: 'rate_limit', remaining: 41, resetAt: 1_800_000_000_000 });
  });

  it('refuses a redirect, and shows its target', async () => {
    const server = await serve(({ write }) => write(whole(308, '', { location: 'https://evil.test/' })));
    const { error } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(error).toMatchObject({ code: 'redirect_refused', exitCode: 9 });
  });
});

describe('a refused credential', () => {
  const renewing = (): BearerSource & { readonly asked: (string | undefined)[] } => {
    const asked: (string | undefined)[] = [];
    return {
      asked,
      async get(options = {}) {
        asked.push(options.rejected);
        return credential(options.rejected === undefined ? 'old' : 'new', true);
      },
    };
  };

  it('is exchanged once, and the question is sent again', async () => {
    const server = await serve(({ write, request }) =>
      request.headers['authorization'] === 'Bearer new'
        ? write(whole(200, good, SSE))
        : write(whole(401, '{"detail":"Invalid token"}')),
    );
    const bearer = renewing();
    const { heard, error } = await hear(provider(server, { bearer }).chat(hi, { signal: anySignal() }));
    expect(error).toBeUndefined();
    expect(heard[0]).toEqual({ kind: 'text', text: 'hello' });
    expect(bearer.asked).toEqual([undefined, 'old']);
    expect(server.requests).toHaveLength(2);
  });

  it('that is refused again ends with where it came from and what to do', async () => {
    const server = await serve(({ write }) => write(whole(401, '{"detail":"Session revoked"}')));
    const mira = provider(server, { bearer: renewing() });
    const { error } = await hear(mira.chat(hi, { signal: anySignal() }));
    expect(error && facts(error)).toEqual({
      code: 'credential_rejected',
      exit: 4,
      message: `127.0.0.1:${server.port} refused the credential from the session of profile work: Session revoked.`,
    });
    expect(error?.hint).toBe('Mend it with: mira auth login');
    expect(server.requests).toHaveLength(2);
    expect(mira.waits).toEqual([]);
  });

  it('that cannot be exchanged is not tried again', async () => {
    const server = await serve(({ write }) => write(whole(401, '')));
    const { error } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(error?.code).toBe('credential_rejected');
    expect(server.requests).toHaveLength(1);
  });
});

describe('a busy service', () => {
  it('is asked again, and each wait is told', async () => {
    const server = await serve(({ write, index, reset }) => {
      if (index === 0) return write(whole(503, '{"detail":"Backend unavailable"}'));
      if (index === 1) return write(whole(429, '{"detail":"Slow down"}', { 'retry-after': '7' }));
      if (index === 2) return reset();
      return write(whole(200, good, SSE));
    });
    const mira = provider(server);
    const { heard, error } = await hear(mira.chat(hi, { signal: anySignal() }));
    expect(error).toBeUndefined();
    const host = `127.0.0.1:${server.port}`;
    expect(heard).toEqual([
      {
        kind: 'retry',
        attempt: 1,
        afterMs: 1000,
        reason: `${host} failed (status 503): Backend unavailable.`,
      },
      {
        kind: 'retry',
        attempt: 2,
        afterMs: 7000,
        reason: `${host} limits how often it may be asked: Slow down; it answers again in 7 s.`,
      },
      { kind: 'retry', attempt: 3, afterMs: 4000, reason: `Cannot reach ${host}: the connection was reset.` },
      { kind: 'text', text: 'hello' },
      { kind: 'finish', finishReason: 'stop' },
    ]);
    expect(mira.waits).toEqual([1000, 7000, 4000]);
  });

  it('is asked four times more and no more', async () => {
    const server = await serve(({ write }) => write(whole(500, '')));
    const mira = provider(server);
    const { error } = await hear(mira.chat(hi, { signal: anySignal() }));
    expect(error).toMatchObject({ code: 'server_error', exitCode: 9, status: 500 });
    expect(mira.waits).toEqual([1000, 2000, 4000, 8000]);
    expect(server.requests).toHaveLength(5);
  });

  it('is not asked again when no retries are wanted, or it says so itself', async () => {
    const server = await serve(({ write }) => write(whole(500, '', { 'x-should-retry': 'false' })));
    await hear(provider(server).chat(hi, { signal: anySignal() }));
    await hear(provider(server, { retries: 0 }).chat(hi, { signal: anySignal() }));
    expect(server.requests).toHaveLength(2);
  });

  it.each([400, 402, 403, 404, 413, 422])('is not asked again after a %d', async (status) => {
    const server = await serve(({ write }) => write(whole(status, '')));
    await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(server.requests).toHaveLength(1);
  });

  it('that wants more than a minute is not waited for', async () => {
    const server = await serve(({ write }) =>
      write(whole(429, '{"detail":"Slow down"}', { 'retry-after': '7500' })),
    );
    const mira = provider(server);
    const { heard, error } = await hear(mira.chat(hi, { signal: anySignal() }));
    expect(heard).toEqual([]);
    expect(error).toMatchObject({ code: 'rate_limited', exitCode: 7, retryAfterS: 7500 });
    expect(error?.message).toMatch(/it answers again in 2 h 05 min \(\d\d:\d\d\)\.$/);
    expect(mira.waits).toEqual([]);
  });

  it('with an error inside the stream is asked again only while nothing was shown', async () => {
    const overloaded = 'data: {"error":{"message":"full","code":"queue_full"}}\n\n';
    const server = await serve(({ write, index }) =>
      write(whole(200, index === 0 ? overloaded : text('some') + overloaded, SSE)),
    );
    const { heard, error } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(heard.map(({ kind }) => kind)).toEqual(['retry', 'text']);
    expect(error).toMatchObject({ code: 'server_error', partial: { text: 'some' } });
    expect(server.requests).toHaveLength(2);
  });

  it('is left at once when the wait is interrupted', async () => {
    const server = await serve(({ write }) => write(whole(503, '')));
    const controller = new AbortController();
    const reason = new MiraError('terminated', 'Stopped.');
    let asked = 0;
    const mira = provider(server, {
      bearer: {
        get: async () => {
          asked += 1;
          return credential('token-1');
        },
      },
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('woken')));
          controller.abort(reason);
        }),
    });
    const { error } = await hear(mira.chat(hi, { signal: controller.signal }));
    expect(error).toBe(reason);
    expect(asked).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('on this machine that is not running is not waited for', async () => {
    const server = await serve(() => {});
    await server.close();
    const mira = provider(server);
    const { error } = await hear(mira.chat(hi, { signal: anySignal() }));
    expect(error?.code).toBe('connection_refused');
    expect(mira.waits).toEqual([]);
  });
});

describe('an answer that stops', () => {
  const clocks = { silenceMs: 60, quietMs: 60 };
  const begin = head(200, { ...SSE, 'transfer-encoding': 'chunked' });

  it('at the end of the connection is cut, and what came is kept', async () => {
    const server = await serve(async ({ write, end }) => {
      await write(begin + chunk(text('so far')));
      end();
    });
    const { heard, error } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(heard).toEqual([{ kind: 'text', text: 'so far' }]);
    expect(error).toMatchObject({ code: 'stream_cut', exitCode: 9, partial: { text: 'so far' } });
    expect(server.requests).toHaveLength(1);
  });

  it('with a reset is a failure of the network, and what came is kept', async () => {
    const { promise: shown, resolve } = Promise.withResolvers<void>();
    const server = await serve(async ({ write, reset }) => {
      await write(begin + chunk(text('so far')));
      await shown;
      reset();
    });
    const heard: ChatEvent[] = [];
    const error = await failureOf(
      (async () => {
        for await (const event of provider(server).chat(hi, { signal: anySignal() })) {
          heard.push(event);
          resolve();
        }
      })(),
    );
    expect(heard).toEqual([{ kind: 'text', text: 'so far' }]);
    expect(error).toMatchObject({ code: 'connection_reset', exitCode: 6, partial: { text: 'so far' } });
  });

  it('and says nothing any more is a timeout, whatever comments it sends', async () => {
    const server = await serve(async ({ write, gone }) => {
      let open = true;
      void gone.then(() => (open = false));
      await write(begin + chunk(text('so far')));
      while (open) await write(chunk(': ping\n\n'));
    });
    const { error } = await hear(provider(server, { clocks }).chat(hi, { signal: anySignal() }));
    expect(error).toMatchObject({ code: 'timeout', exitCode: 6, partial: { text: 'so far' } });
    expect(error?.message).toBe(`127.0.0.1:${server.port} sent nothing for 0.06 s.`);
  });

  it.each([
    ['stays open', (): void => {}],
    ['resets', (reset: () => void): void => reset()],
  ])('after its finish reason and then %s is whole', async (_name, then) => {
    const server = await serve(async ({ write, reset }) => {
      await write(begin + chunk(text('all') + finish()));
      then(reset);
    });
    const { heard, error } = await hear(provider(server, { clocks }).chat(hi, { signal: anySignal() }));
    expect(error).toBeUndefined();
    expect(heard).toEqual([
      { kind: 'text', text: 'all' },
      { kind: 'finish', finishReason: 'stop' },
    ]);
  });

  it('with [DONE] is whole at once, though the connection stays open', async () => {
    const server = await serve(({ write }) => write(begin + chunk(good)));
    const slow = { silenceMs: 60_000, quietMs: 60_000 };
    const { heard, error } = await hear(provider(server, { clocks: slow }).chat(hi, { signal: anySignal() }));
    expect(error).toBeUndefined();
    expect(heard.at(-1)).toEqual({ kind: 'finish', finishReason: 'stop' });
  });

  it('because the person stopped it keeps what came', async () => {
    const controller = new AbortController();
    const server = await serve(({ write }) => write(begin + chunk(text('so far'))));
    const heard: ChatEvent[] = [];
    const error = await failureOf(
      (async () => {
        for await (const event of provider(server).chat(hi, { signal: controller.signal })) {
          heard.push(event);
          controller.abort();
        }
      })(),
    );
    expect(error).toMatchObject({ code: 'interrupted', exitCode: 130, partial: { text: 'so far' } });
  });

  it('lets the server see that the reader left', async () => {
    const { promise: left, resolve } = Promise.withResolvers<void>();
    const server = await serve(async ({ write, gone }) => {
      await write(begin + chunk(text('so far')));
      await gone;
      resolve();
    });
    for await (const event of provider(server).chat(hi, { signal: anySignal() })) {
      expect(event.kind).toBe('text');
      break;
    }
    await left;
  });

  it('larger than 64 MiB is given up', async () => {
    const megabyte = chunk(text('x'.repeat(1024 * 1024)));
    const server = await serve(async ({ write, gone }) => {
      let open = true;
      void gone.then(() => (open = false));
      await write(begin);
      while (open) await write(megabyte);
    });
    const { error } = await hear(provider(server).chat(hi, { signal: anySignal() }));
    expect(error).toMatchObject({ code: 'response_too_large', exitCode: 9 });
    expect(error?.partial?.text.length).toBeLessThanOrEqual(64 * 1024 * 1024);
  });
});

describe('the list of models', () => {
  const openai = '{"object":"list","data":[{"id":"mira","owned_by":"vmira"},{"id":7},null]}';
  const older =
    '{"default":"mira","models":[{"id":"mira","name":"Mira","context_window":32768,"max_output_tokens":4096}]}';

  it('is read from the place of the format', async () => {
    const server = await serve(({ write }) => write(whole(200, openai)));
    expect(await provider(server).models({ signal: anySignal() })).toEqual([
      { id: 'mira', ownedBy: 'vmira' },
    ]);
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/models']);
  });

  it.each([403, 404])('is read from the older place where the first answers %d', async (status) => {
    const server = await serve(({ write, request }) =>
      write(request.path === '/api/v1/models' ? whole(200, older) : whole(status, '{"detail":"Forbidden"}')),
    );
    expect(await provider(server).models({ signal: anySignal() })).toEqual([
      { id: 'mira', context: 32768, maxOutput: 4096 },
    ]);
  });

  it('that is nowhere is reported as the first place said', async () => {
    const server = await serve(({ write, request }) =>
      write(whole(request.path === '/v1/models' ? 403 : 404, '')),
    );
    const error = await failureOf(provider(server).models({ signal: anySignal() }));
    expect(error).toMatchObject({ code: 'forbidden', status: 403 });
  });

  it('is asked for without a credential when there is none, and with a new one when it is refused', async () => {
    const server = await serve(({ write, request }) =>
      write(request.headers['authorization'] === 'Bearer old' ? whole(401, '') : whole(200, openai)),
    );
    const none: BearerSource = {
      get: () => Promise.reject(new MiraError('not_signed_in', 'Not signed in.')),
    };
    expect(await provider(server, { bearer: none }).models({ signal: anySignal() })).toHaveLength(1);
    expect(server.requests[0]?.headers['authorization']).toBeUndefined();
    const renewing: BearerSource = {
      get: async (options = {}) => credential(options.rejected === undefined ? 'old' : 'new', true),
    };
    expect(await provider(server, { bearer: renewing }).models({ signal: anySignal() })).toHaveLength(1);
    expect(server.requests.at(-1)?.headers['authorization']).toBe('Bearer new');
  });

  it('that is something else is an error', async () => {
    const server = await serve(({ write }) => write(whole(200, '{"status":"ok"}')));
    const error = await failureOf(provider(server).models({ signal: anySignal() }));
    expect(error.code).toBe('malformed_response');
  });
});
