/**
 * The live region of the waiting screen: the QR code, how the wait goes, what was said last, the keys. Always
 * shorter than the window, no row wider than it; what does not fit gives way, the countdown last.
 */
import { cellWidth, cutToWidth, wrapWords } from '../text-rows.ts';
import { row, type Row } from '../rows.ts';
import type { LoginState } from './state.ts';
import { clock } from './words.ts';

export function layout(state: LoginState, now: number): readonly Row[] {
  const { device, columns } = state;
  if (device === undefined) return [];
  const wait = waitRow(state, device.expiresAt - now);
  // One row less than the window: a frame that fills it would scroll with every drawing.
  let left = Math.max(1, state.rows - 1) - 1;
  const qr = qrRows(state, left);
  left -= qr.length;
  const keys = keyRows(state).slice(0, left);
  left -= keys.length;
  const notice = state.notice === undefined ? [] : wrapped(state.notice, columns).slice(0, left);
  return [...qr, wait, ...notice, ...keys];
}

/** In a narrow window the same in fewer words. */
function waitRow({ wait, columns }: LoginState, leftMs: number): Row {
  const left = clock(leftMs);
  switch (wait.kind) {
    case 'renewing':
      return row(firstThatFits(['asking for a new code', 'asking'], columns), 'dim');
    case 'offline':
      return row(
        firstThatFits([`offline, retrying (${left} left)`, `offline (${left})`, left], columns),
        'warn',
      );
    case 'slowed':
    case 'waiting': {
      const shortly = [`waiting for approval — ${left} left`, `waiting — ${left}`, left];
      const slowly =
        wait.kind === 'slowed'
          ? [`${shortly[0]}, asking every ${wait.intervalS} s as the server wishes`]
          : [];
      return row(firstThatFits([...slowly, ...shortly], columns), leftMs <= LAST_MS ? 'warn' : 'plain');
    }
  }
}

/** Towards its end the countdown is worth a look. */
const LAST_MS = 60_000;

function qrRows({ showsQr, qr, columns, device }: LoginState, space: number): readonly Row[] {
  if (!showsQr) return [];
  if (qr === undefined || qr.width > columns || qr.rows.length > space) {
    return wrapped(row('The QR code does not fit into this window.', 'warn'), columns).slice(0, space);
  }
  const isWhole = device?.verificationUriComplete !== undefined;
  const remark = isWhole
    ? []
    : wrapped(row('It holds the address; the code has to be typed.', 'dim'), columns);
  return [...qr.rows, ...remark.slice(0, space - qr.rows.length)];
}

function keyRows(state: LoginState): readonly Row[] {
  const { columns, rows, canOpen, canCopy, showsQr } = state;
  const isRoomy = columns >= ROOMY_COLUMNS && rows >= ROOMY_ROWS;
  const keys = isRoomy
    ? [
        canOpen ? 'Enter opens the browser' : undefined,
        canCopy ? 'c copies the code' : undefined,
        showsQr ? 'q hides the QR code' : 'q shows a QR code',
        'r asks for a new code',
        'Esc cancels',
      ]
    : [
        canOpen ? 'Enter: browser' : undefined,
        canCopy ? 'c: copy' : undefined,
        'q: QR code',
        'r: new code',
        'Esc: cancel',
      ];
  const lines: string[] = [];
  for (const key of keys.filter((one) => one !== undefined)) {
    const joined = lines.length === 0 ? key : `${lines.at(-1)} · ${key}`;
    if (lines.length > 0 && cellWidth(joined) <= columns) lines[lines.length - 1] = joined;
    else lines.push(cutToWidth(key, columns));
  }
  return lines.map((line) => row(line, 'dim'));
}

const ROOMY_COLUMNS = 60;
const ROOMY_ROWS = 16;

function wrapped({ text, tone }: Row, columns: number): readonly Row[] {
  return wrapWords(text, columns).map((line) => row(line, tone));
}

function firstThatFits(texts: readonly string[], columns: number): string {
  return texts.find((text) => cellWidth(text) <= columns) ?? cutToWidth(texts.at(-1) ?? '', columns);
}
