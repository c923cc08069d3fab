/** A window that changes while the chat is drawn: nothing is lost, and nothing stands there twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTerminal, type Terminal } from '../../../support/terminal.ts';
import { buildProgram, type BuiltProgram } from '../support/build-program.ts';

let program: BuiltProgram;
beforeAll(async () => {
  program = await buildProgram('./chat-program.ts');
});
afterAll(() => program[Symbol.asyncDispose]());

const LONG =
  'a question that is long enough to fill more than one row of a small window, and then some more of it';

async function chat(): Promise<Terminal> {
  const terminal = await openTerminal({
    command: [process.execPath, program.path],
    env: { NO_COLOR: '1', TERM_PROGRAM: 'vscode' },
    cols: 100,
    rows: 24,
  });
  await terminal.waitFor('/help');
  return terminal;
}

/** Until what is drawn was drawn for this window: its last row tells the size by what is cut. */
async function resized(terminal: Terminal, { cols, rows }: { cols: number; rows: number }): Promise<void> {
  const before = terminal.output().length;
  terminal.resize(cols, rows);
  await terminal.waitFor(() => terminal.output().length > before, 5_000);
}

describe('a window that changes', () => {
  it('while something is written shows it once, and leaves nothing behind', async () => {
    await using terminal = await chat();
    terminal.write(LONG);
    await terminal.waitFor('then some');
    for (const size of [
      { cols: 40, rows: 24 },
      { cols: 17, rows: 24 },
      { cols: 90, rows: 12 },
      { cols: 33, rows: 40 },
      { cols: 100, rows: 24 },
    ]) {
      await resized(terminal, size);
    }
    await terminal.waitFor((screen) => screen.includes(`› ${LONG.slice(0, 97)}`), 5_000);
    expect(terminal.scrollback().filter((line) => line.includes('a question'))).toHaveLength(1);
    expect(terminal.scrollback().filter((line) => line.includes('mira · work'))).toHaveLength(1);
    terminal.write('\x03\x03');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual(['left restored']);
  });

  it('while an answer streams leaves the conversation in the scrollback, once', async () => {
    await using terminal = await chat();
    terminal.write('steps 12\r');
    for (let step = 1; step <= 11; step++) {
      // What a terminal breaks while it is on its way to the screen, nobody can erase: the change comes between two pieces.
      await terminal.waitFor(`word${step * 20}`);
      await resized(terminal, { cols: 100 - step * 7, rows: 24 - step });
    }
    await resized(terminal, { cols: 100, rows: 24 });
    await terminal.waitFor('1,234 tokens');
    terminal.write('/quit\r');
    await terminal.exit;
    const said = terminal.scrollback().join(' ').split(/\s+/u);
    const words = said.filter((word) => /^word\d+$/u.test(word));
    expect(words).toEqual(Array.from({ length: 240 }, (_, index) => `word${index + 1}`));
    expect(said.filter((word) => word === '›')).toHaveLength(1);
  });
});
