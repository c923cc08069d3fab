/** The conversation as the next question meets it: what was said, to which model, and what goes along. */
import type { ChatImage, ChatMessage, TextPart } from '../../chat/provider.ts';

export interface Talk {
  /** Questions and answers in turn, without the system message; the last may be a question without an answer. */
  readonly messages: readonly ChatMessage[];
  readonly model: string;
  /** What the model is told about its task. */
  readonly system?: string | undefined;
  /** Its name in the history, once it has one. */
  readonly conversationId?: string | undefined;
  /** What the next question takes along. */
  readonly attachments: readonly Attachment[];
}

export type Attachment =
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'image'; readonly name: string; readonly image: ChatImage };

/**
 * With a question, which takes the attachments along: texts under their names after a blank line. It takes the place
 * of a question that was never answered.
 */
export function asked(talk: Talk, text: string): Talk {
  const { text: whole, parts } = withTexts(text, talk.attachments);
  const images = talk.attachments.flatMap((one) => (one.kind === 'image' ? [one.image] : []));
  const message: ChatMessage = {
    role: 'user',
    text: whole,
    ...(parts.length === 0 ? {} : { parts }),
    ...(images.length === 0 ? {} : { images }),
  };
  const before = talk.messages.at(-1)?.role === 'user' ? talk.messages.slice(0, -1) : talk.messages;
  return { ...talk, attachments: [], messages: [...before, message] };
}

function withTexts(
  question: string,
  attachments: readonly Attachment[],
): { readonly text: string; readonly parts: readonly TextPart[] } {
  const parts: TextPart[] = [];
  let text = question;
  for (const one of attachments) {
    if (one.kind !== 'text') continue;
    text += `\n\n${one.name}:\n`;
    parts.push({ name: one.name, at: text.length });
    text += one.text;
  }
  return { text, parts };
}

/** The last question with files that it names. */
export function withFiles(talk: Talk, files: readonly Attachment[]): Talk {
  const question = talk.messages.at(-1);
  if (question === undefined || files.length === 0) return talk;
  const whole = asked({ ...talk, attachments: files }, question.text).messages.at(-1);
  const { text = '', images = [], parts = [] } = whole ?? {};
  const named = [...(question.parts ?? []), ...parts];
  const message: ChatMessage = { ...question, text, ...(named.length === 0 ? {} : { parts: named }) };
  const all = [...(question.images ?? []), ...images];
  return {
    ...talk,
    messages: [...talk.messages.slice(0, -1), all.length === 0 ? message : { ...message, images: all }],
  };
}

export function withAttachment(talk: Talk, attachment: Attachment | undefined): Talk {
  return attachment === undefined ? talk : { ...talk, attachments: [...talk.attachments, attachment] };
}

/** With what came of the answer; nothing at all is no answer. */
export function answered(talk: Talk, text: string): Talk {
  return text === '' ? talk : { ...talk, messages: [...talk.messages, { role: 'assistant', text }] };
}

/** Nothing has been said; the model and its task stay. */
export function begunAnew(talk: Talk): Talk {
  return { ...talk, messages: [], conversationId: undefined, attachments: [] };
}

/** Up to and including the last question; undefined when nothing was asked. */
export function upToQuestion(talk: Talk): Talk | undefined {
  const last = talk.messages.findLastIndex(({ role }) => role === 'user');
  return last < 0 ? undefined : { ...talk, messages: talk.messages.slice(0, last + 1) };
}

export function lastAnswer(talk: Talk): string | undefined {
  return talk.messages.findLast(({ role }) => role === 'assistant')?.text;
}
