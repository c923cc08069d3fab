/** Bundles a test program as the real one is bundled, because Node reads no JSX and React must be the production one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

export interface BuiltProgram extends AsyncDisposable {
  readonly path: string;
}

export async function buildProgram(name: string): Promise<BuiltProgram> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), 'mira-program-'));
  await build({
    cwd: root,
    input: fileURLToPath(new URL(name, import.meta.url)),
    platform: 'node',
    transform: { jsx: { runtime: 'automatic' }, define: { 'process.env.NODE_ENV': '"production"' } },
    logLevel: 'silent',
    output: { dir: folder, format: 'esm', entryFileNames: 'program.mjs' },
  });
  return {
    path: join(folder, 'program.mjs'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
