/**
 * What each of the frequent commands loads: the files of the build, and the built-in modules. An import more on a way to
 * a result costs every start, and shows here in review; the times are measured in bench/.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { answerWith, startChatServer } from '../support/chat-server.ts';
import { KEY_FILE, keepToken } from '../support/keep-token.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';
import { startPlatform } from '../support/platform/start-platform.ts';

const GOLDEN = fileURLToPath(new URL('../golden/loaded-modules.json', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../support/note-loaded.cjs', import.meta.url));

interface Loaded {
  readonly files: readonly string[];
  readonly builtIns: readonly string[];
}

type Line = readonly [args: readonly string[], env?: Environment];

test('the frequent commands load these files and built-ins, and no other', async () => {
  await using home = await isolatedHome();
  await using platform = await startPlatform({ accessTokenTtlS: 24 * 60 * 60 });
  await using server = await startChatServer((exchange) => answerWith(exchange, 'Hello.'));
  await signIn(platform, { home });
  await keepToken(home, { label: 'one', env: 'ONE', value: 'a value' });
  const lines: readonly Line[] = [
    [['--version']],
    [['--help']],
    [['auth', 'status', '--json', '--offline']],
    [['auth', 'token']],
    [['chat', 'hi', '--json'], server.env],
    [['chat', 'hi'], server.env],
    [['history', 'list', '--json']],
    [['tokens', 'list', '--json'], KEY_FILE],
    [['run', '--', 'true'], KEY_FILE],
  ];

  // The first run of each makes what the later ones find.
  for (const line of lines) await loadedBy(line, home);
  const found: Record<string, Loaded> = {};
  for (const line of lines) found[`mira ${line[0].join(' ')}`] = await loadedBy(line, home);

  const told = process.versions.node.startsWith('24.') ? found : await withKnownBuiltIns(found);
  await expect(`${JSON.stringify(told, undefined, 2)}\n`).toMatchFileSnapshot(GOLDEN);
});

async function loadedBy([args, env]: Line, home: IsolatedHome): Promise<Loaded> {
  const noted = join(home.path, 'loaded.json');
  const noting = { NODE_OPTIONS: `--require=${PRELOAD}`, MIRA_NOTE_LOADED: noted };
  const { code, stderr } = await runMira(args, { home, env: { ...env, ...noting } });
  if (code !== 0) throw new Error(`mira ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(await readFile(noted, 'utf8'));
}

/** Which built-in brings which others along differs from one Node to the next; the files do not. */
async function withKnownBuiltIns(found: Readonly<Record<string, Loaded>>): Promise<Record<string, Loaded>> {
  const known: Readonly<Record<string, Loaded>> = JSON.parse(await readFile(GOLDEN, 'utf8'));
  return Object.fromEntries(
    Object.entries(found).map(([line, { files }]) => [
      line,
      { files, builtIns: known[line]?.builtIns ?? [] },
    ]),
  );
}
