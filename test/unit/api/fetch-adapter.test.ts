import { describe, expect, it } from 'vitest';

import { asFetch } from '../../../src/api/fetch-adapter.ts';
import { whole } from '../../support/raw-server.ts';
import { failureOf, openHttp, serve } from './open-http.ts';

describe('fetch for libraries', () => {
  it('sends forms and gives back a Response', async () => {
    const server = await serve(({ write }) =>
      write(
        whole(400, '{"error":"slow_down"}', {
          'content-type': 'application/json',
          date: 'Fri, 20 Nov 2026 12:00:00 GMT',
        }),
      ),
    );
    const times: number[] = [];
    const fetch = asFetch(openHttp(), { onServerTime: (time) => times.push(time) });
    const response = await fetch(`${server.origin}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
      body: new URLSearchParams({ grant_type: 'x y' }),
    });
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ error: 'slow_down' });
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/token', body: 'grant_type=x+y' });
    expect(times).toEqual([Date.UTC(2026, 10, 20, 12)]);
  });

  it('gives an empty answer no body', async () => {
    const server = await serve(({ write }) => write('HTTP/1.1 204 No Content\r\n\r\n'));
    const response = await asFetch(openHttp())(server.origin);
    expect(response.status).toBe(204);
    expect(response.body).toBeNull();
  });

  it('throws our errors as themselves: connection, redirect, size, abort', async () => {
    const server = await serve(({ write, request, reset }) => {
      if (request.path === '/redirect') return write(whole(302, '', { location: 'https://evil.test/' }));
      if (request.path === '/large') return write(whole(200, 'x'.repeat(1024 * 1024 + 1)));
      if (request.path === '/reset') return reset();
      return undefined;
    });
    const fetch = asFetch(openHttp());
    const impatient = asFetch(openHttp(), { totalMs: 60 });
    expect((await failureOf(fetch(`${server.origin}/redirect`))).code).toBe('redirect_refused');
    expect((await failureOf(fetch(`${server.origin}/large`))).code).toBe('response_too_large');
    expect((await failureOf(fetch(`${server.origin}/reset`))).code).toBe('connection_reset');
    expect((await failureOf(impatient(`${server.origin}/silent`))).code).toBe('timeout');
    const aborted = fetch(`${server.origin}/silent`, { signal: AbortSignal.abort() });
    expect((await failureOf(aborted)).code).toBe('interrupted');
  });
});
