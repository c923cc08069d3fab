/** Conversations and messages as the contract writes them (cli.md 4). */
import type { Conversation, ConversationSummary, StoredMessage } from '../../store/history.ts';
import { moment } from '../moments.ts';

export function summaryJson(summary: ConversationSummary): Readonly<Record<string, unknown>> {
  return { ...factsJson(summary), messages: summary.messageCount };
}

export function conversationJson(conversation: Conversation): Readonly<Record<string, unknown>> {
  const { system, messages } = conversation;
  return {
    ...factsJson(conversation),
    ...(system === undefined ? {} : { system }),
    messages: messages.map(messageJson),
  };
}

function factsJson(summary: ConversationSummary): Readonly<Record<string, unknown>> {
  const { id, title, provider, model, profile, startedAt, updatedAt, forkedFrom } = summary;
  return {
    id,
    title,
    provider,
    model,
    profile,
    started_at: moment(startedAt),
    updated_at: moment(updatedAt),
    ...(forkedFrom === undefined ? {} : { forked_from: forkedFrom }),
  };
}

function messageJson(message: StoredMessage): Readonly<Record<string, unknown>> {
  const { number, role, text, reasoning, at, model, usage, stopped, replaced } = message;
  return {
    number,
    role,
    text,
    ...(reasoning === '' ? {} : { reasoning }),
    at: moment(at),
    ...(model === undefined ? {} : { model }),
    ...(usage === undefined
      ? {}
      : {
          usage: {
            input_tokens: usage.inputTokens,
            output_tokens: usage.outputTokens,
            ...(usage.reasoningTokens === undefined ? {} : { reasoning_tokens: usage.reasoningTokens }),
          },
        }),
    ...(stopped ? { stopped } : {}),
    ...(replaced ? { replaced } : {}),
  };
}
