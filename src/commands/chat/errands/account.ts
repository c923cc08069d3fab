/** Who is signed in, what was used, and signing out, from inside the chat. */
import { plainStyle } from '../../../ui/plain-style.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import { logout } from '../../auth/logout.ts';
import { status } from '../../auth/status.ts';
import type { ErrandOptions } from '../errands.ts';

export async function showStatus({ context }: ErrandOptions): Promise<Reply> {
  const result = await status.run(context, { options: { offline: false }, args: [] });
  return { lines: status.human(result, plainStyle).split('\n') };
}

/** Tokens of this chat, and what the server told with the last answer. */
export function usage({ spent, context }: ErrandOptions): Promise<Reply> {
  const { tokens, rateLimit } = spent;
  const used =
    tokens === 0 ? 'No tokens were counted yet.' : `${tokens.toLocaleString('en')} tokens in this chat.`;
  if (rateLimit === undefined) return Promise.resolve({ lines: [used] });
  const { remaining, resetAt } = rateLimit;
  const seconds = resetAt === undefined ? undefined : Math.ceil((resetAt - context.now()) / 1_000);
  const until = seconds === undefined || seconds <= 0 ? '' : ` for the next ${seconds} s`;
  return Promise.resolve({ lines: [used, `${remaining.toLocaleString('en')} requests left${until}.`] });
}

/** The screen of `auth login` in place of the chat. @throws MiraError `interrupted`, and every way of not signing in */
export async function signIn({ context, signal, withTerminal, reconnect }: ErrandOptions): Promise<Reply> {
  const { runLogin } = await import('../../auth/run-login.ts');
  const { account } = await withTerminal(() => runLogin(context, { signal }));
  await reconnect();
  const name = account?.email ?? account?.name;
  return { notice: name === undefined ? 'You are signed in.' : `Signed in as ${name}.`, account: { name } };
}

export async function signOut({ context }: ErrandOptions): Promise<Reply> {
  const result = await logout.run(context, { options: { all: false, local: false }, args: [] });
  return { lines: logout.human(result, plainStyle).split('\n'), account: { name: undefined } };
}
