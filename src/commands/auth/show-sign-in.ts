/** A sign-in as a person sees it: the waiting screen on a terminal, plain lines elsewhere. */
import { hostname } from 'node:os';
import type { LoginEvent } from '../../auth/login-event.ts';
import type { Context } from '../../context.ts';
import type { Opened } from '../../ui/browser.ts';
import { reflowOf } from '../../ui/chat/live-region.ts';
import { showLogin } from '../../ui/login/show-login.ts';

export interface SignInLook {
  readonly noBrowser: boolean;
  readonly noCopy: boolean;
  readonly qr: boolean;
}

export interface ShowSignIn {
  readonly context: Context;
  readonly look: SignInLook;
  /** What Esc and Ctrl-C do. */
  readonly cancel: () => void;
}

type Authorized = Extract<LoginEvent, { readonly kind: 'authorized' }>;

/** Resolves with the last event; rejects with what the events throw. The terminal is then as it was found. */
export async function showSignIn(
  events: AsyncIterable<LoginEvent>,
  { context, look, cancel }: ShowSignIn,
): Promise<Authorized> {
  const { env, io } = context;
  const { stdin, stderr } = io.terminal();
  const isLive = context.canPrompt && env['TERM'] !== 'dumb';
  const shown = showLogin(events, {
    stdin,
    stderr,
    style: await context.style('stderr'),
    isLive,
    reflow: reflowOf(env),
    machine: hostname(),
    copy: isLive ? await clipboard(context) : undefined,
    copyAtOnce: !look.noCopy,
    qrAtOnce: look.qr,
    open: isLive ? await browserOpener(context, look) : undefined,
    now: context.now,
    signal: context.signal,
    cancel,
  });
  let last: Authorized | undefined;
  for await (const event of shown) {
    if (event.kind === 'authorized') last = event;
  }
  if (last === undefined) throw new TypeError('A sign-in ended without a last event.');
  context.notice(`The session is kept in: ${STORES[last.storage]}.`);
  return last;
}

const STORES = {
  keychain: 'the keychain of this system',
  file: 'the encrypted file credentials.json',
  memory: 'memory, until this chat ends',
} as const;

async function clipboard(context: Context): Promise<(text: string) => Promise<string | undefined>> {
  const { copyText } = await import('../../ui/clipboard.ts');
  const { env, platform, io } = context;
  const isSsh = env['SSH_CONNECTION'] !== undefined || env['SSH_TTY'] !== undefined;
  return (text) =>
    copyText(text, { env, platform, isSsh, writeToTerminal: (sequence) => io.stderr.write(sequence) });
}

async function browserOpener(
  context: Context,
  { noBrowser }: SignInLook,
): Promise<((url: URL) => Promise<Opened>) | undefined> {
  const { openUrl, canOpenBrowser } = await import('../../ui/browser.ts');
  const { env, platform } = context;
  const browser = (await context.settings()).get('browser').value;
  if (noBrowser || !canOpenBrowser({ env, platform, browser })) return undefined;
  return (url) => openUrl(url, { env, browser });
}
