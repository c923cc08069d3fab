/** Where a program and all that it starts connect or send to, as strace saw it. Sockets of this machine alone are no network. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ConnectionTracing extends AsyncDisposable {
  /** To be run with Node in place of the program, whose file then is the first argument. */
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  /** Every address so far, once, as `URL.host` spells it; port 53 among them is a question to a name server. */
  addresses(): Promise<readonly string[]>;
}

export async function traceConnections(): Promise<ConnectionTracing> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-trace-'));
  return {
    program: fileURLToPath(new URL('./traced-program.ts', import.meta.url)),
    env: { TRACE_FOLDER: folder, TRACE_CALLS: 'connect,sendto,sendmsg,sendmmsg' },
    async addresses() {
      const traces = await Promise.all(
        (await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1')),
      );
      return [...new Set(traces.flatMap(addressesIn))].toSorted();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const INET = /sa_family=AF_INET, sin_port=htons\((\d+)\), sin_addr=inet_addr\("((?:\\x[\da-f]{2})*)"\)/g;
const INET6 = /sa_family=AF_INET6, sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "((?:\\x[\da-f]{2})*)"/g;

function addressesIn(trace: string): readonly string[] {
  const found = (pattern: RegExp, write: (address: string) => string): readonly string[] =>
    [...trace.matchAll(pattern)].map(([, port = '', hex = '']) => `${write(textOf(hex))}:${port}`);
  return [...found(INET, (address) => address), ...found(INET6, (address) => `[${address}]`)];
}

function textOf(hex: string): string {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('latin1');
}
