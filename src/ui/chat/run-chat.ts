/**
 * The chat on a terminal: keys and answers become actions, actions a new state, the state a frame, at most
 * thirty a second and none when nothing changed. What must happen in the world is carried out here.
 */
import { toMiraError, type MiraError } from '../../errors.ts';
import { createHighlighter } from '../markdown/highlighter.ts';
import { createSanitizer, sanitize, sanitizeLine, type Sanitizer } from '../sanitize.ts';
import type { Style } from '../style.ts';
import type { Reply, RunErrand } from './errand.ts';
import { layout, type ChatFacts } from './layout.ts';
import type { Row } from '../rows.ts';
import type { Reflow } from './live-region.ts';
import { openScreen, sizeOf } from './open-screen.tsx';
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
  /** What the terminal does with its rows when the window gets narrower. */
  readonly reflow: Reflow;
  /** Tells when the stopped program goes on, until the returned function is called. */
  readonly onContinue: (listener: () => void) => () => void;
  /** Ends the chat; an answer under way is stopped and kept on the screen. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Resolves when the person leaves, the input ends or the signal comes; the terminal is then as it was found. */
export async function runChat(options: ChatOptions): Promise<void> {
  const { stdin, stdout, style, signal, now, aids } = options;
  const answers = new Map<number, AbortController>();
  const errands = new Map<number, AbortController>();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let state = initialState({
    talk: options.talk,
    history: aids.history,
    // Where nothing is coloured, no line has to wait for its colours.
    highlight: style.color ? createHighlighter({ onLoaded: scheduleFrame }) : () => undefined,
    ...sizeOf(stdout),
  });
  let lookup = new AbortController();
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
        screen.print(painted(effect.rows, style));
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
        screen.clear();
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
        screen.redraw();
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
        withTerminal: screen.lend,
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
    if (screen.isLent) return;
    try {
      await screen.lend(async () => {
        const edited = await aids.editText(text, signal);
        if (edited.kind === 'edited') dispatch({ kind: 'edited', text: edited.text });
        else dispatch({ kind: 'noted', text: sanitizeLine(edited.reason), at: now() });
      });
    } catch (error) {
      dispatch({ kind: 'noted', text: safeError(error).message, at: now() });
    }
  }

  function scheduleFrame(): void {
    if (frameTimer !== undefined) return;
    const wait = Math.max(0, lastFrameAt + FRAME_MS - now());
    frameTimer = setTimeout(drawFrame, Math.min(wait, FRAME_MS));
  }

  function drawFrame(): void {
    frameTimer = undefined;
    // Whoever has the terminal gives it back with a new size.
    if (isLeaving || screen.isLent) return;
    lastFrameAt = now();
    apply({ kind: 'frame', at: now() });
    const isDrawn = screen.draw(() => layout(state, options, now()));
    clearTimeout(changeTimer);
    if (!isDrawn) return scheduleFrame();
    const change = nextChange(state, now());
    changeTimer = change === undefined ? undefined : setTimeout(scheduleFrame, change);
  }

  /** The shell had the terminal meanwhile, and gave it back as shells like it. */
  const takeTerminalBack = (): void => {
    if (!screen.isLent && !isLeaving) screen.lend(() => Promise.resolve()).catch(onLeave);
  };
  const onLeave = (): void => dispatch({ kind: 'leave', at: now() });

  const screen = openScreen({
    ...options,
    keyboard: aids.keyboard,
    above: painted(talkRows(options.talk, state), style),
    first: layout(state, options, now()),
    onKeys: (keys) => {
      for (const key of keys) dispatch({ kind: 'key', key, at: now() });
    },
    onResize: (size) => dispatch({ kind: 'resized', ...size }),
  });
  const forget = options.onContinue(takeTerminalBack);
  stdin.on('end', onLeave);
  signal.addEventListener('abort', onLeave);
  try {
    if (signal.aborted) onLeave();
    await left;
  } finally {
    isLeaving = true;
    clearTimeout(frameTimer);
    clearTimeout(changeTimer);
    forget();
    stdin.off('end', onLeave);
    signal.removeEventListener('abort', onLeave);
    for (const controller of [...answers.values(), ...errands.values(), lookup]) controller.abort();
    await screen.close();
  }
}

/** Thirty frames a second are as smooth as an answer gets. */
const FRAME_MS = 33;
const BREATH_MS = 8;

function painted(rows: readonly Row[], style: Style): string {
  return rows.map((row) => `${paint(row, style)}\n`).join('');
}

interface Sanitizers {
  readonly text: Sanitizer;
  readonly reasoning: Sanitizer;
}

function safeEvent(event: TurnEvent, sanitizers: Sanitizers): TurnEvent {
  if (event.kind === 'text' || event.kind === 'reasoning') {
    return { ...event, text: sanitizers[event.kind].push(event.text) };
  }
  if (event.kind === 'notice') return { ...event, text: sanitizeLine(event.text) };
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
