import { MiraError } from '../../errors.ts';

/** How an answer that broke off is picked up: in the chat, or by another command where it was saved. */
export function withWayOn(error: unknown, place: 'chat' | 'command'): unknown {
  if (!(error instanceof MiraError) || error.partial === undefined || !error.retryable) return error;
  if (place === 'chat')
    return error.with({ hint: '/retry asks again; or ask to go on from where it stopped.' });
  const { conversationId } = error.partial;
  if (conversationId === undefined) return error;
  const command = `mira chat -r ${conversationId} "Go on."`;
  return error.with({
    hint: `What came is kept; go on from there with: ${command}`,
    next: [{ command, why: 'go on from where the answer stopped' }],
  });
}
