import { describe, expect, it } from 'vitest';
import { cellWidth } from '../../../../src/ui/text-rows.ts';
import { layout } from '../../../../src/ui/login/layout.ts';
import { qrCode } from '../../../../src/ui/login/qr-code.ts';
import { initialState, type LoginState } from '../../../../src/ui/login/state.ts';
import { row } from '../../../../src/ui/rows.ts';
import { deviceCode, START } from './device.ts';

const DEVICE = deviceCode();
const QR = qrCode(DEVICE.verificationUriComplete ?? '', { color: false });

function state(changes: Partial<LoginState> = {}): LoginState {
  const start = initialState({
    machine: 'laptop',
    canCopy: true,
    canOpen: true,
    copyAtOnce: true,
    qrAtOnce: false,
    color: false,
    columns: 100,
    rows: 24,
  });
  return { ...start, device: DEVICE, ...changes };
}

const text = (changes: Partial<LoginState>, now = START): readonly string[] =>
  layout(state(changes), now).map((line) => line.text);

describe('the live region', () => {
  it('counts down and names the keys', () => {
    expect(text({}, START + 210_000)).toEqual([
      'waiting for approval — 11:02 left',
      'Enter opens the browser · c copies the code · q shows a QR code · r asks for a new code',
      'Esc cancels',
    ]);
  });

  it('is empty before there is a code', () => {
    expect(text({ device: undefined })).toEqual([]);
  });

  it.each<[Partial<LoginState>, string, string]>([
    [{ wait: { kind: 'offline' } }, 'offline, retrying (11:02 left)', 'warn'],
    [{ wait: { kind: 'renewing' } }, 'asking for a new code', 'dim'],
    [
      { wait: { kind: 'slowed', intervalS: 10 } },
      'waiting for approval — 11:02 left, asking every 10 s as the server wishes',
      'plain',
    ],
    [{ columns: 24 }, 'waiting — 11:02', 'plain'],
    [{ columns: 8 }, '11:02', 'plain'],
    [{ columns: 20, wait: { kind: 'offline' } }, 'offline (11:02)', 'warn'],
  ])('says how the wait goes: %j', (changes, said, tone) => {
    expect(layout(state(changes), START + 210_000)[0]).toEqual(row(said, tone as 'plain'));
  });

  it('draws attention to the last minute', () => {
    expect(layout(state(), DEVICE.expiresAt - 60_000)[0]).toEqual(
      row('waiting for approval — 1:00 left', 'warn'),
    );
    expect(layout(state(), DEVICE.expiresAt + 5_000)[0]).toEqual(
      row('waiting for approval — 0:00 left', 'warn'),
    );
  });

  it('offers only keys that do something', () => {
    expect(text({ canOpen: false, canCopy: false })).toEqual([
      'waiting for approval — 14:32 left',
      'q shows a QR code · r asks for a new code · Esc cancels',
    ]);
  });

  it('uses fewer words in a small window', () => {
    expect(text({ columns: 40, rows: 10, notice: row('The code is in the clipboard.', 'dim') })).toEqual([
      'waiting for approval — 14:32 left',
      'The code is in the clipboard.',
      'Enter: browser · c: copy · q: QR code',
      'r: new code · Esc: cancel',
    ]);
  });
});

describe('the QR code', () => {
  const shown: Partial<LoginState> = { showsQr: true, qr: QR };

  it('stands above the countdown where it fits', () => {
    const rows = layout(state({ ...shown, columns: 80 }), START);
    expect(rows.map(({ tone }) => tone)).toEqual([...Array(17).fill('paper'), 'plain', 'dim', 'dim']);
    expect(rows[18]?.text).toContain('q hides the QR code');
  });

  it.each([
    { columns: 32, rows: 24 },
    { columns: 80, rows: 18 },
  ])('is said not to fit into $columns × $rows', (size) => {
    expect(text({ ...shown, ...size })[0]).toMatch(/^The QR code does not fit into/);
    expect(text({ ...shown, columns: 33, rows: 19 })[0]).not.toMatch(/^The QR code/);
  });

  it('is said to be half the way where the server gives no complete address', () => {
    const device = deviceCode({ verificationUriComplete: undefined });
    expect(text({ ...shown, device })[17]).toBe('It holds the address; the code has to be typed.');
  });
});

it('is shorter than every window, and no row is wider', () => {
  const faults: string[] = [];
  const notice = row(
    'Open the address by hand: 没有浏览器可以在这里启动 no browser could be started.',
    'warn',
  );
  for (let columns = 1; columns <= 110; columns += columns < 45 ? 1 : 8) {
    for (let rows = 1; rows <= 24; rows++) {
      const drawn = layout(state({ columns, rows, notice, showsQr: true, qr: QR }), START);
      // A single row is the least that can be drawn, and a wide character is wider than one column.
      const tooWide = drawn.filter(({ text: line }) => cellWidth(line) > Math.max(2, columns));
      if (drawn.length > Math.max(1, rows - 1) || tooWide.length > 0) faults.push(`${columns} × ${rows}`);
      if (!drawn.some(({ text: line }) => columns >= 5 && line.includes('14:32')) && columns >= 5)
        faults.push(`${columns} × ${rows}: no countdown`);
    }
  }
  expect(faults).toEqual([]);
});
