/**
 * One loopback server of the platform. It reads a request whole, records it, applies the fault that was queued
 * for it, and sends what the handler answers. Faults live here alone, so every endpoint can have every one.
 */
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { json, type Answer } from './answer.ts';
import type { Fault, FaultPoint, FaultQueue } from './faults.ts';
import type { PlatformRequest, RequestRecord } from './request-record.ts';

export interface Tls {
  readonly key: string;
  readonly cert: string;
}

export interface ServerOptions {
  readonly server: PlatformRequest['server'];
  readonly host: string;
  readonly tls?: Tls | undefined;
  readonly faults: FaultQueue;
  readonly record: RequestRecord;
  readonly onProblem: (problem: unknown) => void;
  readonly locate: (method: string, path: string) => FaultPoint | undefined;
}

export type Handler = (request: PlatformRequest, signal: AbortSignal) => Promise<Answer>;

export interface OpenServer {
  readonly origin: string;
  /** Until a handler is given, everything is answered 503. */
  handleWith(handler: Handler): void;
  close(): Promise<void>;
}

const LARGEST_BODY = 16 * 1024 * 1024;

export async function openServer(options: ServerOptions): Promise<OpenServer> {
  let handler: Handler = async () => json(503, { detail: 'Starting' });
  const closing = new AbortController();
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    serve({ options, handler, incoming, outgoing, closing: closing.signal }).catch((error: unknown) => {
      // A client that went away is no problem of ours.
      if (outgoing.destroyed) return;
      options.onProblem(error);
      if (outgoing.headersSent) outgoing.destroy();
      else outgoing.writeHead(500, { 'content-type': 'text/plain' }).end('The embedded platform failed.');
    });
  };
  const server =
    options.tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer({ key: options.tls.key, cert: options.tls.cert }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${options.tls === undefined ? 'http' : 'https'}://${options.host}:${port}`,
    handleWith(next) {
      handler = next;
    },
    async close() {
      closing.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

interface Exchange {
  readonly options: ServerOptions;
  readonly handler: Handler;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly closing: AbortSignal;
}

async function serve(exchange: Exchange): Promise<void> {
  const { options, handler, incoming, outgoing, closing } = exchange;
  const left = new AbortController();
  outgoing.on('close', () => left.abort());
  const signal = AbortSignal.any([closing, left.signal]);

  const request = await readRequest(options, incoming);
  const entry = options.record.add(request);
  const fault = request.point === undefined ? undefined : options.faults.take(request.point, request);

  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'drop') return void incoming.socket.destroy();
  if (fault?.kind === 'hold') await fault.until;
  const answer = answerInstead(fault) ?? (await handler(request, signal));
  if (fault?.kind === 'dropAfter') return void incoming.socket.destroy();
  const { status } = await send(outgoing, changed(answer, fault), signal, fault);
  entry.answered(status);
}

async function readRequest(options: ServerOptions, incoming: IncomingMessage): Promise<PlatformRequest> {
  const url = new URL(incoming.url ?? '/', 'http://platform');
  const method = incoming.method ?? 'GET';
  const body = await readBody(incoming);
  return {
    server: options.server,
    point: options.locate(method, url.pathname),
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    fields: parseFields(incoming.headers['content-type'] ?? '', body),
    at: Date.now(),
    status: undefined,
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming) {
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    if (size > LARGEST_BODY) throw new Error('Request body too large');
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseFields(contentType: string, body: string): Readonly<Record<string, unknown>> {
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  if (!contentType.startsWith('application/json')) return {};
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function answerInstead(fault: Fault | undefined): Answer | undefined {
  switch (fault?.kind) {
    case 'slow_down':
      return json(400, { error: 'slow_down', error_description: 'polling too fast' });
    case 'status': {
      const { status, body = '', headers = {} } = fault;
      if (typeof body !== 'string') return json(status, body, headers);
      const type = body.trimStart().startsWith('<') ? 'text/html' : 'text/plain';
      return { status, headers: { 'content-type': `${type}; charset=utf-8`, ...headers }, body };
    }
    case 'raw':
      return {
        status: 200,
        headers: { 'content-type': fault.contentType ?? 'application/json' },
        body: fault.body,
      };
    case 'emptyStream':
      return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: '' };
    default:
      return undefined;
  }
}

function changed(answer: Answer, fault: Fault | undefined): Answer {
  if (fault?.kind !== 'tamper') return answer;
  if (typeof answer.body !== 'string' && !Buffer.isBuffer(answer.body)) {
    throw new Error('A stream cannot be tampered with.');
  }
  const before = JSON.parse(answer.body.toString()) as Record<string, unknown>;
  return { ...answer, body: JSON.stringify(fault.change(before)) };
}

async function send(
  outgoing: ServerResponse,
  answer: Answer,
  signal: AbortSignal,
  fault?: Fault,
): Promise<{ readonly status: number }> {
  for (const [name, value] of Object.entries(answer.headers)) outgoing.setHeader(name, value);
  const { body, status } = answer;
  outgoing.statusCode = status;
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    outgoing.end(body);
  } else {
    outgoing.flushHeaders();
    await sendStream({ outgoing, body, signal, fault });
  }
  return { status };
}

interface Streaming {
  readonly outgoing: ServerResponse;
  readonly body: AsyncIterable<string>;
  readonly signal: AbortSignal;
  readonly fault: Fault | undefined;
}

async function sendStream({ outgoing, body, signal, fault }: Streaming): Promise<void> {
  const limit = fault !== undefined && 'afterChunks' in fault ? fault.afterChunks : Infinity;
  let sent = 0;
  for await (const piece of body) {
    if (sent >= limit) break;
    if (fault?.kind === 'slowStream') await delay(fault.delayMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await new Promise<void>((resolve) => outgoing.write(piece, () => resolve()));
    sent += 1;
  }
  if (fault?.kind === 'stallStream') return;
  if (fault?.kind === 'resetStream') outgoing.socket?.resetAndDestroy();
  else outgoing.end();
}
