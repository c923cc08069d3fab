/** Who is signed in, what was used, and signing out, from inside the chat. */
import type { Context } from '../../../context.ts';
import { toMiraError } from '../../../errors.ts';
import { plainStyle } from '../../../ui/plain-style.ts';
import type { Reply } from '../../../ui/chat/errand.ts';
import { logout } from '../../auth/logout.ts';
import { status } from '../../auth/status.ts';
import { readUsage, usageLines } from '../../usage.ts';
import type { ErrandOptions } from '../errands.ts';

export async function showStatus({ context }: ErrandOptions): Promise<Reply> {
  const result = await status.run(context, { options: { offline: false }, args: [] });
  return { lines: status.human(result, plainStyle).split('\n') };
}

/** Tokens of this chat, what the server told with the last answer, and, if it says so in time, what it counts itself. */
export async function usage({ spent, context, provider, signal }: ErrandOptions): Promise<Reply> {
  const { tokens, rateLimit } = spent;
  const used =
    tokens === 0 ? 'No tokens were counted yet.' : `${tokens.toLocaleString('en')} tokens in this chat.`;
  const counted = provider.id === 'mira' ? await countedByServer(context, signal) : [];
  if (rateLimit === undefined) return { lines: [used, ...counted] };
  const { remaining, resetAt } = rateLimit;
  const seconds = resetAt === undefined ? undefined : Math.ceil((resetAt - context.now()) / 1_000);
  const until = seconds === undefined || seconds <= 0 ? '' : ` for the next ${seconds} s`;
  return { lines: [used, `${remaining.toLocaleString('en')} requests left${until}.`, ...counted] };
}

/** Whoever asks in a chat waits for the prompt to come back. */
const COUNT_MS = 3_000;

async function countedByServer(context: Context, signal: AbortSignal): Promise<readonly string[]> {
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const late = context.sleep(COUNT_MS, stop).then((): readonly string[] => []);
  try {
    return await Promise.race([readUsage(context, stop).then(usageLines), late]);
  } catch (error) {
    if (signal.aborted) throw error;
    context.log(`usage: ${toMiraError(error).code}`);
    return [];
  } finally {
    done.abort();
  }
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
