import { describe, expect, test } from 'vitest';
import type { Fault } from '../../support/platform/faults.ts';
import { startPlatform, type Platform } from '../../support/platform/start-platform.ts';

const DISCOVERY = '/.well-known/openid-configuration';
const discover = (platform: Platform, signal?: AbortSignal) =>
  fetch(`${platform.issuer}${DISCOVERY}`, signal === undefined ? {} : { signal });

async function platformWith(...faults: Fault[]): Promise<Platform> {
  const platform = await startPlatform();
  platform.faults.push(...faults);
  return platform;
}

async function startStream(platform: Platform): Promise<Response> {
  return fetch(`${platform.apiUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${platform.mintKey()}` },
    body: JSON.stringify({ model: 'mira', stream: true, messages: [{ role: 'user', content: 'zzzz' }] }),
  });
}

/** What arrived, and how it ended. */
async function readAll(
  answer: Response,
): Promise<{ readonly events: number; readonly end: 'done' | 'cut' | 'broken' }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const piece of answer.body ?? [])
      text += decoder.decode(piece as Uint8Array, { stream: true });
  } catch {
    return { events: count(text), end: 'broken' };
  }
  return { events: count(text), end: text.includes('[DONE]') ? 'done' : 'cut' };
}

function count(text: string): number {
  return text.split('\n\n').length - 1;
}

describe('the queue', () => {
  test('uses a fault once, in order, at its own endpoint only', async () => {
    await using platform = await platformWith(
      { at: 'discovery', kind: 'status', status: 500, body: '<h1>Oops</h1>' },
      { at: 'chat', kind: 'drop' },
      {
        at: 'discovery',
        kind: 'status',
        status: 429,
        body: { detail: 'slow' },
        headers: { 'retry-after': '7' },
      },
    );
    const first = await discover(platform);
    const second = await discover(platform);
    const third = await discover(platform);

    expect([first.status, first.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect([second.status, second.headers.get('retry-after'), await second.json()]).toEqual([
      429,
      '7',
      { detail: 'slow' },
    ]);
    expect(third.status).toBe(200);
    expect(platform.faults.pending).toBe(1);
  });

  test('repeats as often as `times` says and waits for the request that `when` describes', async () => {
    await using platform = await platformWith({
      at: 'discovery',
      kind: 'status',
      status: 503,
      times: 2,
      when: ({ query }) => query.has('hit'),
    });
    const ask = async (query: string) => (await fetch(`${platform.issuer}${DISCOVERY}${query}`)).status;

    expect([await ask(''), await ask('?hit'), await ask('?hit'), await ask('?hit')]).toEqual([
      200, 503, 503, 200,
    ]);
  });
});

describe('faults of any answer', () => {
  test('drop: nothing is processed; dropAfter: processed, and the answer lost', async () => {
    await using platform = await platformWith(
      { at: 'device', kind: 'drop' },
      { at: 'device', kind: 'dropAfter' },
    );
    const ask = () =>
      fetch(`${platform.issuer}/device/auth`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: platform.clientId, scope: 'openid' }),
      });

    await expect(ask()).rejects.toThrow('fetch failed');
    expect(platform.pendingUserCodes()).toHaveLength(0);
    await expect(ask()).rejects.toThrow('fetch failed');
    expect(platform.pendingUserCodes()).toHaveLength(1);
  });

  test('hold: nothing is processed until the test says so', async () => {
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    await using platform = await platformWith({ at: 'device', kind: 'hold', until });
    const asking = fetch(`${platform.issuer}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: platform.clientId, scope: 'openid' }),
    });
    await expect.poll(() => platform.faults.pending).toBe(0);

    expect(platform.pendingUserCodes()).toHaveLength(0);
    release();
    expect((await asking).status).toBe(200);
    expect(platform.pendingUserCodes()).toHaveLength(1);
  });

  test('hang: no answer while the client waits, and closing the platform does not wait either', async () => {
    await using platform = await platformWith({ at: 'discovery', kind: 'hang' });
    const abort = new AbortController();
    const answer = discover(platform, abort.signal).then(
      () => 'answered',
      (error: Error) => error.name,
    );
    await expect.poll(() => platform.requests.length).toBe(1);
    abort.abort();

    expect(await answer).toBe('AbortError');
    expect(platform.requests[0]?.status).toBeUndefined();
  });

  test('slow_down, raw and tamper', async () => {
    await using platform = await platformWith(
      { at: 'token', kind: 'slow_down' },
      { at: 'discovery', kind: 'raw', body: '{"issuer": ' },
      { at: 'discovery', kind: 'tamper', change: (json) => ({ ...json, issuer: 'https://other.test' }) },
    );
    const token = await fetch(`${platform.issuer}/token`, { method: 'POST', body: new URLSearchParams() });

    expect([token.status, await token.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'slow_down' }),
    ]);
    expect(await (await discover(platform)).text()).toBe('{"issuer": ');
    expect(await (await discover(platform)).json()).toMatchObject({
      issuer: 'https://other.test',
      token_endpoint: `${platform.issuer}/token`,
    });
  });
});

test('a fault that cannot be applied answers 500 and is told as a problem of the platform', async () => {
  await using platform = await platformWith({ at: 'discovery', kind: 'tamper', change: () => fail() });

  expect((await discover(platform)).status).toBe(500);
  expect(platform.problems).toEqual([new Error('no')]);
});

function fail(): never {
  throw new Error('no');
}

describe('faults of a stream', () => {
  test('cut ends in order, reset breaks, both after exactly the chunks asked for', async () => {
    await using platform = await platformWith(
      { at: 'chat', kind: 'cutStream', afterChunks: 3 },
      { at: 'chat', kind: 'resetStream', afterChunks: 4 },
      { at: 'chat', kind: 'emptyStream' },
    );

    expect(await readAll(await startStream(platform))).toEqual({ events: 3, end: 'cut' });
    expect(await readAll(await startStream(platform))).toEqual({ events: 4, end: 'broken' });
    expect(await readAll(await startStream(platform))).toEqual({ events: 0, end: 'cut' });
    expect((await readAll(await startStream(platform))).end).toBe('done');
  });

  test('stall keeps the stream open and silent; slow waits before every chunk', async () => {
    await using platform = await platformWith(
      { at: 'chat', kind: 'stallStream', afterChunks: 2 },
      { at: 'chat', kind: 'slowStream', delayMs: 5 },
    );
    const stalled = await startStream(platform);
    const reader = stalled.body?.getReader();
    const decoder = new TextDecoder();
    let seen = '';
    while (count(seen) < 2) {
      const piece = await reader?.read();
      if (piece === undefined || piece.done) break;
      seen += decoder.decode(piece.value, { stream: true });
    }
    const more = reader?.read().then(() => 'more');
    const before = performance.now();
    const slow = await readAll(await startStream(platform));

    expect(slow.end).toBe('done');
    // Timers may fire a little early; without the pause a stream takes less than a tenth of this.
    expect(performance.now() - before).toBeGreaterThan(slow.events * 4);
    expect(await Promise.race([more, Promise.resolve('silent')])).toBe('silent');
    expect(count(seen)).toBe(2);
    await reader?.cancel();
  });
});

describe('the record of requests', () => {
  test('keeps method, path, headers, fields and status, and can be waited for', async () => {
    await using platform = await startPlatform();
    const coming = platform.waitForRequest(({ point }) => point === 'device');
    await fetch(`${platform.issuer}/device/auth?x=1`, {
      method: 'POST',
      headers: { 'x-mine': 'yes' },
      body: new URLSearchParams({ client_id: platform.clientId, scope: 'openid' }),
    });

    expect(await coming).toMatchObject({
      server: 'issuer',
      method: 'POST',
      path: '/device/auth',
      fields: { client_id: 'mira-cli', scope: 'openid' },
      status: 200,
    });
    expect(platform.requests[0]?.headers['x-mine']).toBe('yes');
    await expect(platform.waitForRequest(() => false, 5)).rejects.toThrow('POST /device/auth 200');
  });
});
