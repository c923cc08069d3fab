import type { ChatMessage } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { refuseSecrets } from './refuse-secrets.ts';
import { readStoredSecrets } from './stored-secrets.ts';

export interface OutgoingGuard {
  /** @throws MiraError `secret_found` (11), which names kind and place and never the value */
  check(messages: readonly ChatMessage[]): Promise<void>;
}

export interface GuardOptions {
  /** For --allow-secrets: everything may leave. */
  readonly allowSecrets: boolean;
  /** One line for a person, at most once. */
  readonly say: (line: string) => void;
}

/** Begins to open the vault at once, so that it is open when the question is complete and the service found. */
export function openGuard(context: Context, { allowSecrets, say }: GuardOptions): OutgoingGuard {
  if (allowSecrets) return { check: async () => {} };
  const stored = readStoredSecrets(context);
  // Waited for when something is to leave.
  stored.catch(() => {});
  let isSaid = false;
  return {
    async check(messages) {
      const { values, warning } = await stored;
      if (warning !== undefined && !isSaid) say(warning);
      isSaid = true;
      refuseSecrets(messages, { values, now: context.now() });
    },
  };
}
