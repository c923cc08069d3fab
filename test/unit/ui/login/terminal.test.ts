/** The waiting screen in a real pseudo-terminal, read back as a person sees it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTerminal, type Terminal } from '../../../support/terminal.ts';
import { buildProgram, type BuiltProgram } from '../support/build-program.ts';

let program: BuiltProgram;
beforeAll(async () => {
  program = await buildProgram('./login-program.ts');
});
afterAll(() => program[Symbol.asyncDispose]());

interface Size {
  readonly cols: number;
  readonly rows: number;
}

const ESC = '\x1b';
const COUNTDOWN = /waiting for approval — (10:00|9:5\d) left/;

async function screen(size: Size = { cols: 80, rows: 24 }, ...args: readonly string[]): Promise<Terminal> {
  const terminal = await openTerminal({
    command: [process.execPath, program.path, ...args],
    // A terminal on a build machine is one all the same; the caller has decided.
    env: { CI: 'true' },
    ...size,
  });
  const waitFor: Terminal['waitFor'] = (condition) => terminal.waitFor(condition, 10_000);
  return { ...terminal, waitFor };
}

/** Rows of the screen with something on them. */
function shown(terminal: Terminal): readonly string[] {
  return terminal.screen().filter((line) => line !== '');
}

const WIDE = [
  'Asked for by',
  '  id.example',
  'scopes: openid offline_access',
  'You started this on laptop; never type a code someone sent you.',
  '',
  'To sign in, open this address',
  '',
  '  https://id.example/device',
  '',
  'and enter the code',
  '',
  '  CODE-0001',
  '',
];

const NARROW = [
  'Asked for by',
  '  id.example',
  'scopes: openid offline_access',
  'You started this on laptop; never type a',
  'code someone sent you.',
  'To sign in, open this address',
  '  https://id.example/device',
  'and enter the code',
  '  CODE-0001',
];

const RESULT = '✓ Signed in as 山田太郎 (東京) 한국어 (yamada@example.test) at id.example';

describe.each([
  { cols: 80, rows: 24, before: WIDE, result: [RESULT] },
  {
    cols: 40,
    rows: 10,
    before: NARROW,
    result: ['✓ Signed in as 山田太郎 (東京) 한국어', '(yamada@example.test) at id.example'],
  },
])('in a window of $cols × $rows', ({ cols, rows, before, result }) => {
  it('leaves address, code and result behind, once, and nothing that was live', async () => {
    await using terminal = await screen({ cols, rows });
    await terminal.waitFor(COUNTDOWN);
    terminal.kill('SIGUSR2');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });

    const lines = terminal.scrollback();
    expect(lines).toEqual([...before, '(saved)', ...result, 'done restored']);
    expectRestored(terminal);
  });

  it('keeps the code in sight, and the countdown going, whatever is pressed', async () => {
    await using terminal = await screen({ cols, rows });
    await terminal.waitFor(COUNTDOWN);
    terminal.write('c');
    await terminal.waitFor('handed to the clipboard');
    terminal.write('\r');
    await terminal.waitFor('Open the address by hand');
    await terminal.waitFor(/waiting for approval — 9:5\d left/);
    expect(shown(terminal)).toContain('  CODE-0001');
    expect(shown(terminal)).toContain('  https://id.example/device');
    terminal.write('r');
    await terminal.waitFor('CODE-0002');
    expect(shown(terminal)).not.toContain('handed to the clipboard');
    terminal.write(ESC);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });

    expect(terminal.scrollback()).toEqual([
      ...before,
      ...(cols === 80
        ? ['A new code; the one before is of no use any more.', '', '  CODE-0002', '']
        : ['A new code; the one before is of no use', 'any more.', '  CODE-0002']),
      'interrupted restored',
    ]);
    expectRestored(terminal);
  });
});

describe('the QR code', () => {
  it('is shown and hidden by q, black on white', async () => {
    await using terminal = await screen({ cols: 80, rows: 40 }, '--color');
    await terminal.waitFor(COUNTDOWN);
    terminal.write('q');
    await terminal.waitFor('q hides the QR code');
    const drawn = terminal.screen().filter((line) => /[▀▄█]/.test(line));
    expect(drawn.length).toBeGreaterThanOrEqual(13);
    // A row of paper in its whole width, so that a camera finds the edge.
    expect(terminal.output()).toContain(`${ESC}[30m${ESC}[107m${' '.repeat(33)}`);
    terminal.write('q');
    await terminal.waitFor('q shows a QR code');
    expect(terminal.screen().filter((line) => /[▀▄█]/.test(line))).toEqual([]);
    terminal.write(ESC);
    await terminal.exit;
    expect(terminal.scrollback()).toEqual([...WIDE, 'interrupted restored']);
  });

  it('is said not to fit, until the window is large enough', async () => {
    await using terminal = await screen({ cols: 80, rows: 12 }, '--qr');
    await terminal.waitFor('The QR code does not fit into this window.');
    terminal.resize(80, 30);
    await terminal.waitFor((lines) => lines.filter((line) => /[▀▄█]/.test(line)).length > 12);
    terminal.write(ESC);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });
});

describe('the window', () => {
  it('may become narrow and wide again: nothing is left of what was live', async () => {
    await using terminal = await screen({ cols: 80, rows: 30 });
    await terminal.waitFor(COUNTDOWN);
    for (const [cols, rows] of [
      [60, 30],
      [40, 30],
      [24, 34],
      [20, 34],
      [72, 30],
      [33, 30],
      [100, 30],
    ] as const) {
      const before = frames(terminal);
      terminal.resize(cols, rows);
      await terminal.waitFor(() => frames(terminal) > before);
    }
    terminal.write(ESC);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual([...WIDE, 'interrupted restored']);
  });

  it('may be ten columns wide: the code is whole, and no row is cut that must not be', async () => {
    await using terminal = await screen({ cols: 10, rows: 40 });
    await terminal.waitFor((lines) => lines.some((line) => /^(10:00|9:5\d)$/.test(line)));
    const lines = terminal.scrollback();
    expect(lines).toContain('  https://id.example/device');
    expect(lines).toContain('  CODE-0001');
    expect(lines).toContain('  id.example');
    terminal.write(ESC);
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
  });

  it('may be narrower than the address, which the terminal then wraps as one line', async () => {
    await using terminal = await screen({ cols: 40, rows: 30 }, '--long');
    await terminal.waitFor(COUNTDOWN);
    expect(terminal.scrollback()).toContain(`  https://id.example/${'path/'.repeat(30)}device`);
    terminal.write(ESC);
    await terminal.exit;
  });
});

describe('the end', () => {
  it('comes with SIGTERM too', async () => {
    await using terminal = await screen();
    await terminal.waitFor(COUNTDOWN);
    terminal.kill('SIGTERM');
    expect(await terminal.exit).toEqual({ code: 0, signal: 0 });
    expect(terminal.scrollback()).toEqual([...WIDE, 'terminated restored']);
    expectRestored(terminal);
  });

  it('gives the terminal back after a crash', async () => {
    await using terminal = await screen({ cols: 80, rows: 24 }, '--crash');
    await terminal.waitFor(COUNTDOWN);
    terminal.write('c');
    expect(await terminal.exit).toMatchObject({ code: 1 });
    expect(terminal.scrollback().join('\n')).toContain('Error: a bug');
    expectRestored(terminal);
  });
});

it('a pasted text is no row of keys', async () => {
  await using terminal = await screen();
  await terminal.waitFor(COUNTDOWN);
  terminal.write(`${ESC}[200~rqc\r${ESC}[201~`);
  terminal.write('c');
  await terminal.waitFor('handed to the clipboard');
  expect(terminal.scrollback().join('\n')).not.toMatch(/CODE-0002|by hand|QR code does|q hides/);
  terminal.write(ESC);
  await terminal.exit;
});

it('keeps each frame together in one write', async () => {
  await using terminal = await screen();
  await terminal.waitFor(/waiting for approval — 9:5[78] left/);
  terminal.write(ESC);
  await terminal.exit;
  const outside = terminal
    .output()
    .replaceAll(new RegExp('\\x1b\\[\\?2026h[^]*?\\x1b\\[\\?2026l', 'gu'), '')
    .replaceAll(new RegExp('\\x1b\\[\\?(2004|25)[hl]', 'gu'), '');
  expect(outside).toBe('interrupted restored\r\n');
});

/** How many were drawn. */
function frames(terminal: Terminal): number {
  return terminal.output().split(`${ESC}[?2026l`).length;
}

function expectRestored(terminal: Terminal): void {
  const output = terminal.output();
  expect(output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.lastIndexOf('\x1b[?25l'));
  expect(output.lastIndexOf('\x1b[?2004l')).toBeGreaterThan(output.lastIndexOf('\x1b[?2004h'));
}
