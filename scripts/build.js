/**
 * Bundles src into dist: one entry for the program, one for the process that talks to the keychain, and a
 * chunk for each module that is imported lazily, so that a command reads from disk only what it uses.
 * The same sources give the same bytes. dist is replaced whole, and only when something in it changes.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
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
    plugins: [withoutWaste(), withoutBuiltinFacades()],
    transform: {
      target: 'node22.19',
      jsx: { runtime: 'automatic' },
      define: {
        'process.env.NODE_ENV': '"production"',
        __MIRA_VERSION__: JSON.stringify(version),
      },
    },
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(`rolldown warns: ${log.message}`);
    },
  });
  await bundled.write({
    dir,
    format: 'esm',
    sourcemap: false,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Whitespace and syntax only: names stay readable in the stack of a bug report.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    comments: { legal: false, annotation: false, jsdoc: false },
  });
  await bundled.close();
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

/**
 * An `import` from a built-in module makes Node read every one of its exports, and with them load what stands
 * behind each: `node:process` alone brings streams, terminals, sockets and workers. Taken from
 * `process.getBuiltinModule`, only what is used is touched. Commander's import of child_process, which it needs
 * for subcommands that are programs of their own, then has to be put off as well: mira has none.
 */
function withoutBuiltinFacades() {
  const isFacade = (node) => node.type === 'ImportDeclaration' && isBuiltin(node.source.value);
  return {
    name: 'without-builtin-facades',
    renderChunk(code) {
      // From the end, so that the positions of those before stay true.
      const taken = this.parse(code)
        .body.filter(isFacade)
        .reduceRight(
          (text, node) => text.slice(0, node.start) + takeBuiltin(node) + text.slice(node.end),
          code,
        );
      return { code: taken, map: null };
    },
  };
}

function takeBuiltin({ source, specifiers }) {
  // Spelled out, because a chunk may well import the process under its own name.
  const module = `globalThis.process.getBuiltinModule(${JSON.stringify(source.value)})`;
  const isNamed = (each) => each.type === 'ImportSpecifier';
  const whole = specifiers.filter((each) => !isNamed(each)).map((each) => each.local.name);
  const named = specifiers.filter(isNamed).map(({ imported, local }) => `${imported.name}: ${local.name}`);
  const names = named.length === 0 ? whole : [...whole, `{ ${named.join(', ')} }`];
  return names.map((name) => `const ${name} = ${module};`).join('');
}

/**
 * What packages do when they are loaded and mira never needs, each a matter of milliseconds of every start. An edit
 * that finds nothing to change stops the build: then the package does it in another way.
 */
const EDITS = [
  {
    // With DEV set in the environment, which has many reasons, Ink looks for React's development tools. It reads
    // it from an imported `process`, out of reach of `define`.
    file: /[\\/]ink[\\/]build[\\/](?:ink|reconciler)\.js$/,
    from: "process.env['DEV'] === 'true'",
    to: 'false',
  },
  {
    // Ink's layout holds its WebAssembly as base64 and would fetch it from itself, which brings all that Node needs to
    // fetch anything. Where there is no fetch, it decodes.
    file: /[\\/]yoga-layout[\\/]dist[\\/]binaries[\\/]yoga-wasm-base64-esm\.js$/,
    from: '"function"!=typeof fetch',
    to: 'true',
  },
  {
    // The set of all emoji takes longer to compile than all else that Ink measures text with. Each has one of these.
    file: /[\\/](?:ink|widest-line|wrap-ansi|slice-ansi|cli-truncate)[\\/]node_modules[\\/]string-width[\\/]index\.js$/,
    from: 'rgiEmojiRegex.test(',
    to: '/[\\p{Emoji_Presentation}\\uFE0F]/u.test(segment) && rgiEmojiRegex.test(',
  },
  {
    // For subcommands that are programs of their own: mira has none.
    file: /[\\/]commander[\\/]lib[\\/]command\.js$/,
    from: "import childProcess from 'node:child_process';",
    to: "const childProcess = { spawn: (...args) => process.getBuiltinModule('node:child_process').spawn(...args) };",
  },
  {
    // HTTP/2 is never negotiated (allowH2: false), and its module brings TLS and cryptography along. undici itself
    // does without where Node was built without it.
    file: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/,
    from: "http2 = require('node:http2')",
    to: 'http2 = { constants: {} }',
  },
];

function withoutWaste() {
  return {
    name: 'without-waste',
    transform: {
      filter: { id: EDITS.map(({ file }) => file) },
      handler(code, id) {
        let edited = code;
        for (const { file, from, to } of EDITS) {
          if (!file.test(id)) continue;
          if (!edited.includes(from)) throw new Error(`${id} no longer says: ${from}`);
          edited = edited.replaceAll(from, () => to);
        }
        return { code: edited, map: null };
      },
    },
  };
}

await build();
