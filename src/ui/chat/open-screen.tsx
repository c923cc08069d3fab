/**
 * The terminal while the chat has it. Finished rows go straight to it and leave React for good; Ink draws only the few
 * rows below them. Both reach it in one write a frame, wherever a changed window has put what was drawn before.
 */
import { render } from 'ink';
import type { Style } from '../style.ts';
import { ChatView, type LendTerminal } from './ChatView.tsx';
import { createFrameOutput } from './frame-output.ts';
import { createKeyInput, type Keyboard } from './key-input.ts';
import type { ChatKey } from './keys.ts';
import type { Picture } from './layout.ts';
import { eraseRegion, regionOf, resizedRegion, type LiveRegion, type Reflow } from './live-region.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface ScreenOptions {
  /** Terminals; stdin must be able to do raw mode. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly style: Style;
  readonly reflow: Reflow;
  readonly keyboard: Keyboard;
  /** Written first, above the first picture. */
  readonly above: string;
  readonly first: Picture;
  readonly onKeys: (keys: readonly ChatKey[]) => void;
  readonly onResize: (size: Size) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Screen {
  /** Text that is finished; it is written with the next picture, above it. */
  print(text: string): void;
  /** The next picture is drawn on an empty window; the scrollback stays. */
  clear(): void;
  /** The next picture is drawn anew, whatever is there. */
  redraw(): void;
  /** Draws what differs. @returns false while the window is being changed or somebody else has it: once more, later */
  draw(picture: () => Picture): boolean;
  readonly isLent: boolean;
  /** Lends the terminal, as it was found, and draws the last picture again afterwards. */
  lend<T>(work: () => Promise<T>): Promise<T>;
  /** Leaves what is finished, and nothing else; the terminal is then as it was found. */
  close(): Promise<void>;
}

export function openScreen(options: ScreenOptions): Screen {
  const { stdin, stdout, stderr, style, keyboard, now } = options;
  const output = createFrameOutput(stdout);
  const { promise: ready, resolve: onReady } = Promise.withResolvers<LendTerminal>();
  let finished = '';
  /** What the terminal shows, as it was drawn. */
  let shown: Picture | undefined = options.first;
  /** Where it stands since the window changed; absent while it is where it was drawn. */
  let moved: LiveRegion | undefined;
  let settledAt = 0;
  let isStale = false;
  let isLent = false;
  let lent: Promise<unknown> | undefined;

  function view(picture: Picture) {
    return <ChatView picture={picture} style={style} onKeys={options.onKeys} onReady={onReady} />;
  }

  function draw(take: () => Picture): boolean {
    if (isLent) return false;
    lookAtSize(stdout);
    if (moved !== undefined && now() < settledAt) return false;
    const picture = take();
    const isErased = finished !== '' || moved !== undefined || isStale;
    if (!isErased && isSame(picture, shown)) return true;
    output.begin();
    if (isErased) erase();
    output.stream.write(finished);
    finished = '';
    ink.rerender(view(picture));
    output.end();
    shown = picture;
    return true;
  }

  /** Ink erases as many rows as it drew, and a window that was changed since may hold more of them: it is only told. */
  function erase(): void {
    if (shown !== undefined) output.stream.write(eraseRegion(moved ?? regionOf(shown)));
    output.silently(() => ink.clear());
    shown = undefined;
    moved = undefined;
    isStale = false;
  }

  function onResize(): void {
    const size = sizeOf(stdout);
    if (shown !== undefined) {
      const { reflow } = options;
      moved = resizedRegion(moved ?? regionOf(shown), { columns: size.columns, reflow });
    }
    settledAt = now() + SETTLE_MS;
    options.onResize(size);
  }

  async function lend<T>(work: () => Promise<T>): Promise<T> {
    const lendTerminal = await ready;
    isLent = true;
    const drawn = shown;
    let result: { readonly value: T } | undefined;
    try {
      output.begin();
      erase();
      output.stream.write(finished);
      finished = '';
      output.end();
      await lendTerminal(async () => {
        if (keyboard.xterm) stdout.write(XTERM_KEYS_AS_BEFORE);
        // Ink stops listening but not reading: keys meant for the work would end up here. It is paused only once
        // Node has taken notice that nobody listens.
        await new Promise((resume) => setImmediate(resume));
        stdin.pause();
        try {
          result = { value: await work() };
        } finally {
          stdin.resume();
          if (keyboard.xterm) stdout.write(XTERM_KEYS);
        }
      });
    } finally {
      isLent = false;
      // Ink has drawn again what it had drawn before.
      shown = drawn;
      options.onResize(sizeOf(stdout));
    }
    if (result === undefined) throw new Error('The terminal was not lent.');
    return result.value;
  }

  async function close(): Promise<void> {
    stdout.off('resize', onResize);
    // Whoever has the terminal gives it back first.
    await lent?.catch(() => undefined);
    if (keyboard.xterm) stdout.write(XTERM_KEYS_AS_BEFORE);
    output.begin();
    erase();
    output.stream.write(finished);
    ink.unmount();
    output.end();
    await ink.waitUntilExit();
    stdin.setRawMode(false);
  }

  // Before anything is drawn, so that what is typed on seeing it is not echoed by the terminal itself.
  stdin.setRawMode(true);
  // A prompt before this may have left it paused, and Ink alone does not wake it then.
  stdin.resume();
  stdout.write(options.above);
  const ink = render(view(options.first), {
    stdin: createKeyInput(stdin),
    stdout: output.stream,
    stderr,
    // Ctrl-C is a key here, and its second press leaves.
    exitOnCtrlC: false,
    // Nothing else in this program prints; a patched console would keep the output of a crash from the terminal.
    patchConsole: false,
    // The caller has looked at the streams. Ink would draw nothing until the end where CI is set.
    interactive: true,
    isScreenReaderEnabled: false,
    // Shift-Enter, Esc without a wait, and Ctrl on the keyboards of other scripts. Not 'auto': an answer that takes
    // longer than 200 ms, over a slow line or at a busy start, would be taken for none.
    kittyKeyboard: {
      mode: keyboard.kitty ? 'enabled' : 'disabled',
      flags: ['disambiguateEscapeCodes', 'reportAlternateKeys'],
    },
    // Frames are paced by the caller; a second pacemaker would pull finished rows and live rows apart.
    maxFps: 1_000,
  });
  if (keyboard.xterm) stdout.write(XTERM_KEYS);
  stdout.on('resize', onResize);

  return {
    print: (text) => void (finished += text),
    clear: () => void (finished += CLEAR_WINDOW),
    redraw: () => void (isStale = true),
    draw,
    get isLent() {
      return isLent;
    },
    lend: (work) => {
      const lending = lend(work);
      lent = lending;
      return lending;
    },
    close,
  };
}

export function sizeOf(stdout: NodeJS.WriteStream): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

/** While a window is being changed, what is drawn for one size would be erased by the measure of the next. */
const SETTLE_MS = 80;

/** modifyOtherKeys 1: keys that would otherwise look like others, and only those. */
const XTERM_KEYS = '\x1b[>4;1m';
const XTERM_KEYS_AS_BEFORE = '\x1b[>4m';

/** From the upper left; what scrolled away before stays in the scrollback. */
const CLEAR_WINDOW = '\x1b[2J\x1b[H';

/**
 * Tells at once when the window has changed. The signal comes later, and what is drawn for the old size in between is
 * broken by the terminal. Node asks the terminal nowhere else.
 */
function lookAtSize(stdout: NodeJS.WriteStream): void {
  if ('_refreshSize' in stdout && typeof stdout._refreshSize === 'function') stdout._refreshSize();
}

function isSame(one: Picture, other: Picture | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
