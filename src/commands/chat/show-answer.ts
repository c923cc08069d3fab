/** An answer for a person or a pipe: its text on stdout as it arrives, everything else on stderr. */
import type { Context } from '../../context.ts';
import { createSanitizer } from '../../ui/sanitize.ts';
import type { AnswerEvent } from './answer-json.ts';

export async function showAnswer(events: AsyncIterable<AnswerEvent>, context: Context): Promise<void> {
  const { stdout } = context.io;
  const sanitizer = createSanitizer();
  let endsLine = true;
  let shown = false;
  const write = (text: string): void => {
    if (text === '') return;
    stdout.write(text);
    shown = true;
    endsLine = text.endsWith('\n');
  };
  try {
    for await (const event of events) {
      if (event.kind === 'text') write(sanitizer.push(event.text));
      else if (event.kind === 'retry') sayRetry(context, event);
      else if (event.kind === 'finish' && event.finishReason === 'length') {
        context.notice('The answer was cut at the longest the model gives; ask for more with --max-tokens.');
      }
    }
  } finally {
    write(sanitizer.end());
    if (shown && !endsLine) stdout.write('\n');
  }
}

function sayRetry(
  context: Context,
  { attempt, afterMs, reason }: Extract<AnswerEvent, { readonly kind: 'retry' }>,
): void {
  context.notice(`${reason} Trying again in ${Math.ceil(afterMs / 1000)} s (attempt ${attempt}).`);
}
