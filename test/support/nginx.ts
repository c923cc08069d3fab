/**
 * nginx as it stands in front of many a service, in a folder of its own, on loopback, without rights. One process, which
 * ends with the test.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NOBODY } from './capability.ts';
import type { Capability } from './capability.ts';
import type { Tls } from './platform/open-server.ts';

/** Where Debian puts it, which is not on every PATH. */
const NGINX = ['/usr/sbin/nginx', 'nginx'].find(
  (program) => spawnSync(program, ['-v'], { stdio: 'ignore' }).status === 0,
);

export function hasNginx(): Capability {
  if (NGINX !== undefined) return { isMissing: false, note: '' };
  process.stdout.write('skipped: nginx, which this machine does not have\n');
  return { isMissing: true, note: ' (skipped: nginx)' };
}

export interface NginxOptions {
  /** Where requests are passed on to. */
  readonly upstream: string;
  /** Directives of the place that passes on. */
  readonly location?: string;
  /** In which nginx asks the service; 1.1. */
  readonly upstreamVersion?: '1.0' | '1.1';
  /** Directives of the whole. */
  readonly http?: string;
  /** Makes it https. */
  readonly tls?: Tls;
}

export interface Nginx extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
}

const TRIES = 5;

export async function startNginx(options: NginxOptions): Promise<Nginx> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryToStart(options);
    } catch (error) {
      // Another program may take the port between our look and its bind.
      if (attempt === TRIES) throw error;
    }
  }
}

async function tryToStart(options: NginxOptions): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-nginx-'));
  const port = await freePort();
  await mkdir(join(folder, 'temp'));
  await writeFile(join(folder, 'nginx.conf'), configuration({ ...options, folder, port }));
  if (options.tls !== undefined) {
    await writeFile(join(folder, 'server.key'), options.tls.key);
    await writeFile(join(folder, 'server.pem'), options.tls.cert);
  }
  const identity = process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if ('uid' in identity) {
    for (const path of [folder, join(folder, 'temp')]) await chown(path, NOBODY, NOBODY);
  }
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn(NGINX ?? 'nginx', args, { stdio: ['ignore', 'ignore', 'pipe'], ...identity });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await accepting(port, child);
  } catch (error) {
    await stop();
    throw new Error(`nginx did not start: ${said}`, { cause: error });
  }
  return {
    port,
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: stop,
  };
}

interface Place {
  readonly folder: string;
  readonly port: number;
}

function configuration({
  upstream,
  upstreamVersion = '1.1',
  location = '',
  http = '',
  tls,
  folder,
  port,
}: NginxOptions & Place): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/temp/${name};`,
  );
  const secure = tls === undefined ? '' : `ssl_certificate server.pem; ssl_certificate_key server.key;`;
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temp.join('\n  ')}
  ${http}
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${secure}
    location / {
      proxy_pass ${upstream};
      proxy_http_version ${upstreamVersion};
      proxy_set_header Connection "";
      ${location}
    }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

const START_MS = 10_000;

async function accepting(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && child.exitCode === null && child.pid !== undefined) {
    if (await canConnect(port)) return;
    await delay(20);
  }
  throw new Error(`nothing accepts connections on port ${port}`);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await gone;
}
