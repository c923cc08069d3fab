/**
 * The same conversation as lines, for terminals that can do no more, for pipes and for screen readers.
 * Answers go to stdout and nothing else does; prompts, waiting and errors go to stderr.
 */
import { createInterface } from 'node:readline';
import { abortError, toMiraError } from '../../errors.ts';
import type { ChatMessage } from '../../chat/provider.ts';
import { createSanitizer, sanitizeLine } from '../sanitize.ts';
import type { Style } from '../style.ts';
import type { Send } from './run-chat.tsx';
import { parseSlash, SLASH_HELP } from './slash.ts';
import { PROMPT } from '../theme.ts';

export interface LineChatOptions {
  readonly send: Send;
  readonly model: string;
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
  const { stdin, stderr, style, signal } = options;
  let messages: readonly ChatMessage[] = [];
  let { model } = options;
  const say = (text: string): void => void stderr.write(`${text}\n`);
  // Not a terminal interface: the terminal itself edits the line, and nothing is echoed twice.
  const lines = createInterface({ input: stdin, terminal: false, crlfDelay: Infinity });
  const onAbort = (): void => lines.close();
  signal.addEventListener('abort', onAbort);
  try {
    if (signal.aborted) return;
    stderr.write(PROMPT);
    for await (const line of lines) {
      const slash = parseSlash(line);
      if (slash?.kind === 'quit') return;
      if (slash?.kind === 'help') say(SLASH_HELP.join('\n'));
      else if (slash?.kind === 'unknown') say(slash.message);
      else if (slash?.kind === 'model') {
        model = slash.name === undefined ? model : sanitizeLine(slash.name);
        say(`The model is ${model}.`);
      } else if (slash?.kind === 'new') {
        messages = [];
        say('A new conversation.');
      } else if (line.trim() !== '') {
        messages = await answer(options, { messages: [...messages, { role: 'user', text: line }], model });
      }
      if (signal.aborted) return;
      stderr.write(PROMPT);
    }
    say('');
  } finally {
    signal.removeEventListener('abort', onAbort);
    lines.close();
  }

  /** The conversation after the answer: with it, or without the question if nothing came. */
  async function answer(
    { send, stdout, onInterrupt }: LineChatOptions,
    turn: { readonly messages: readonly ChatMessage[]; readonly model: string },
  ): Promise<readonly ChatMessage[]> {
    const stopping = new AbortController();
    const forget = onInterrupt?.(() => stopping.abort());
    const sanitizer = createSanitizer();
    let text = '';
    let isLineOpen = false;
    const endLine = (): void => {
      if (isLineOpen) stdout.write('\n');
      isLineOpen = false;
    };
    const mark = (line: string): void => {
      endLine();
      say(line);
    };
    try {
      const request = { model: turn.model, signal: AbortSignal.any([signal, stopping.signal]) };
      for await (const event of send(turn.messages, request)) {
        if (event.kind === 'retry') {
          const seconds = Math.ceil(event.afterMs / 1_000);
          say(style.dim(`${sanitizeLine(event.reason, 80)}: trying again in ${seconds} s.`));
        } else if (event.kind === 'text') {
          const safe = sanitizer.push(event.text);
          if (safe === '') continue;
          text += safe;
          stdout.write(safe);
          isLineOpen = !safe.endsWith('\n');
        } else if (event.kind === 'finish') {
          if (event.finishReason === 'length') mark(style.warn('(cut at the limit for one answer)'));
          if (event.finishReason === 'content_filter') mark(style.warn('(stopped by the content filter)'));
        }
        if (request.signal.aborted) throw abortError(request.signal);
      }
    } catch (error) {
      if (stopping.signal.aborted || signal.aborted) {
        mark(style.dim('(stopped)'));
      } else {
        const { message, hint } = toMiraError(error);
        const line = sanitizeLine(hint === undefined ? message : `${message} ${hint}`, 600);
        mark(style.bad(`✗ ${line}`));
      }
    } finally {
      forget?.();
      endLine();
    }
    return text === '' ? turn.messages.slice(0, -1) : [...turn.messages, { role: 'assistant', text }];
  }
}
