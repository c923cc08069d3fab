/**
 * For the campaign that audits every end-to-end test: each run of the program is traced, and what it connected to is
 * written down beside what `mira network` lists afterwards in the same home.
 */
import { spawnSync } from 'node:child_process';
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { traceConnections } from './connections.ts';
import type { Environment, IsolatedHome } from './isolated-home.ts';

/** A file, when runs are to be audited. */
export const AUDIT_FILE = process.env['MIRA_TEST_AUDIT_FILE'];

export interface AuditedRun {
  readonly args: readonly string[];
  /** Where it connected to without that being listed. */
  readonly strays: readonly string[];
  readonly addresses: number;
}

export interface Audit {
  readonly program: string;
  readonly env: Environment;
  /** After the run, while its home is there. */
  finish(): Promise<void>;
}

interface Run {
  readonly mira: string;
  readonly args: readonly string[];
  readonly home: IsolatedHome;
  readonly env: Readonly<Record<string, string>>;
}

export async function startAudit(file: string, { mira, args, home, env }: Run): Promise<Audit> {
  const traced = await traceConnections();
  return {
    program: traced.program,
    env: traced.env,
    async finish() {
      const addresses = await traced.addresses();
      const listed = addresses.length === 0 ? [] : await listedHosts({ mira, args, home, env });
      const strays = addresses.filter((address) => !isListed(address, listed));
      const line: AuditedRun = { args, strays, addresses: addresses.length };
      await appendFile(file, `${JSON.stringify(line)}\n`);
      await traced[Symbol.asyncDispose]();
    },
  };
}

/** Also where the configuration is one that mira refuses to read. */
async function listedHosts({ mira, home, env }: Run): Promise<readonly string[]> {
  const { NODE_OPTIONS: _options, LD_PRELOAD: _preload, ...plain } = env;
  const { stdout } = spawnSync(process.execPath, [mira, 'network', '--json'], {
    env: plain,
    encoding: 'utf8',
  });
  const [first = '{}'] = stdout.split('\n');
  const { hosts = [] } = JSON.parse(first === '' ? '{}' : first);
  const folder = join(env['MIRA_DATA_DIR'] ?? home.dataDir, 'state', 'hosts');
  const noted = await readdir(folder).catch(() => []);
  return [...hosts.map(({ host }: { readonly host: string }) => host), ...noted.map(decodeURIComponent)];
}

/** `localhost` is this machine, at either of its addresses. A name that is listed may be asked for at a name server. */
function isListed(address: string, listed: readonly string[]): boolean {
  if (listed.includes(address)) return true;
  const port = /:(\d+)$/.exec(address)?.[1] ?? '';
  if (listed.includes(`localhost:${port}`)) return /^(?:127\.0\.0\.1|\[::1\]):/.test(address);
  return port === '53' && listed.some((host) => /[a-z]/i.test(host) && !host.startsWith('localhost'));
}
