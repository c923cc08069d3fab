/**
 * An HTTP server that is only bytes: a test decides each one, when the next is sent, and how the connection
 * ends. For everything a well-behaved server would never do.
 */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RawExchange {
  readonly request: RawRequest;
  /** Counts from 0 over the whole server. */
  readonly index: number;
  readonly socket: Socket;
  /** Resolves when the bytes have left, or the client has gone. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Sends FIN. */
  end(): void;
  /** Sends RST. */
  reset(): void;
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;
}

export interface RawServer {
  readonly port: number;
  readonly origin: string;
  readonly requests: readonly RawRequest[];
  /** Connections ever accepted. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function startRawServer(
  answer: (exchange: RawExchange) => void | Promise<void>,
  host = '127.0.0.1',
): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    let received = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, typeof bytes === 'string' ? Buffer.from(bytes) : bytes]);
      const request = parseRequest(received);
      if (request === undefined) return;
      received = Buffer.alloc(0);
      const index = requests.push(request) - 1;
      void answer({
        request,
        index,
        socket,
        gone,
        write: (data) =>
          Promise.race([
            gone,
            new Promise<void>((resolve) => socket.write(data, () => setImmediate(resolve))),
          ]),
        end: () => socket.end(),
        reset: () => socket.resetAndDestroy(),
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    origin: `http://${host}:${port}`,
    requests,
    get connections() {
      return connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function parseRequest(bytes: Buffer): RawRequest | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body = bytes.subarray(end + 4);
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined;
  const [method = '', path = ''] = first.split(' ');
  return { method, path, headers, body: body.toString('utf8') };
}

/** The head of an answer; without a length it lasts until the connection ends. */
export function head(status: number, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}\r\n`;
}

/** A whole answer with its length. */
export function whole(
  status: number,
  body: string | Uint8Array = '',
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(head(status, { ...headers, 'content-length': String(bytes.length) })),
    bytes,
  ]);
}

/** One chunk of a chunked body; an empty one ends it. */
export function chunk(body: string): string {
  return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`;
}

/** The same for a body that is no text. */
export function binaryChunk(body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
}
