/** The vendors' own SDKs and a mock server of others, in a folder of their own: mira itself has none of them. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const PACKAGES = [
  'openai@^7.55.0',
  '@anthropic-ai/sdk@^1.11.0',
  'ollama@^0.6.4',
  '@copilotkit/aimock@^1.43.0',
];
const LIMIT_MS = 300_000;

export interface Sdks extends AsyncDisposable {
  readonly folder: string;
  /** What was installed, as "openai 7.55.0". */
  readonly versions: readonly string[];
}

/** Asks the registry; npm runs with this Node, because it chooses versions by the Node it runs on. */
export async function installSdks(): Promise<Sdks> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-sdks-'));
  const install = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES];
  const { status, stderr } = spawnSync('npm', install, {
    cwd: folder,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  if (status !== 0) throw new Error(`npm could not install the SDKs (${status}):\n${stderr}`);
  const require = createRequire(join(folder, 'package.json'));
  return {
    folder,
    versions: PACKAGES.map((wanted) => {
      const name = wanted.slice(0, wanted.lastIndexOf('@'));
      const { version } = require(join(folder, 'node_modules', name, 'package.json')) as { version: string };
      return `${name} ${version}`;
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
