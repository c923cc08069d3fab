/** Signing in while the program goes on: from inside a chat, and before its first question. */
import type { LoginEvent } from '../../auth/login-event.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { loginEvents } from './login-events.ts';
import { showSignIn } from './show-sign-in.ts';

export interface RunLogin {
  /** Ask for an API key instead. */
  readonly withKey?: boolean | undefined;
  /** Ends the sign-in, besides Esc, Ctrl-C and the end of the program. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * `auth login` with its defaults, on a terminal that nobody else reads or draws on meanwhile; it is given back as it
 * was found. Esc and Ctrl-C end the sign-in, not the program. Without a store the session lives in this process.
 * @throws MiraError `interrupted` when the person gave up, and every other way of not signing in
 */
export async function runLogin(
  context: Context,
  { withKey = false, signal }: RunLogin,
): Promise<Extract<LoginEvent, { readonly kind: 'authorized' }>> {
  const given = new AbortController();
  const cancel = (): void => given.abort(new MiraError('interrupted', 'Stopped: you are not signed in.'));
  const signals = [context.signal, given.signal, ...(signal === undefined ? [] : [signal])];
  const own: Context = { ...context, signal: AbortSignal.any(signals) };
  // Between the question and the screen the terminal turns Ctrl-C into a signal.
  const forget = context.onInterrupt(cancel);
  try {
    const events = loginEvents(own, { ...DEFAULTS, withKey });
    return await showSignIn(events, { context: own, look: PLAIN_LOOK, cancel });
  } finally {
    forget();
  }
}

const DEFAULTS = {
  issuer: undefined,
  apiUrl: undefined,
  clientId: undefined,
  scope: undefined,
  storage: undefined,
  force: false,
  goesOn: true,
} as const;

const PLAIN_LOOK = { noBrowser: false, noCopy: false, qr: false } as const;
