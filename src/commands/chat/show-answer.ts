/** An answer for a person or a pipe: its text on stdout as it arrives, everything else on stderr. */
import type { ToolCall } from '../../chat/tool-calls.ts';
import type { Context } from '../../context.ts';
import { createSanitizer, sanitizeLine } from '../../ui/sanitize.ts';
import type { AnswerEvent } from './answer-json.ts';

/** On a terminal its markdown is rendered, unless it is wanted as it is written. */
export async function showAnswer(
  events: AsyncIterable<AnswerEvent>,
  context: Context,
  { isRaw }: { readonly isRaw: boolean },
): Promise<void> {
  const sanitizer = createSanitizer();
  const text = isRaw || !canRender(context) ? plainText(context) : await rendered(context);
  try {
    for await (const event of events) {
      if (event.kind === 'text') text.push(sanitizer.push(event.text));
      else if (event.kind === 'retry') sayRetry(context, event);
      else if (event.kind === 'tool_call') sayTool(context, event);
      else if (event.kind === 'finish' && event.finishReason === 'length') {
        context.notice('The answer was cut at the longest the model gives; ask for more with --max-tokens.');
      }
    }
    await text.settled?.();
  } finally {
    text.push(sanitizer.end());
    text.end();
  }
}

interface AnswerText {
  push(text: string): void;
  /** All of it has come; what is waited for besides may still change how it looks. */
  settled?(): Promise<void>;
  end(): void;
}

function canRender({ io, env }: Context): boolean {
  return io.stdout.isTerminal && env['TERM'] !== 'dumb';
}

function plainText({ io: { stdout } }: Context): AnswerText {
  let endsLine = true;
  let shown = false;
  return {
    push(text) {
      if (text === '') return;
      stdout.write(text);
      shown = true;
      endsLine = text.endsWith('\n');
    },
    end() {
      if (shown && !endsLine) stdout.write('\n');
    },
  };
}

async function rendered(context: Context): Promise<AnswerText> {
  const { createMarkdownWriter } = await import('../../ui/markdown/markdown-writer.ts');
  const { createHighlighter } = await import('../../ui/markdown/highlighter.ts');
  const { stdout } = context.io;
  const screen = context.io.terminal().stdout;
  let loaded = Promise.withResolvers<void>();
  const highlight = createHighlighter({
    onLoaded: () => {
      loaded.resolve();
      loaded = Promise.withResolvers<void>();
      writer.refresh();
    },
  });
  const writer = createMarkdownWriter({
    write: stdout.write,
    style: await context.style(),
    highlight,
    width: () => Math.max(LEAST_WIDTH, (screen.columns || USUAL_WIDTH) - 1),
  });
  return {
    push: writer.push,
    async settled() {
      while (writer.isWaiting) await loaded.promise;
    },
    end: writer.end,
  };
}

const LEAST_WIDTH = 4;
const USUAL_WIDTH = 80;

function sayTool(context: Context, { name }: Pick<ToolCall, 'name'>): void {
  context.notice(`The model asks for the tool ${sanitizeLine(name, 64)}, and has none here.`);
}

function sayRetry(
  context: Context,
  { attempt, afterMs, reason }: Extract<AnswerEvent, { readonly kind: 'retry' }>,
): void {
  const when =
    afterMs === 0
      ? 'Asking once more.'
      : `Trying again in ${Math.ceil(afterMs / 1000)} s (attempt ${attempt}).`;
  context.notice(`${reason} ${when}`);
}
