/**
 * The waiting screen of signing in (cli.md 3.1), in lines: where to go, the code, who asks for what, and one
 * live line that counts down. It watches the events on their way to the caller and changes none of them.
 * Without a terminal the same is said once, in plain lines that a script or a log can hold.
 */
import type { Account, LoginEvent } from '../auth/login-event.ts';
import type { Opened } from './browser.ts';
import { openRawKeys, type RawInput, type RawKey, type RawKeys } from './raw-keys.ts';
import { sanitizeLine } from './sanitize.ts';
import type { Spinner } from './spinner.ts';
import type { Style } from './style.ts';

export interface LoginScreen {
  readonly stderr: NodeJS.WritableStream;
  /** The live line; absent when stderr is no terminal. */
  readonly spinner?: Spinner | undefined;
  /** A terminal whose keys are read; absent when there is none to read from. */
  readonly stdin?: RawInput | undefined;
  readonly style: Style;
  /** Name of this computer, so that a person recognises what they started. */
  readonly machine: string;
  /** Copies a text and says how (clipboard.ts); absent when nothing can. */
  readonly copy?: ((text: string) => Promise<string | undefined>) | undefined;
  /** False for --no-copy: the code is copied only when `c` is pressed. */
  readonly copyAtOnce: boolean;
  /** Opens an address (browser.ts); absent for --no-browser and where none would be seen. */
  readonly open?: ((url: URL) => Promise<Opened>) | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `tick` every `intervalMs` until the returned function is called. */
  every(intervalMs: number, tick: () => void): () => void;
  /** Esc and Ctrl-C: ends the events with `cancelled`. */
  cancel(): void;
}

type DeviceCode = Extract<LoginEvent, { readonly kind: 'device_code' }>;

/** Shows the events as they pass. Terminal and keys are as before once the last event is handed on, or the caller stops. */
export async function* showLogin(
  events: AsyncIterable<LoginEvent>,
  screen: LoginScreen,
): AsyncGenerator<LoginEvent, void, undefined> {
  const view = screen.spinner === undefined ? plainView(screen) : liveView(screen, screen.spinner);
  try {
    for await (const event of events) {
      if (event.kind === 'authorized') view.close();
      view.show(event);
      yield event;
    }
  } finally {
    view.close();
  }
}

interface View {
  show(event: LoginEvent): void;
  close(): void;
}

function liveView(screen: LoginScreen, spinner: Spinner): View {
  const { style, now } = screen;
  let device: DeviceCode | undefined;
  let waiting = 'waiting for approval — ';
  let note = '';
  let isClosed = false;
  let stopTicking = (): void => {};
  let keys: RawKeys | undefined;

  function say(line: string): void {
    if (!isClosed) screen.stderr.write(`${line}\n`);
  }

  function draw(): void {
    if (isClosed || device === undefined) return;
    const left = clock(device.expiresAt - now());
    spinner.show(waiting.endsWith('(') ? `${waiting}${left} left)` : `${waiting}${left} left${note}`);
  }

  async function copyCode(): Promise<void> {
    if (device === undefined || screen.copy === undefined) return;
    const how = await screen.copy(sanitizeLine(device.userCode));
    if (how === undefined) say(style.warn('The code could not be copied: type it as shown.'));
    else if (how === 'osc52') say(style.dim('The code was handed to the clipboard of your terminal.'));
    else say(style.dim('The code is in the clipboard.'));
  }

  async function openPage(): Promise<void> {
    if (device === undefined || screen.open === undefined) return;
    const result = await screen.open(new URL(device.verificationUriComplete ?? device.verificationUri));
    if (!result.opened) say(style.warn(`Open the address by hand: ${sanitizeLine(result.reason)}.`));
  }

  function onKey(key: RawKey): void {
    if (key.kind === 'enter') void openPage();
    else if (key.kind === 'text' && key.text.toLowerCase() === 'c') void copyCode();
    else if (key.kind === 'escape' || key.kind === 'interrupt') screen.cancel();
    else if (key.kind === 'end') keys?.close();
  }

  function begin(event: DeviceCode): void {
    const isFirst = device === undefined;
    device = event;
    screen.stderr.write(instructions(event, screen));
    if (isFirst) {
      if (screen.stdin !== undefined) keys = openRawKeys(screen.stdin, onKey);
      stopTicking = screen.every(1_000, draw);
    }
    if (screen.copyAtOnce) void copyCode();
  }

  return {
    show(event) {
      switch (event.kind) {
        case 'device_code':
          begin(event);
          break;
        case 'offline':
          waiting = 'offline, retrying (';
          break;
        case 'slow_down':
          waiting = 'waiting for approval — ';
          note = `, asking every ${event.interval} s as the server wishes`;
          break;
        case 'pending':
          waiting = 'waiting for approval — ';
          break;
        case 'authorized':
          spinner.succeed(signedIn(event.account, device?.host));
          for (const notice of event.notices) screen.stderr.write(`${style.warn(sanitizeLine(notice))}\n`);
          return;
      }
      draw();
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      stopTicking();
      keys?.close();
      spinner.stop();
    },
  };
}

function plainView(screen: LoginScreen): View {
  let device: DeviceCode | undefined;
  let saidAt = 0;
  let isOffline = false;

  function say(line: string): void {
    saidAt = screen.now();
    screen.stderr.write(`${line}\n`);
  }

  return {
    show(event) {
      switch (event.kind) {
        case 'device_code':
          device = event;
          for (const line of plainInstructions(event)) say(line);
          return;
        case 'offline':
          if (!isOffline) say(`Offline, retrying: ${sanitizeLine(event.error.message)}`);
          isOffline = true;
          return;
        case 'slow_down':
          isOffline = false;
          say(`The server asks for patience: the next question follows in ${event.interval} s.`);
          return;
        case 'pending':
          isOffline = false;
          if (device !== undefined && screen.now() - saidAt >= 60_000) {
            say(`Still waiting for approval, ${clock(device.expiresAt - screen.now())} left.`);
          }
          return;
        case 'authorized':
          say(`${signedIn(event.account, device?.host)}.`);
          for (const notice of event.notices) say(sanitizeLine(notice));
          return;
        default:
          return;
      }
    },
    close() {},
  };
}

function instructions(event: DeviceCode, screen: LoginScreen): string {
  const { style } = screen;
  const keys = [
    screen.stdin !== undefined && screen.open !== undefined ? 'Enter opens the browser' : undefined,
    screen.stdin !== undefined && screen.copy !== undefined ? 'c copies the code' : undefined,
    screen.stdin !== undefined ? 'Esc cancels' : undefined,
  ].filter((key) => key !== undefined);
  const lines = [
    'To sign in, open this address',
    '',
    `  ${style.link(address(event.verificationUri))}`,
    '',
    'and enter the code',
    '',
    `  ${style.strong(sanitizeLine(event.userCode))}`,
    '',
    ...request(event),
    `You started this on ${sanitizeLine(screen.machine)}; never type a code someone sent you.`,
  ];
  if (keys.length > 0) lines.push(style.dim(keys.join(' · ')));
  return `${lines.join('\n')}\n`;
}

function plainInstructions(event: DeviceCode): readonly string[] {
  const complete = event.verificationUriComplete;
  return [
    'To sign in, open this address and enter the code:',
    address(event.verificationUri),
    ...(complete === undefined ? [] : [address(complete)]),
    sanitizeLine(event.userCode),
    ...request(event),
    'Never type a code someone sent you.',
  ];
}

/** Who asks for what; the host stands alone, so that a long text cannot hide it. */
function request(event: DeviceCode): readonly string[] {
  const scopes = sanitizeLine(event.scopes.join(' '));
  return ['Asked for by', `  ${sanitizeLine(event.host)}`, ...(scopes === '' ? [] : [`scopes: ${scopes}`])];
}

const LONGEST_ADDRESS = 2_000;

function address(uri: string): string {
  return sanitizeLine(uri, LONGEST_ADDRESS);
}

function signedIn(account: Account | undefined, host: string | undefined): string {
  const name = account?.name ?? account?.email ?? account?.id;
  const email = account?.name === undefined ? undefined : account.email;
  const who =
    name === undefined
      ? ''
      : ` as ${sanitizeLine(name)}${email === undefined ? '' : ` (${sanitizeLine(email)})`}`;
  return `Signed in${who}${host === undefined ? '' : ` at ${sanitizeLine(host)}`}`;
}

/** Minutes and seconds, "14:32". */
function clock(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
