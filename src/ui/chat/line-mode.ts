/**
 * The same conversation as lines, for terminals that can do no more, for pipes and for screen readers.
 * Answers go to stdout and nothing else does; prompts, waiting and errors go to stderr.
 */
import { createInterface } from 'node:readline';
import { abortError, toMiraError } from '../../errors.ts';
import { createSanitizer, sanitize, sanitizeLine } from '../sanitize.ts';
import type { Style } from '../style.ts';
import { spentAfter } from './turn.ts';
import type { RunErrand, Spent } from './errand.ts';
import { obeyInTalk } from './obey-in-talk.ts';
import type { Send } from './run-chat.ts';
import { parseSlash, type Errand, type Slash } from './slash.ts';
import type { TurnEvent } from './state.ts';
import { answered, asked, withAttachment, type Talk } from './talk.ts';
import { PROMPT } from '../theme.ts';

export interface LineChatOptions {
  readonly send: Send;
  readonly runErrand: RunErrand;
  /** What the chat begins with; earlier messages are printed. */
  readonly talk: Talk;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly style: Style;
  /** Ends the chat. */
  readonly signal: AbortSignal;
  /** Listens for Ctrl-C while an answer streams, where it stops the answer only; the returned function undoes it. */
  readonly onInterrupt?: ((listener: () => void) => () => void) | undefined;
}

/** Resolves at the end of input, after /quit, or when the signal comes. */
export async function runLineChat(options: LineChatOptions): Promise<void> {
  const { stdin, stdout, stderr, signal } = options;
  let session: Session = { talk: options.talk, spent: { tokens: 0 } };
  // Not a terminal interface: the terminal itself edits the line, and nothing is echoed twice.
  const lines = createInterface({ input: stdin, terminal: false, crlfDelay: Infinity });
  const onAbort = (): void => lines.close();
  signal.addEventListener('abort', onAbort);
  try {
    if (signal.aborted) return;
    for (const { role, text } of options.talk.messages) {
      if (role === 'assistant') stdout.write(`${sanitize(text).trimEnd()}\n`);
      else stderr.write(`${PROMPT}${sanitize(text)}\n`);
    }
    for (const { name } of options.talk.attachments) stderr.write(`+ ${name}\n`);
    stderr.write(PROMPT);
    for await (const line of lines) {
      const slash = parseSlash(line);
      if (slash?.kind === 'own' && slash.name === 'quit') return;
      if (slash !== undefined) session = await obey(options, { session, slash });
      else if (line.trim() !== '') {
        session = await answer(options, { ...session, talk: asked(session.talk, line) });
      }
      if (signal.aborted) return;
      stderr.write(PROMPT);
    }
    stderr.write('\n');
  } finally {
    signal.removeEventListener('abort', onAbort);
    lines.close();
  }
}

interface Session {
  readonly talk: Talk;
  readonly spent: Spent;
}

async function obey(
  options: LineChatOptions,
  { session, slash }: { readonly session: Session; readonly slash: Slash },
): Promise<Session> {
  const say = (text: string): void => void options.stderr.write(`${text}\n`);
  switch (slash.kind) {
    case 'unknown':
      say(slash.message);
      return session;
    case 'errand':
      return runErrand(options, { session, errand: slash.errand });
    case 'own': {
      const { talk, lines, asks, question } = obeyInTalk(session.talk, slash);
      for (const line of lines) say(sanitize(line));
      if (question !== undefined) say(sanitize(question));
      return asks ? answer(options, { ...session, talk }) : { ...session, talk };
    }
  }
}

async function runErrand(
  { runErrand: run, stderr, style, signal, onInterrupt }: LineChatOptions,
  { session, errand }: { readonly session: Session; readonly errand: Errand },
): Promise<Session> {
  const stopping = new AbortController();
  const forget = onInterrupt?.(() => stopping.abort());
  try {
    const reply = await run(errand, {
      ...session,
      signal: AbortSignal.any([signal, stopping.signal]),
      withTerminal: (work) => work(),
    });
    for (const line of [...(reply.lines ?? []), ...(reply.notice === undefined ? [] : [reply.notice])]) {
      stderr.write(`${sanitize(line)}\n`);
    }
    return { ...session, talk: withAttachment(reply.talk ?? session.talk, reply.attachment) };
  } catch (error) {
    stderr.write(stopping.signal.aborted ? `${style.dim('(stopped)')}\n` : failureLine(error, style));
    return session;
  } finally {
    forget?.();
  }
}

/** The conversation after the answer: with it, or with a question that has none. */
async function answer(options: LineChatOptions, { talk, spent }: Session): Promise<Session> {
  const { send, stdout, stderr, style, signal, onInterrupt } = options;
  const stopping = new AbortController();
  const forget = onInterrupt?.(() => stopping.abort());
  const sanitizer = createSanitizer();
  let { conversationId } = talk;
  let counted = spent;
  let text = '';
  let isLineOpen = false;
  const endLine = (): void => {
    if (isLineOpen) stdout.write('\n');
    isLineOpen = false;
  };
  const mark = (line: string): void => {
    endLine();
    stderr.write(`${line}\n`);
  };
  const show = (event: TurnEvent): void => {
    counted = spentAfter(counted, event);
    if (event.kind === 'conversation') conversationId = event.id;
    else if (event.kind === 'notice') mark(style.warn(sanitizeLine(event.text)));
    else if (event.kind === 'retry') {
      const seconds = Math.ceil(event.afterMs / 1_000);
      mark(style.dim(`${sanitizeLine(event.reason, 80)}: trying again in ${seconds} s.`));
    } else if (event.kind === 'text') {
      const safe = sanitizer.push(event.text);
      if (safe === '') return;
      text += safe;
      stdout.write(safe);
      isLineOpen = !safe.endsWith('\n');
    } else if (event.kind === 'finish') {
      if (event.finishReason === 'length') mark(style.warn('(cut at the limit for one answer)'));
      if (event.finishReason === 'tool_calls')
        mark(style.warn('(the model asks for a tool, and has none here)'));
      if (event.finishReason === 'content_filter') mark(style.warn('(stopped by the content filter)'));
    }
  };
  try {
    const both = AbortSignal.any([signal, stopping.signal]);
    for await (const event of send(talk, { signal: both })) {
      show(event);
      if (both.aborted) throw abortError(both);
    }
  } catch (error) {
    endLine();
    if (stopping.signal.aborted || signal.aborted) mark(style.dim('(stopped)'));
    else stderr.write(failureLine(error, style));
  } finally {
    forget?.();
    endLine();
  }
  return { talk: answered({ ...talk, conversationId }, text), spent: counted };
}

function failureLine(error: unknown, style: Style): string {
  const { message, hint } = toMiraError(error);
  const line = sanitizeLine(hint === undefined ? message : `${message} ${hint}`, 600);
  return `${style.bad(`✗ ${line}`)}\n`;
}
