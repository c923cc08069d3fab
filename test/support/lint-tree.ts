/** Lints a tree of planted files with the configuration of this repository, as `npm test` lints this one. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Finding {
  /** Path in the tree. */
  readonly file: string;
  /** The rule as the configuration names it, without a scope: `mira/layers` is `mira(layers)`. */
  readonly rule: string;
  readonly message: string;
}

/** @param files path in the tree -> content */
export async function lintTree(files: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  const tree = await mkdtemp(join(tmpdir(), 'mira-lint-'));
  try {
    for (const name of ['oxlint.config.ts', 'lint', 'tsconfig.json', 'package.json']) {
      await cp(join(ROOT, name), join(tree, name), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      await writeFile(join(tree, path), content);
    }
    const folders = [...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? path))];
    return parse(await runOxlint(tree, folders));
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

function runOxlint(cwd: string, folders: readonly string[]): Promise<string> {
  const program = join(ROOT, 'node_modules', '.bin', 'oxlint');
  return new Promise((resolve, reject) => {
    const options = { cwd, encoding: 'utf8' as const, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, ['--format=json', ...folders], options, (error, stdout, stderr) => {
      // Findings end it with 1; whatever is no JSON is a configuration that does not load.
      if (stdout.startsWith('{')) resolve(stdout);
      else reject(new Error(`oxlint did not run: ${stderr}${stdout}`, { cause: error }));
    });
  });
}

interface Report {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly code?: string;
    readonly message: string;
  }[];
}

function parse(json: string): readonly Finding[] {
  const { diagnostics } = JSON.parse(json) as Report;
  return diagnostics.map(({ filename, code = 'none', message }) => ({ file: filename, rule: code, message }));
}
