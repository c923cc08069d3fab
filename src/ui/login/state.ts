/**
 * The waiting screen as a value: the code that is shown, how the wait goes, what was said last. `update` is
 * pure; what must happen in the world comes back as effects, in order.
 *
 * What a person has to read or copy is printed once and never touched again, so that a selection in it lives
 * and the terminal itself wraps an address that is wider than the window. Only what changes is drawn again.
 */
import type { LoginEvent } from '../../auth/login-event.ts';
import { row, type Row } from '../rows.ts';
import { sanitizeLine } from '../sanitize.ts';
import { wrapWords } from '../text-rows.ts';
import type { LoginKey } from './keys.ts';
import { qrCode, type QrCode } from './qr-code.ts';
import { address, request, type DeviceCode } from './words.ts';

export interface LoginFacts {
  /** Name of this computer, so that a person recognises what they started. */
  readonly machine: string;
  /** Copying, and opening a browser, can work here. */
  readonly canCopy: boolean;
  readonly canOpen: boolean;
  /** False for --no-copy: the code is copied only when asked. */
  readonly copyAtOnce: boolean;
  /** The QR code is there from the beginning. */
  readonly qrAtOnce: boolean;
  readonly color: boolean;
}

export interface LoginState extends LoginFacts {
  readonly device?: DeviceCode | undefined;
  readonly wait:
    | { readonly kind: 'waiting' | 'offline' | 'renewing' }
    | { readonly kind: 'slowed'; readonly intervalS: number };
  readonly notice?: Row | undefined;
  readonly showsQr: boolean;
  /** Of the device code that is shown; made when it is first looked at. */
  readonly qr?: QrCode | undefined;
  readonly columns: number;
  readonly rows: number;
}

export type LoginAction =
  | { readonly kind: 'event'; readonly event: LoginEvent }
  | { readonly kind: 'key'; readonly key: LoginKey }
  /** How the code was copied, `osc52` or by a tool's name; undefined when it was not. */
  | { readonly kind: 'copied'; readonly how: string | undefined }
  | { readonly kind: 'not_opened'; readonly reason: string }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number };

export type Effect =
  /** Rows for the scrollback; the terminal wraps those that are wider than the window. */
  | { readonly kind: 'print'; readonly rows: readonly Row[] }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'open'; readonly uri: string }
  | { readonly kind: 'renew'; readonly device: DeviceCode }
  | { readonly kind: 'cancel' };

export interface Update {
  readonly state: LoginState;
  readonly effects: readonly Effect[];
}

export function initialState(
  start: LoginFacts & { readonly columns: number; readonly rows: number },
): LoginState {
  return { ...start, wait: { kind: 'waiting' }, showsQr: start.qrAtOnce };
}

export function update(state: LoginState, action: LoginAction): Update {
  switch (action.kind) {
    case 'event':
      return onEvent(state, action.event);
    case 'key':
      return onKey(state, action.key);
    case 'copied':
      return only({ ...state, notice: copiedNotice(action.how) });
    case 'not_opened':
      return only({
        ...state,
        notice: row(`Open the address by hand: ${sanitizeLine(action.reason)}.`, 'warn'),
      });
    case 'resized':
      return only({ ...state, columns: action.columns, rows: action.rows });
  }
}

/** Milliseconds until the picture changes by time alone; undefined when it does not. */
export function nextChange({ device, wait }: LoginState, now: number): number | undefined {
  if (device === undefined || wait.kind === 'renewing') return undefined;
  const left = device.expiresAt - now;
  return left <= 0 ? undefined : left % 1000 || 1000;
}

function onEvent(state: LoginState, event: LoginEvent): Update {
  switch (event.kind) {
    case 'device_code':
      return onCode(state, event);
    case 'pending':
      return only({ ...state, wait: { kind: 'waiting' } });
    case 'slow_down':
      return only({ ...state, wait: { kind: 'slowed', intervalS: event.interval } });
    case 'offline':
      return only({ ...state, wait: { kind: 'offline' } });
    // Before the screen, and after it.
    case 'asking':
    case 'approved':
    case 'authorized':
      return only(state);
  }
}

function onCode(state: LoginState, device: DeviceCode): Update {
  const rows = state.device === undefined ? instructions(state, device) : replacement(state, device);
  const next: LoginState = {
    ...state,
    device,
    wait: { kind: 'waiting' },
    notice: undefined,
    qr: state.showsQr ? qrOf(device, state) : undefined,
  };
  const effects: Effect[] = [{ kind: 'print', rows }];
  if (state.canCopy && state.copyAtOnce) effects.push(copy(device));
  return { state: next, effects };
}

/** The code last, nearest to what changes: in a small window the lines above are the first to leave. */
function instructions({ columns, rows, machine }: LoginState, device: DeviceCode): readonly Row[] {
  const air = rows >= AIRY ? [row('')] : [];
  const [title = '', ...asked] = request(device);
  const warning = `You started this on ${sanitizeLine(machine)}; never type a code someone sent you.`;
  return [
    row(title),
    ...asked.map((line) => row(line)),
    ...wrapWords(warning, columns).map((line) => row(line)),
    ...air,
    row('To sign in, open this address'),
    ...air,
    row(`  ${address(device.verificationUri)}`, 'link'),
    ...air,
    row('and enter the code'),
    ...air,
    row(`  ${sanitizeLine(device.userCode)}`, 'strong'),
    ...air,
  ];
}

function replacement(state: LoginState, device: DeviceCode): readonly Row[] {
  const air = state.rows >= AIRY ? [row('')] : [];
  const isElsewhere = state.device?.verificationUri !== device.verificationUri;
  const said = 'A new code; the one before is of no use any more.';
  return [
    ...wrapWords(said, state.columns).map((line) => row(line)),
    ...air,
    ...(isElsewhere ? [row(`  ${address(device.verificationUri)}`, 'link')] : []),
    row(`  ${sanitizeLine(device.userCode)}`, 'strong'),
    ...air,
  ];
}

/** Rows of a window in which blank lines cost nothing that is needed. */
const AIRY = 20;

function onKey(state: LoginState, key: LoginKey): Update {
  const { device } = state;
  if (key === 'cancel') return { state, effects: [{ kind: 'cancel' }] };
  if (device === undefined || state.wait.kind === 'renewing') return only(state);
  switch (key) {
    case 'open':
      return state.canOpen
        ? {
            state,
            effects: [{ kind: 'open', uri: device.verificationUriComplete ?? device.verificationUri }],
          }
        : only(state);
    case 'copy':
      return state.canCopy ? { state, effects: [copy(device)] } : only(state);
    case 'qr':
      return only(
        state.showsQr
          ? { ...state, showsQr: false }
          : { ...state, showsQr: true, qr: state.qr ?? qrOf(device, state) },
      );
    case 'renew':
      return {
        state: { ...state, wait: { kind: 'renewing' }, notice: undefined },
        effects: [{ kind: 'renew', device }],
      };
  }
}

function copy(device: DeviceCode): Effect {
  return { kind: 'copy', text: sanitizeLine(device.userCode) };
}

function qrOf(device: DeviceCode, { color }: LoginState): QrCode | undefined {
  return qrCode(device.verificationUriComplete ?? device.verificationUri, { color });
}

function copiedNotice(how: string | undefined): Row {
  if (how === undefined) return row('The code could not be copied: type it as shown.', 'warn');
  return how === 'osc52'
    ? row('The code was handed to the clipboard of your terminal.', 'dim')
    : row('The code is in the clipboard.', 'dim');
}

function only(state: LoginState): Update {
  return { state, effects: [] };
}
