import { describe, expect, it } from 'vitest';
import { openTerminal } from '../../support/terminal.ts';

const program = (code: string): readonly [string, ...string[]] => [process.execPath, '-e', code];

/** The harness itself: a test that waits for the wrong thing passes or fails for reasons of its own. */
describe('the test terminal', () => {
  it('is a terminal, without the variables that tell a program otherwise', async () => {
    await using terminal = await openTerminal({
      command: program(
        'console.log([process.stdin.isTTY, process.stdout.columns, process.stdout.rows, process.env.CI, process.env.NO_COLOR].join())',
      ),
      cols: 70,
      rows: 12,
    });
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.screen()).toEqual(['true,70,12,,', ...Array.from({ length: 11 }, () => '')]);
  });

  it('gives keys to the program and sees what it draws', async () => {
    await using terminal = await openTerminal({
      command: program(
        "process.stdin.on('data', (keys) => { console.log('got ' + keys); process.exit(3); })",
      ),
    });
    terminal.write('abc\r');
    await terminal.waitFor('got abc');
    expect((await terminal.exit).code).toBe(3);
  });

  it('finds a text across rows that the terminal wrapped', async () => {
    await using terminal = await openTerminal({
      command: program("console.log('a'.repeat(15) + ' needle')"),
      cols: 18,
    });
    await terminal.waitFor('a needle');
    await terminal.exit;
    expect(terminal.screen().slice(0, 2)).toEqual(['aaaaaaaaaaaaaaa ne', 'edle']);
    expect(terminal.scrollback()).toEqual(['aaaaaaaaaaaaaaa needle']);
  });

  it('keeps what scrolled away, once', async () => {
    await using terminal = await openTerminal({
      command: program('for (let n = 0; n < 100; n++) console.log("line " + n)'),
      rows: 5,
    });
    await terminal.exit;
    expect(terminal.scrollback()).toEqual(Array.from({ length: 100 }, (_, n) => `line ${n}`));
    expect(terminal.output()).toContain('line 0\r\n');
  });

  it('fails at once, with the screen, when the program ends before the condition holds', async () => {
    await using terminal = await openTerminal({ command: program("console.log('only this')") });
    await expect(terminal.waitFor('something else')).rejects.toThrow(
      /ended \(0\) before something else[^]*only this/,
    );
  });

  it('fails when the time is up', async () => {
    await using terminal = await openTerminal({
      command: program("console.log('up'); setInterval(() => {}, 1000)"),
    });
    await terminal.waitFor('up');
    await expect(terminal.waitFor(/never/, 1)).rejects.toThrow('1 ms went by without /never/');
  });

  it('tells the program a new size', async () => {
    await using terminal = await openTerminal({
      command: program(
        "process.stdout.on('resize', () => { console.log('now ' + process.stdout.columns); process.exit(); }); console.log('up'); setInterval(() => {}, 1000)",
      ),
    });
    await terminal.waitFor('up');
    terminal.resize(60, 10);
    await terminal.waitFor('now 60');
    expect(terminal.screen()).toHaveLength(10);
  });
});
