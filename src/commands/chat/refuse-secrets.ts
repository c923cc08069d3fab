/**
 * Keys that were pasted or piped along by mistake stay here: a question is looked through before it leaves. Shapes of
 * keys cost no more than reading the text; the credential in use is compared where it is in hand, in its request.
 */
import type { Http } from '../../api/http.ts';
import { findKeyKind } from '../../auth/mask-keys.ts';
import type { ChatMessage } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';

/**
 * What the model said itself is not looked at: it was never ours to lose.
 * @throws MiraError `secret_found` (exit 11), which names the kind and never the value
 */
export function refuseKeys(messages: readonly ChatMessage[]): void {
  for (const { role, text } of messages) {
    const kind = role === 'assistant' ? undefined : findKeyKind(text);
    if (kind !== undefined)
      throw secretFound(role === 'system' ? 'What the model is told' : 'The question', kind);
  }
}

/** The same world, in which a request does not carry its own credential in its body. */
export function refusingOwnCredential(context: Context): Context {
  return { ...context, http: async () => guarded(await context.http()) };
}

function guarded(http: Http): Http {
  return {
    ...http,
    request: (request) => {
      const { headers = {}, body } = request;
      const sent = Object.entries(headers).find(([name]) => CREDENTIAL_NAMES.includes(name.toLowerCase()));
      const value = sent?.[1].replace(/^Bearer /, '');
      if (typeof body === 'string' && value !== undefined && body.includes(quoted(value)))
        throw secretFound('The question', 'the credential that it would be sent with');
      return http.request(request);
    },
  };
}

/** The same for a credential that signs requests and does not stand in them. */
export function refusingValues(http: Http, values: readonly string[]): Http {
  return {
    ...http,
    request: (request) => {
      const { body } = request;
      if (typeof body === 'string' && values.some((value) => body.includes(quoted(value))))
        throw secretFound('The question', 'the credential that it would be signed with');
      return http.request(request);
    },
  };
}

const CREDENTIAL_NAMES = ['authorization', 'x-api-key'];

/** As it stands within a string of JSON. */
function quoted(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function secretFound(what: string, kind: string): MiraError {
  return new MiraError('secret_found', `${what} holds ${kind}; it was not sent.`, {
    hint: 'Take it out, or start again with --allow-secrets if it is meant to go.',
  });
}
