/**
 * Keys and stored values that were pasted or piped along by mistake stay here: a question is looked through before it
 * leaves. The credential in use is compared where it is in hand, in its request.
 */
import type { Http } from '../../api/http.ts';
import { keyLabel } from '../../auth/find-keys.ts';
import type { ChatMessage } from '../../chat/provider.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { createSecretFinder } from '../scan/find-secrets.ts';
import type { FoundSecret } from '../scan/find-secrets.ts';
import type { StoredValue } from '../scan/stored-values.ts';

export interface KnownSecrets {
  readonly values: readonly StoredValue[];
  /** Milliseconds since the epoch: a token that has expired is none. */
  readonly now: number;
}

/**
 * What the model said itself is not looked at: it was never ours to lose.
 * @throws MiraError `secret_found` (exit 11), which names kind and place and never the value
 */
export function refuseSecrets(messages: readonly ChatMessage[], known: KnownSecrets): void {
  const find = createSecretFinder(known);
  for (const message of messages) {
    if (message.role === 'assistant') continue;
    // A byte a character, as it is looked through.
    const text = bytewise(message.text);
    const [first] = find(text);
    if (first === undefined) continue;
    const isLast = message === messages.at(-1);
    throw secretFound(placeOf(message, { text, index: first.index, isLast }), wordsOf(first));
  }
}

function bytewise(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function wordsOf({ kind, label }: FoundSecret): string {
  if (label !== undefined) return `the stored value of ${label}`;
  return kind === 'stored' ? 'a stored value' : keyLabel(kind);
}

interface Spot {
  /** A byte a character. */
  readonly text: string;
  readonly index: number;
  /** Of what was asked last. */
  readonly isLast: boolean;
}

/** "notes.txt, line 3," or "The question" where that has one line only. */
function placeOf({ role, text: written, parts = [] }: ChatMessage, { text, index, isLast }: Spot): string {
  const starts = parts.map(({ name, at }) => ({ name, at: Buffer.byteLength(written.slice(0, at)) }));
  const part = starts.findLast(({ at }) => at <= index);
  const name = part?.name ?? nameOf(role, isLast);
  const from = part?.at ?? 0;
  const line = text.slice(from, index).split('\n').length;
  const own = text.slice(from, starts.find(({ at }) => at > from)?.at);
  const hasLines = part !== undefined || own.trimEnd().includes('\n');
  return `${name === STDIN ? 'Standard input' : name}${hasLines ? `, line ${line},` : ''}`;
}

const STDIN = 'standard input';

function nameOf(role: ChatMessage['role'], isLast: boolean): string {
  if (role === 'system') return 'What the model is told';
  return isLast ? 'The question' : 'An earlier question';
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
