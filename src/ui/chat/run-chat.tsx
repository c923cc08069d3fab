/**
 * The chat on a terminal: keys and answers become actions, actions a new state, the state a frame, at most
 * thirty a second and none when nothing changed. Finished rows go straight to the terminal and leave React
 * for good; Ink draws only the few rows below them (spec: inline, native scrollback).
 */
import { render } from 'ink';
import { toMiraError, type MiraError } from '../../errors.ts';
import type { ChatEvent, ChatMessage } from '../../chat/provider.ts';
import { createSanitizer, sanitizeLine } from '../sanitize.ts';
import type { Style } from '../style.ts';
import { ChatView } from './ChatView.tsx';
import { createFrameOutput } from './frame-output.ts';
import type { ChatKey } from './keys.ts';
import { layout, type ChatFacts, type Picture } from './layout.ts';
import type { Row } from '../rows.ts';
import { initialState, type ChatAction, type Effect } from './state.ts';
import { nextChange, update } from './update.ts';
import { paint } from '../theme.ts';

/** Streams one answer to the conversation so far; throws MiraError. */
export type Send = (
  messages: readonly ChatMessage[],
  options: { readonly model: string; readonly signal: AbortSignal },
) => AsyncIterable<ChatEvent>;

export interface ChatOptions extends ChatFacts {
  readonly send: Send;
  readonly model: string;
  /** Terminals; stdin must be able to do raw mode. Otherwise: line-mode.ts. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly style: Style;
  /** Ends the chat; an answer under way is stopped and kept on the screen. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Resolves when the person leaves, the input ends or the signal comes; the terminal is then as it was found. */
export async function runChat(options: ChatOptions): Promise<void> {
  const { stdin, stdout, stderr, style, signal, now } = options;
  const output = createFrameOutput(stdout);
  const answers = new Map<number, AbortController>();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let state = initialState({ model: options.model, ...sizeOf(stdout) });
  let finished = '';
  let shown: string | undefined;
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
      case 'leave':
        isLeaving = true;
        leave();
    }
  }

  /** Never rejects: what goes wrong is shown. */
  async function answer({
    turn,
    messages,
    model,
  }: Extract<Effect, { readonly kind: 'send' }>): Promise<void> {
    const controller = new AbortController();
    answers.set(turn, controller);
    const sanitizer = createSanitizer();
    let breathedAt = now();
    try {
      for await (const event of options.send(messages, { model, signal: controller.signal })) {
        dispatch({ kind: 'event', turn, event: safeEvent(event, sanitizer.push), at: now() });
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

  function scheduleFrame(): void {
    if (frameTimer !== undefined) return;
    const wait = Math.max(0, lastFrameAt + FRAME_MS - now());
    frameTimer = setTimeout(drawFrame, Math.min(wait, FRAME_MS));
  }

  function drawFrame(): void {
    frameTimer = undefined;
    if (isLeaving) return;
    apply({ kind: 'frame', at: now() });
    const picture = layout(state, options, now());
    const key = JSON.stringify(picture);
    if (finished !== '' || key !== shown) {
      lastFrameAt = now();
      shown = key;
      output.begin();
      if (finished !== '') {
        ink.clear();
        output.stream.write(finished);
        finished = '';
      }
      ink.rerender(view(picture));
      output.end();
    }
    clearTimeout(changeTimer);
    const change = nextChange(state, now());
    changeTimer = change === undefined ? undefined : setTimeout(scheduleFrame, change);
  }

  function view(picture: Picture) {
    return <ChatView picture={picture} style={style} onKeys={onKeys} />;
  }

  function onKeys(keys: readonly ChatKey[]): void {
    for (const key of keys) dispatch({ kind: 'key', key, at: now() });
  }

  const onResize = (): void => dispatch({ kind: 'resized', ...sizeOf(stdout) });
  const onLeave = (): void => dispatch({ kind: 'leave', at: now() });

  // Before the first frame, so that what is typed on seeing it is not echoed by the terminal itself.
  stdin.setRawMode(true);
  // A prompt before this may have left it paused, and Ink alone does not wake it then.
  stdin.resume();
  const first = layout(state, options, now());
  shown = JSON.stringify(first);
  const ink = render(view(first), {
    stdin,
    stdout: output.stream,
    stderr,
    // Ctrl-C is a key here, and its second press leaves.
    exitOnCtrlC: false,
    // Nothing else in this program prints; a patched console would keep the output of a crash from the terminal.
    patchConsole: false,
    // The caller has looked at the streams. Ink would draw nothing until the end where CI is set.
    interactive: true,
    isScreenReaderEnabled: false,
    // Frames are paced here; a second pacemaker would pull finished rows and live rows apart.
    maxFps: 1_000,
  });
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
    for (const controller of answers.values()) controller.abort();
    output.begin();
    ink.clear();
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

function sizeOf(stdout: NodeJS.WriteStream): { readonly columns: number; readonly rows: number } {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}

function safeEvent(event: ChatEvent, clean: (text: string) => string): ChatEvent {
  if (event.kind === 'text') return { ...event, text: clean(event.text) };
  return event.kind === 'retry' ? { ...event, reason: sanitizeLine(event.reason, 80) } : event;
}

function safeError(error: unknown): MiraError {
  const known = toMiraError(error);
  return known.with({
    message: sanitizeLine(known.message),
    hint: known.hint === undefined ? undefined : sanitizeLine(known.hint),
  });
}
