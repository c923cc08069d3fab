/** `mira run` in a real terminal: it is the program's, as if mira were not there. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawnKey } from '../support/drawn-key.ts';
import { isolatedHome } from '../support/isolated-home.ts';
import type { IsolatedHome } from '../support/isolated-home.ts';
import { keepToken } from '../support/keep-token.ts';
import { MIRA } from '../support/run-mira.ts';
import { openTerminal } from '../support/terminal.ts';
import type { Terminal } from '../support/terminal.ts';

const WORK = drawnKey.mira('terminal');
const ENV = { MIRA_STORAGE: 'file' };

async function homeWithToken(): Promise<IsolatedHome> {
  const home = await isolatedHome();
  await keepToken(home, { label: 'work', env: 'WORK_KEY', value: WORK });
  return home;
}

const runIn = (home: IsolatedHome, command: readonly string[]): Promise<Terminal> =>
  openTerminal({ home, env: ENV, args: ['run', '--', ...command] });

const node = (code: string): readonly string[] => [process.execPath, '-e', code];

describe('in a terminal', () => {
  test('the program has it whole: input, output, errors and size; what it shows is left as it is', async () => {
    await using home = await homeWithToken();
    const { stdin, stdout, stderr } = {
      stdin: 'process.stdin',
      stdout: 'process.stdout',
      stderr: 'process.stderr',
    };
    await using terminal = await runIn(
      home,
      node(
        `console.log([${stdin}, ${stdout}, ${stderr}].map((each) => each.isTTY), ${stdout}.columns); console.log(process.env.WORK_KEY)`,
      ),
    );
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(terminal.scrollback()).toEqual(['[ true, true, true ] 80', WORK]);
  });

  test('Ctrl-C reaches it once, and mira ends when it does', async () => {
    await using home = await homeWithToken();
    await using terminal = await runIn(
      home,
      node(`let count = 0; process.on('SIGINT', () => { count += 1; setTimeout(() => { console.log('got', count); process.exit(5) }, 300) });
        setInterval(() => {}, 1000); console.log('ready')`),
    );
    await terminal.waitFor('ready');
    terminal.write('\x03');
    expect(await terminal.exit).toMatchObject({ code: 5 });
    expect(terminal.scrollback()).toEqual(['ready', '^Cgot 1']);
  });

  test('Ctrl-\\ ends it, and mira says how', async () => {
    await using home = await homeWithToken();
    await using terminal = await runIn(home, ['sh', '-c', 'ulimit -c 0; echo ready; exec sleep 300']);
    await terminal.waitFor('ready');
    terminal.write('\x1c');
    expect(await terminal.exit).toMatchObject({ code: 131 });
  });

  test('it hears of a new size, once', async () => {
    await using home = await homeWithToken();
    await using terminal = await runIn(
      home,
      node(`let count = 0; process.on('SIGWINCH', () => { count += 1; setTimeout(() => { console.log(process.stdout.columns, count); process.exit() }, 300) });
        setInterval(() => {}, 1000); console.log('ready')`),
    );
    await terminal.waitFor('ready');
    terminal.resize(60, 20);
    await terminal.exit;
    expect(terminal.scrollback()).toEqual(['ready', '60 1']);
  });

  test('Ctrl-Z stops it with mira, and the shell lets both go on', async () => {
    await using home = await homeWithToken();
    await using terminal = await openShell(home);
    terminal.write(`mira run -- sh -c 'echo ready; read word; echo "read $word"; exit 6'\r`);
    await terminal.waitFor(/^ready/m);
    terminal.write('\x1a');
    await terminal.waitFor(/Stopped/);
    terminal.write('fg >/dev/null\r');
    await terminal.waitFor(/fg/);
    terminal.write('this\r');
    await terminal.waitFor(/^read this/m);
    terminal.write('echo "ended $?"\r');
    await terminal.waitFor(/^ended 6/m);
  });

  test('a pager reads its keys although its text comes from a pipe', async () => {
    await using home = await homeWithToken();
    await using terminal = await openShell(home);
    terminal.write('seq 500 | mira run -- less\r');
    await terminal.waitFor(/^1$/m);
    terminal.write('G');
    await terminal.waitFor(/^500$/m);
    terminal.write('q');
    terminal.write('echo "ended $?"\r');
    await terminal.waitFor(/^ended 0/m);
  });

  test('a shell in it has jobs of its own', async () => {
    await using home = await homeWithToken();
    await using terminal = await openShell(home);
    terminal.write(`mira run -- env PS1="inner% " bash --norc --noprofile -i\r`);
    await terminal.waitFor(/^inner%/m);
    terminal.write(`sh -c 'echo nap"ping"; exec sleep 300'\r`);
    await terminal.waitFor(/^napping/m);
    terminal.write('\x1a');
    await terminal.waitFor(/Stopped\s+sh -c [^\n]*\s+inner%/);
    // A shell with a stopped job does not leave at the first word, so it is told to forget it.
    terminal.write('kill -9 %1; disown -a; echo "key ${#WORK_KEY}"; exit 7\r');
    await terminal.waitFor(`key ${WORK.length}`);
    await terminal.waitFor(/^exit\s+outer%/m);
    terminal.write('echo "ended $?"\r');
    await terminal.waitFor(/^ended 7/m);
  });

  test('output that goes elsewhere is masked, while the rest stays with the terminal', async () => {
    await using home = await homeWithToken();
    await using terminal = await openShell(home);
    terminal.write(
      `mira run -- sh -c 'echo asks >&2; read x; echo "$x $WORK_KEY"; test -t 2 && echo errors >&2' | cat\r`,
    );
    await terminal.waitFor(/^asks/m);
    terminal.write('typed\r');
    await terminal.waitFor(/^typed \[masked work\]/m);
    await terminal.waitFor(/^errors/m);
  });

  test('nothing of it is left when the terminal is closed', async () => {
    await using home = await homeWithToken();
    const file = join(home.path, 'pid');
    await using terminal = await runIn(home, [
      'sh',
      '-c',
      'echo $$ > pid; echo ready; while :; do sleep 1; done',
    ]);
    await terminal.waitFor('ready');
    const pid = Number(await readFile(file, 'utf8'));
    terminal.kill('SIGHUP');
    await terminal.exit;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

/** A shell that calls the built program `mira`. */
async function openShell(home: IsolatedHome): Promise<Terminal> {
  const terminal = await openTerminal({
    home,
    env: { ...ENV, PS1: 'outer% ', NODE: process.execPath, MIRA },
    command: ['bash', '--norc', '--noprofile', '-i'],
  });
  await terminal.waitFor(/^outer%/m);
  terminal.write('mira() { "$NODE" "$MIRA" "$@"; }\r');
  return terminal;
}
