/** The hidden prompt, the confirmation and the waiting screen, one after the other, and then the chat, for a real terminal. */
import { once } from 'node:events';
import type { LoginEvent } from '../../../../src/auth/login-event.ts';
import type { ChatEvent } from '../../../../src/chat/provider.ts';
import { MiraError, toMiraError } from '../../../../src/errors.ts';
import { reflowOf } from '../../../../src/ui/chat/live-region.ts';
import { keyboardOf } from '../../../../src/ui/chat/key-input.ts';
import { runChat } from '../../../../src/ui/chat/run-chat.ts';
import { copyText } from '../../../../src/ui/clipboard.ts';
import { showLogin } from '../../../../src/ui/login/show-login.ts';
import { askHidden, confirm } from '../../../../src/ui/prompts.ts';
import { createStyle } from '../../../../src/ui/style.ts';

const { stdin, stdout, stderr } = process;
const { signal } = new AbortController();
const style = createStyle({ color: false });

const secret = await askHidden({ question: 'API key:', stdin, stderr, signal });
stdout.write(`${secret.length} characters\n`);
const answer = await confirm({ question: 'Keep it?', stdin, stderr, signal });
stdout.write(`kept: ${answer}\n`);

async function* events(cancelled: Promise<void>): AsyncGenerator<LoginEvent> {
  yield {
    kind: 'device_code',
    verificationUri: 'https://id.example/device',
    userCode: 'WDJB-MJHT',
    expiresAt: Date.now() + 600_000,
    interval: 5,
    host: 'id.example',
    scopes: ['openid'],
    renew: () => {},
  };
  await cancelled;
  throw new MiraError('interrupted', 'Sign-in was cancelled.');
}

const copying = { env: {}, platform: 'linux' as const, isSsh: true };
async function signIn(): Promise<void> {
  const cancelled = Promise.withResolvers<void>();
  const screen = showLogin(events(cancelled.promise), {
    stderr,
    stdin,
    style,
    isLive: true,
    reflow: 'xterm.js',
    machine: 'laptop',
    copy: (text) => copyText(text, { ...copying, writeToTerminal: (bytes) => void stderr.write(bytes) }),
    copyAtOnce: true,
    qrAtOnce: false,
    now: Date.now,
    signal,
    cancel: () => cancelled.resolve(),
  });
  try {
    for await (const { kind } of screen) if (kind === 'authorized') stdout.write('signed in\n');
  } catch (error) {
    stdout.write(`sign-in: ${toMiraError(error).code}\n`);
  }
}

await signIn();
stdout.write('type a line\n');
stdin.resume();
const [line] = await once(stdin, 'data');
stdin.pause();
stdout.write(`read: ${JSON.stringify(String(line))}\n`);

await runChat({
  send,
  runErrand: async (_, { withTerminal }) => {
    await withTerminal(async () => {
      stdout.write(`sure: ${await confirm({ question: 'Sure?', stdin, stderr, signal })}\n`);
      await signIn();
    });
    return { lines: ['back in the chat'] };
  },
  talk: { messages: [], model: 'mira', attachments: [] },
  reflow: reflowOf(process.env),
  onContinue: (listener: () => void) => {
    process.on('SIGCONT', listener);
    return () => void process.off('SIGCONT', listener);
  },
  aids: {
    history: [],
    findPaths: () => Promise.resolve([]),
    readMention: () => Promise.resolve(undefined),
    editText: (text) => Promise.resolve({ kind: 'edited', text }),
    keyboard: keyboardOf({}),
  },
  profile: 'default',
  stdin,
  stdout,
  stderr,
  style,
  signal,
  now: Date.now,
});
stdout.write('left\n');

async function* send(): AsyncGenerator<ChatEvent> {
  yield { kind: 'text', text: 'Hello.' };
}
