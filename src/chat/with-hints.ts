/** What the failures of any service mean for the one that was asked: which setting, which command mends them. */
import { MiraError } from '../errors.ts';
import type { ChatEvent } from './provider.ts';

export interface HintFacts {
  readonly id: string;
  /** The setting that says where the service is: OPENAI_BASE_URL. */
  readonly addressFrom: string;
  /** What to do when the service wants a credential and none was sent. */
  readonly withoutKey?: string | undefined;
}

/** The events, and their failure with a hint that fits the service. */
export async function* withHints(
  events: AsyncIterable<ChatEvent>,
  facts: HintFacts,
): AsyncGenerator<ChatEvent, void> {
  try {
    yield* events;
  } catch (error) {
    throw withHint(error, facts);
  }
}

export function withHint(error: unknown, { id, addressFrom, withoutKey }: HintFacts): unknown {
  if (!(error instanceof MiraError)) return error;
  switch (error.code) {
    case 'model_not_found':
      return error.with({ hint: `List the models with: mira models -p ${id}` });
    case 'not_found':
    case 'malformed_response':
    case 'redirect_refused':
      return error.with({ hint: `Check the address of the service (${addressFrom}).` });
    case 'credential_rejected':
      return withoutKey === undefined || error.next.length > 0 ? error : error.with({ hint: withoutKey });
    default:
      return error;
  }
}
