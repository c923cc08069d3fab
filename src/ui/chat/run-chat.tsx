/**
 * The chat on a terminal: keys and answers become actions, actions a new state, the state a frame, at most
 * thirty a second and none when nothing changed. Finished rows go straight to the terminal and leave React
 * for good; Ink draws only the few rows below them (spec: inline, native scrollback).
 */
import { render } from 'ink';
import { toMiraError, type MiraError } from '../../errors.ts';
import type { Highlight } from '../markdown/color-code.ts';
import { createSanitizer, sanitize, sanitizeLine, type Sanitizer } from '../sanitize.ts';
import type { Style } from '../style.ts';
import { ChatView, type LendTerminal } from './ChatView.tsx';
import type { Reply, RunErrand } from './errand.ts';
import { createFrameOutput } from './frame-output.ts';
import { createKeyInput } from './key-input.ts';
import type { ChatKey } from './keys.ts';
import { layout, type ChatFacts, type Picture } from './layout.ts';
import type { Row } from '../rows.ts';
import { eraseRegion, regionOf, resizedRegion, type LiveRegion, type Reflow } from './live-region.ts';
import { initialState, type ChatAction, type Effect, type TurnEvent } from './state.ts';
import { talkRows } from './submit.ts';
import type { Attachment, Talk } from './talk.ts';
import { nextChange, update } from './update.ts';
import type { WritingAids } from './writing-aids.ts';
import { paint } from '../theme.ts';

/** Streams the answer to the last question of the conversation; throws MiraError. */
export type Send = (talk: Talk, options: { readonly signal: AbortSignal }) => AsyncIterable<TurnEvent>;

export interface ChatOptions extends ChatFacts {
  readonly send: Send;
  readonly runErrand: RunErrand;
  readonly aids: WritingAids;
  /** What the chat begins with; earlier messages are printed. */
  readonly talk: Talk;
  /** Terminals; stdin must be able to do raw mode. Otherwise: line-mode.ts. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly style: Style;
  /** Colours of code. */
  readonly highlight: Highlight;
  /** What the terminal does with its rows when the window gets narrower. */
  readonly reflow: Reflow;
  /** Ends the chat; an answer under way is stopped and kept on the screen. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Resolves when the person leaves, the input ends or the signal comes; the terminal is then as it was found. */
export async function runChat(options: ChatOptions): Promise<void> {
  const { stdin, stdout, stderr, style, signal, now, aids } = options;
  const output = createFrameOutput(stdout);
  const answers = new Map<number, AbortController>();
  const errands = new Map<number, AbortController>();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let state = initialState({
    talk: options.talk,
    history: aids.history,
    highlight: options.highlight,
    ...sizeOf(stdout),
  });
  let finished = '';
  /** What the terminal shows, as it was drawn. */
  let shown: Picture | undefined;
  /** Where it stands since the window changed; absent while it is where it was drawn. */
  let moved: LiveRegion | undefined;
  let resizedAt = -SETTLE_MS;
  let isRedrawn = false;
  let isLent = false;
  let lookup = new AbortController();
  let lent: Promise<unknown> | undefined;
  const { promise: ready, resolve: onReady } = Promise.withResolvers<LendTerminal>();
  let lastFrameAt = 0;
  let frameTimer: NodeJS.Timeout | undefined;
  let changeTimer: NodeJS.Timeout | undefined;
  let isLeaving = false;

  function dispatch(action: ChatAction): void {
    if (isLeaving) return;
    apply(action);
    scheduleFrame();
  }

  function apply(action: ChatAction): void {
    const next = update(state, action);
    state = next.state;
    for (const effect of next.effects) carryOut(effect);
  }

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'print':
        finished += effect.rows.map((row: Row) => `${paint(row, style)}\n`).join('');
        return;
      case 'send':
        void answer(effect);
        return;
      case 'stop':
        answers.get(effect.turn)?.abort();
        return;
      case 'errand':
        void runErrand(effect);
        return;
      case 'stop_errand':
        errands.get(effect.id)?.abort();
        return;
      case 'clear':
        finished += CLEAR_WINDOW;
        return;
      case 'attach':
        void attach(effect);
        return;
      case 'find_paths':
        void findPaths(effect.path);
        return;
      case 'editor':
        void editElsewhere(effect.text);
        return;
      case 'redraw':
        isRedrawn = true;
        return;
      case 'leave':
        isLeaving = true;
        leave();
    }
  }

  /** Never rejects: what goes wrong is shown. */
  async function answer({ turn, talk }: Extract<Effect, { readonly kind: 'send' }>): Promise<void> {
    const controller = new AbortController();
    answers.set(turn, controller);
    const sanitizers = { text: createSanitizer(), reasoning: createSanitizer() };
    let breathedAt = now();
    try {
      for await (const event of options.send(talk, { signal: controller.signal })) {
        dispatch({ kind: 'event', turn, event: safeEvent(event, sanitizers), at: now() });
        if (controller.signal.aborted) return;
        if (now() - breathedAt < BREATH_MS) continue;
        // An answer that comes faster than it is read must not keep keys and frames waiting.
        await new Promise((resume) => setImmediate(resume));
        breathedAt = now();
      }
      dispatch({ kind: 'ended', turn, at: now() });
    } catch (error) {
      dispatch({ kind: 'failed', turn, error: safeError(error), at: now() });
    } finally {
      answers.delete(turn);
    }
  }

  /** Never rejects: a refusal is shown. */
  async function runErrand({ id, errand }: Extract<Effect, { readonly kind: 'errand' }>): Promise<void> {
    const controller = new AbortController();
    errands.set(id, controller);
    try {
      const reply = await options.runErrand(errand, {
        talk: state.talk,
        spent: state.spent,
        signal: controller.signal,
        withTerminal,
      });
      dispatch({ kind: 'replied', errand: id, reply: safeReply(reply), at: now() });
    } catch (error) {
      dispatch({ kind: 'refused', errand: id, error: safeError(error), at: now() });
    } finally {
      errands.delete(id);
    }
  }

  /** Never rejects: what cannot go along is said. */
  async function attach({ turn, paths }: Extract<Effect, { readonly kind: 'attach' }>): Promise<void> {
    const attachments: Attachment[] = [];
    const refusals: string[] = [];
    try {
      for (const path of paths) {
        const read = await aids.readMention(path);
        if (read?.refusal !== undefined) refusals.push(sanitizeLine(read.refusal));
        else if (read !== undefined) attachments.push(withSafeName(read.attachment));
      }
      dispatch({ kind: 'attached', turn, attachments, refusals });
    } catch (error) {
      dispatch({ kind: 'failed', turn, error: safeError(error), at: now() });
    }
  }

  async function findPaths(path: string): Promise<void> {
    lookup.abort();
    lookup = new AbortController();
    const controller = lookup;
    const paths = await aids.findPaths(path, controller.signal);
    if (!controller.signal.aborted) dispatch({ kind: 'paths', path, paths });
  }

  /** Never rejects: why there is no editor is said. */
  async function editElsewhere(text: string): Promise<void> {
    if (isLent) return;
    try {
      lent = withTerminal(async () => {
        const edited = await aids.editText(text, signal);
        if (edited.kind === 'edited') dispatch({ kind: 'edited', text: edited.text });
        else dispatch({ kind: 'noted', text: sanitizeLine(edited.reason), at: now() });
      });
      await lent;
    } catch (error) {
      dispatch({ kind: 'noted', text: safeError(error).message, at: now() });
    }
  }

  /** Lends the terminal, as it was found, and draws the chat anew afterwards. */
  async function withTerminal<T>(work: () => Promise<T>): Promise<T> {
    const lend = await ready;
    drawFrame();
    isLent = true;
    const drawn = shown;
    let result: { readonly value: T } | undefined;
    try {
      output.begin();
      erase();
      output.end();
      await lend(async () => {
        if (aids.keyboard.xterm) stdout.write(XTERM_KEYS_AS_BEFORE);
        // Ink stops listening but not reading: keys meant for the work would end up here. It is paused only once
        // Node has taken notice that nobody listens.
        await new Promise((resume) => setImmediate(resume));
        stdin.pause();
        try {
          result = { value: await work() };
        } finally {
          stdin.resume();
          if (aids.keyboard.xterm) stdout.write(XTERM_KEYS);
        }
      });
    } finally {
      isLent = false;
      // Ink has drawn again what it had drawn before.
      shown = drawn;
      dispatch({ kind: 'resized', ...sizeOf(stdout) });
    }
    if (result === undefined) throw new Error('The terminal was not lent.');
    return result.value;
  }

  function scheduleFrame(): void {
    if (frameTimer !== undefined) return;
    const wait = Math.max(lastFrameAt + FRAME_MS, moved === undefined ? 0 : resizedAt + SETTLE_MS) - now();
    frameTimer = setTimeout(drawFrame, Math.min(Math.max(wait, 0), SETTLE_MS));
  }

  function drawFrame(): void {
    clearTimeout(frameTimer);
    frameTimer = undefined;
    if (isLeaving || isLent) return;
    lookAtSize(stdout);
    if (moved !== undefined && now() < resizedAt + SETTLE_MS) return scheduleFrame();
    apply({ kind: 'frame', at: now() });
    const picture = layout(state, options, now());
    if (finished !== '' || moved !== undefined || isRedrawn || !isSame(picture, shown)) {
      lastFrameAt = now();
      output.begin();
      if (finished !== '' || moved !== undefined || isRedrawn) erase();
      output.stream.write(finished);
      finished = '';
      ink.rerender(view(picture));
      output.end();
      shown = picture;
    }
    clearTimeout(changeTimer);
    const change = nextChange(state, now());
    changeTimer = change === undefined ? undefined : setTimeout(scheduleFrame, change);
  }

  /** Ink erases as many rows as it drew, and a window that was changed since may hold more of them: it is only told. */
  function erase(): void {
    if (shown !== undefined) output.stream.write(eraseRegion(moved ?? regionOf(shown)));
    output.silently(() => ink.clear());
    shown = undefined;
    moved = undefined;
    isRedrawn = false;
  }

  function view(picture: Picture) {
    return <ChatView picture={picture} style={style} onKeys={onKeys} onReady={onReady} />;
  }

  function onKeys(keys: readonly ChatKey[]): void {
    for (const key of keys) dispatch({ kind: 'key', key, at: now() });
  }

  const onResize = (): void => {
    if (shown !== undefined) {
      moved = resizedRegion(moved ?? regionOf(shown), {
        columns: sizeOf(stdout).columns,
        reflow: options.reflow,
      });
    }
    resizedAt = now();
    clearTimeout(frameTimer);
    frameTimer = undefined;
    dispatch({ kind: 'resized', ...sizeOf(stdout) });
  };
  const onLeave = (): void => dispatch({ kind: 'leave', at: now() });

  // Before the first frame, so that what is typed on seeing it is not echoed by the terminal itself.
  stdin.setRawMode(true);
  // A prompt before this may have left it paused, and Ink alone does not wake it then.
  stdin.resume();
  for (const row of talkRows(options.talk, state)) finished += `${paint(row, style)}\n`;
  stdout.write(finished);
  finished = '';
  const first = layout(state, options, now());
  shown = first;
  const ink = render(view(first), {
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
    // Shift+Enter, Esc without a wait, and Ctrl on the keyboards of other scripts. Not 'auto': an answer that takes
    // longer than 200 ms, over a slow line or at a busy start, would be taken for none.
    kittyKeyboard: {
      mode: aids.keyboard.kitty ? 'enabled' : 'disabled',
      flags: ['disambiguateEscapeCodes', 'reportAlternateKeys'],
    },
    // Frames are paced here; a second pacemaker would pull finished rows and live rows apart.
    maxFps: 1_000,
  });
  if (aids.keyboard.xterm) stdout.write(XTERM_KEYS);
  stdout.on('resize', onResize);
  stdin.on('end', onLeave);
  signal.addEventListener('abort', onLeave);
  try {
    if (signal.aborted) onLeave();
    await left;
  } finally {
    isLeaving = true;
    clearTimeout(frameTimer);
    clearTimeout(changeTimer);
    stdout.off('resize', onResize);
    stdin.off('end', onLeave);
    signal.removeEventListener('abort', onLeave);
    for (const controller of [...answers.values(), ...errands.values(), lookup]) controller.abort();
    // An editor ends with the signal, and gives the terminal back first.
    await lent?.catch(() => undefined);
    if (aids.keyboard.xterm) stdout.write(XTERM_KEYS_AS_BEFORE);
    output.begin();
    erase();
    output.stream.write(finished);
    ink.unmount();
    output.end();
    await ink.waitUntilExit();
    stdin.setRawMode(false);
  }
}

/** Thirty frames a second are as smooth as an answer gets. */
const FRAME_MS = 33;
const BREATH_MS = 8;
/** While a window is being changed, what is drawn for one size would be erased by the measure of the next. */
const SETTLE_MS = 80;

/** modifyOtherKeys 1: keys that would otherwise look like others, and only those. */
const XTERM_KEYS = '\x1b[>4;1m';
const XTERM_KEYS_AS_BEFORE = '\x1b[>4m';

/**
 * Tells at once when the window has changed. The signal comes later, and what is drawn for the old size in between is
 * broken by the terminal. Node asks the terminal nowhere else.
 */
function lookAtSize(stdout: NodeJS.WriteStream): void {
  if ('_refreshSize' in stdout && typeof stdout._refreshSize === 'function') stdout._refreshSize();
}

function sizeOf(stdout: NodeJS.WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

/** From the upper left; what scrolled away before stays in the scrollback. */
const CLEAR_WINDOW = '\x1b[2J\x1b[H';

function isSame(one: Picture, other: Picture | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

interface Sanitizers {
  readonly text: Sanitizer;
  readonly reasoning: Sanitizer;
}

function safeEvent(event: TurnEvent, sanitizers: Sanitizers): TurnEvent {
  if (event.kind === 'text' || event.kind === 'reasoning') {
    return { ...event, text: sanitizers[event.kind].push(event.text) };
  }
  return event.kind === 'retry' ? { ...event, reason: sanitizeLine(event.reason, 80) } : event;
}

function withSafeName(attachment: Attachment): Attachment {
  return { ...attachment, name: sanitizeLine(attachment.name) };
}

function safeReply(reply: Reply): Reply {
  return {
    ...reply,
    lines: reply.lines?.map((line) => sanitize(line)),
    notice: reply.notice === undefined ? undefined : sanitizeLine(reply.notice),
  };
}

function safeError(error: unknown): MiraError {
  const known = toMiraError(error);
  return known.with({
    message: sanitizeLine(known.message),
    hint: known.hint === undefined ? undefined : sanitizeLine(known.hint),
  });
}
