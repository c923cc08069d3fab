/**
 * Bundles src into dist: one entry for the program, one for the process that talks to the keychain, and a
 * chunk for each module that is imported lazily, so that a command reads from disk only what it uses.
 * The same sources give the same bytes. dist is replaced whole, and only when something in it changes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { fileGroups } from './build/files.js';
import { inAscii } from './build/in-ascii.js';
import { lazyBuiltIns } from './build/lazy-built-ins.js';
import { withoutWaste } from './build/without-waste.js';
import { digestOfInputs, stampOf } from './set-up/build-inputs.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const workshop = join(root, '.set-up');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

async function build() {
  const fresh = join(workshop, `dist-${process.pid}-new`);
  // Taken before reading, so that a file edited meanwhile counts as newer than this build.
  const inputs = digestOfInputs(root);
  mkdirSync(workshop, { recursive: true });
  try {
    await bundle(fresh);
    if (digest(fresh) !== digest(dist)) replace(fresh);
    writeFileSync(stampOf(root), inputs);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function bundle(dir) {
  const bundled = await rolldown({
    cwd: root,
    input: { main: 'src/main.ts', 'keychain-helper': 'src/store/keychain-helper.ts' },
    platform: 'node',
    // How long the plugins took depends on the machine, and is no fault of the sources.
    checks: { bundlerTimings: false },
    // The one package with a compiled part, which is found beside its own files.
    external: ['keytar'],
    // The AWS clients come as CommonJS too, of which nothing can be left out.
    resolve: { mainFields: ['module', 'main'] },
    plugins: [withoutWaste(), lazyBuiltIns(), inAscii()],
    transform: {
      target: 'node22.19',
      jsx: { runtime: 'automatic' },
      define: {
        'process.env.NODE_ENV': '"production"',
        __MIRA_VERSION__: JSON.stringify(version),
      },
    },
    onLog: (level, log) => {
      // What is imported in both ways lies in one file with the others by our own rules.
      if (level === 'warn' && log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT')
        throw new Error(`rolldown warns: ${log.message}`);
    },
  });
  await bundled.write({
    dir,
    // Loaded by bin/mira.js itself, which keeps what the engine made of them.
    format: 'cjs',
    strict: true,
    codeSplitting: fileGroups(),
    sourcemap: false,
    entryFileNames: '[name].js',
    // All in one folder, so that a module finds what lies beside it (the helper of the keychain) from any file.
    chunkFileNames: '[name]-[hash].js',
    // Whitespace and syntax only: names stay readable in the stack of a bug report.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    comments: { legal: false, annotation: false, jsdoc: false },
  });
  await bundled.close();
  writeFileSync(join(dir, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Two renames, so that a mira that starts meanwhile meets one whole build or the other, never half of one. */
function replace(fresh) {
  const old = join(workshop, `dist-${process.pid}-old`);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function digest(folder) {
  if (!existsSync(folder)) return undefined;
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) {
    hash
      .update(`${path.slice(folder.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

await build();
