/** How the chat asks: who answers, within which limits, and kept in the history while it happens. */
import type { ChatProvider, ChatRequest } from '../../chat/provider.ts';
import type { Send } from '../../ui/chat/run-chat.ts';
import type { Recorder } from './recorder.ts';
import type { OutgoingGuard } from './outgoing-guard.ts';
import { withWayOn } from './way-on.ts';
import { withTimeLimit } from './with-time-limit.ts';

export interface SendOptions {
  /** Who answers at the moment. */
  readonly provider: () => ChatProvider;
  readonly recorder: Recorder;
  readonly limits: Pick<ChatRequest, 'maxTokens' | 'temperature'>;
  /** Each question is shown to it first. */
  readonly guard: OutgoingGuard;
  /** For each answer, seconds. */
  readonly timeoutS: number | undefined;
  /** Takes what there is to tell the person besides the answer. */
  readonly takeNotices: () => readonly string[];
}

export interface Sender {
  readonly send: Send;
  /** Once every answer under way has been written down. */
  settled(): Promise<void>;
}

export function createSend(options: SendOptions): Sender {
  const { provider, recorder, limits, guard, timeoutS, takeNotices } = options;
  const underWay = new Set<Promise<void>>();

  const answer: Send = async function* (talk, { signal: stop }) {
    const { system, conversationId, messages, model } = talk;
    const told = system === undefined ? [] : [{ role: 'system' as const, text: system }];
    const request: ChatRequest = { model, messages: [...told, ...messages], ...limits };
    await guard.check(request.messages);
    const { id } = provider();
    const question = messages.at(-1)?.text ?? '';
    const earlier = messages.length - 1;
    const recording = recorder.start({ conversationId, earlier, question, provider: id, model, system });
    if (recording.id !== undefined) yield { kind: 'conversation', id: recording.id };
    yield* recording.save((onSent) =>
      withTimeLimit((signal) => provider().chat(request, { signal, onSent }), {
        seconds: timeoutS,
        signal: stop,
      }),
    );
  };

  const send: Send = async function* (talk, options) {
    const { promise, resolve } = Promise.withResolvers<void>();
    underWay.add(promise);
    try {
      yield* answer(talk, options);
      for (const text of takeNotices()) yield { kind: 'notice', text };
    } catch (error) {
      for (const text of takeNotices()) yield { kind: 'notice', text };
      throw withWayOn(error, 'chat');
    } finally {
      underWay.delete(promise);
      resolve();
    }
  };

  return {
    send,
    settled: async () => {
      await Promise.all(underWay);
    },
  };
}
