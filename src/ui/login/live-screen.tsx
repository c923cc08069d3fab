/**
 * The waiting screen on a terminal: events and keys become actions, actions a new state, the state a frame,
 * drawn when something changed and once a second for the countdown. What is finished goes straight to the
 * terminal; Ink draws only the few rows below it.
 */
import { render } from 'ink';
import { createFrameOutput } from '../chat/frame-output.ts';
import { eraseRegion, regionOf, resizedRegion, type LiveRegion } from '../chat/live-region.ts';
import type { Row } from '../rows.ts';
import { paint } from '../theme.ts';
import type { LoginScreen, LoginView as Screen } from './show-login.ts';
import { layout } from './layout.ts';
import { LoginView } from './LoginView.tsx';
import { initialState, nextChange, update, type Effect, type LoginAction } from './state.ts';
import type { LoginKey } from './keys.ts';

/** Takes the terminal over; it is as it was found after `close`, which the signal calls too. */
export function openLiveScreen(options: LoginScreen): Screen {
  const { stdin, stderr, style, signal, now } = options;
  const output = createFrameOutput(stderr);
  let state = initialState({
    machine: options.machine,
    canCopy: options.copy !== undefined,
    canOpen: options.open !== undefined,
    copyAtOnce: options.copyAtOnce,
    qrAtOnce: options.qrAtOnce,
    color: style.color,
    ...sizeOf(stderr),
  });
  let drawn: readonly Row[] = [];
  let region = regionWith(drawn);
  let finished = '';
  let timer: NodeJS.Timeout | undefined;
  let isResized = false;
  let isClosed = false;

  function dispatch(action: LoginAction): void {
    if (isClosed) return;
    const next = update(state, action);
    state = next.state;
    for (const effect of next.effects) carryOut(effect);
    draw();
  }

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'print':
        finished += effect.rows.map((row) => `${paint(row, style)}\n`).join('');
        return;
      case 'copy':
        void copy(effect.text);
        return;
      case 'open':
        void open(effect.uri);
        return;
      case 'renew':
        effect.device.renew();
        return;
      case 'cancel':
        // First the terminal, because whoever is told may say something on it.
        void close();
        options.cancel();
    }
  }

  async function copy(text: string): Promise<void> {
    if (options.copy !== undefined) dispatch({ kind: 'copied', how: await options.copy(text) });
  }

  async function open(uri: string): Promise<void> {
    const result = await options.open?.(new URL(uri));
    if (result?.opened === false) dispatch({ kind: 'not_opened', reason: result.reason });
  }

  function draw(): void {
    if (isClosed) return;
    const rows = layout(state, now());
    if (finished !== '' || isResized || JSON.stringify(rows) !== JSON.stringify(drawn)) {
      output.begin();
      finish();
      drawn = rows;
      region = regionWith(rows);
      ink.rerender(view(rows));
      output.end();
    }
    clearTimeout(timer);
    const change = nextChange(state, now());
    timer = change === undefined ? undefined : setTimeout(draw, change);
  }

  /** Takes the rows away and prints what is finished in their place. */
  function finish(): void {
    if (isResized) {
      // Ink erases the rows it drew; a window that was changed since may hold more of them.
      output.stream.write(eraseRegion(region));
      output.silently(() => ink.clear());
    } else if (finished !== '' || isClosed) ink.clear();
    isResized = false;
    output.stream.write(finished);
    finished = '';
  }

  function view(rows: readonly Row[]) {
    return <LoginView rows={rows} style={style} onKeys={onKeys} />;
  }

  function onKeys(keys: readonly LoginKey[]): void {
    for (const key of keys) dispatch({ kind: 'key', key });
  }

  function onResize(): void {
    const size = sizeOf(stderr);
    isResized = true;
    region = resizedRegion(region, { columns: size.columns, reflow: options.reflow });
    dispatch({ kind: 'resized', ...size });
  }

  function onAbort(): void {
    void close();
  }

  function close(): Promise<void> {
    if (!isClosed) takeAway();
    return exited;
  }

  function takeAway(): void {
    isClosed = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    stderr.off('resize', onResize);
    output.begin();
    finish();
    ink.unmount();
    output.end();
    stdin.setRawMode(false);
  }

  // Before the first frame, so that what is typed on seeing it is not echoed by the terminal itself.
  stdin.setRawMode(true);
  // A prompt before this may have left it paused, and Ink alone does not wake it then.
  stdin.resume();
  stderr.on('resize', onResize);
  const ink = render(view(drawn), {
    stdin,
    stdout: output.stream,
    stderr,
    exitOnCtrlC: false,
    // A patched console would keep the output of a crash from the terminal.
    patchConsole: false,
    // The caller has looked at the streams. Ink would draw nothing until the end where CI is set.
    interactive: true,
    isScreenReaderEnabled: false,
    // Frames are paced by what happens; a second pacemaker would pull printed and live rows apart.
    maxFps: 1_000,
  });
  // Ink lets go of the keys a moment after its screen, and of the terminal for whoever reads it next.
  const exited = ink.waitUntilExit().then(() => void stdin.ref());
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) takeAway();

  return { show: (event) => dispatch({ kind: 'event', event }), close };
}

/** The cursor stands below the rows. */
function regionWith(rows: readonly Row[]): LiveRegion {
  return regionOf({ rows, caret: { x: 0, y: rows.length } });
}

function sizeOf(stream: NodeJS.WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: stream.columns || 80, rows: stream.rows || 24 };
}
