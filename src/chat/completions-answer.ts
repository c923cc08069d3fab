import type { HttpResponse } from '../api/http.ts';
import { createCompletionsDecoder } from './chat-completions.ts';
import type { ChatEvent } from './provider.ts';
import { readAnswer } from './read-answer.ts';
import type { AnswerReading } from './read-answer.ts';

/** An answer in the chat-completions format. Throws like `readAnswer`. */
export function readCompletions(
  response: HttpResponse,
  options: Pick<AnswerReading, 'clocks' | 'stop' | 'now'>,
): AsyncGenerator<ChatEvent, void> {
  return readAnswer(response, { ...options, createDecoder: createCompletionsDecoder, framing: 'events' });
}
