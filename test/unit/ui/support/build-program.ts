/** Bundles a test program as the real one is bundled, because Node reads no JSX and React must be the production one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

export interface BuiltProgram extends AsyncDisposable {
  readonly path: string;
}

export async function buildProgram(name: string): Promise<BuiltProgram> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  // Below the packages, so that what is not bundled is found.
  const folder = await mkdtemp(join(root, 'node_modules', '.mira-test-'));
  await build({
    cwd: root,
    input: fileURLToPath(new URL(name, import.meta.url)),
    platform: 'node',
    transform: { jsx: { runtime: 'automatic' }, define: { 'process.env.NODE_ENV': '"production"' } },
    logLevel: 'silent',
    output: { dir: folder, format: 'esm', entryFileNames: 'program.js' },
  });
  return {
    path: join(folder, 'program.js'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
