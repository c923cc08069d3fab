/**
 * News may come before an answer: `100 Continue`, although nobody asked for it, `102 Processing`, `103 Early Hints`. A
 * client has to take it (RFC 9110, section 15.2), but undici ends the connection at a 100. So it is shown none of them.
 */
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

type Connect = buildConnector.connector;

/** The same connections, on which such news is passed over. */
export function passingOverNews(connect: Connect): Connect {
  return (options, callback) =>
    connect(options, (...made) => {
      const [error, socket] = made;
      if (error === null && socket) passOverNews(socket);
      callback(...made);
    });
}

function passOverNews(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...written: unknown[]) => boolean;
  /** What came of the beginning of an answer; undefined once more than news has come. */
  let held: Buffer | undefined;

  // One request at a time: what is read after one was written begins the answer to it.
  socket.write = (...written: unknown[]) => {
    held ??= NOTHING;
    return write(...written);
  };
  socket.read = (size?: number): unknown => {
    for (;;) {
      const piece: unknown = read(size);
      if (held === undefined || !(piece instanceof Uint8Array)) return piece;
      const rest = withoutNews(Buffer.concat([held, piece]));
      held = isUndecided(rest) ? rest : undefined;
      if (held === undefined) return rest;
    }
  };
}

const NOTHING = Buffer.alloc(0);
const END = '\r\n\r\n';
/** More headers nobody sends along. */
const MOST_BYTES = 16 * 1024;

/** Without what stands before the answer, as far as it has come. */
function withoutNews(bytes: Buffer): Buffer {
  let rest = bytes;
  for (let end = 0; isNews(rest); rest = rest.subarray(end + END.length)) {
    end = rest.indexOf(END);
    if (end === -1) break;
  }
  return rest;
}

/** May news begin here, or has it not ended yet? */
function isUndecided(bytes: Buffer): boolean {
  if (isNews(bytes)) return bytes.length <= MOST_BYTES;
  const text = statusLine(bytes);
  return text.length < STATUS_LENGTH && NEWS_START.startsWith(text.slice(0, NEWS_START.length));
}

/** 101 changes what is spoken, which nobody asked for either; that is not passed over. */
function isNews(bytes: Buffer): boolean {
  return /^HTTP\/1\.1 1(?!01)\d\d/.test(statusLine(bytes));
}

const NEWS_START = 'HTTP/1.1 1';
const STATUS_LENGTH = NEWS_START.length + 2;

function statusLine(bytes: Buffer): string {
  return bytes.toString('latin1', 0, STATUS_LENGTH).replace('/1.0', '/1.1');
}
