/** What the captured screens show, played with the built program in a terminal of its own. */
import { randomBytes } from 'node:crypto';
import { begin, finish, say, startChatServer, think } from '../../test/support/chat-server.ts';
import { isolatedHome } from '../../test/support/isolated-home.ts';
import { startPlatform } from '../../test/support/platform/start-platform.ts';
import { MIRA } from '../../test/support/run-mira.ts';
import { openTerminal } from '../../test/support/terminal.ts';

const ANSWER = `The **device authorization grant** (RFC 8628) signs in where there is no browser:

1. the client asks for a code and shows it
2. a person approves it on another device
3. the client, which has been polling, gets its tokens

| answer | what the client does |
|---|---|
| \`authorization_pending\` | asks again after the interval |
| \`slow_down\` | waits 5 seconds longer from now on |
| \`expired_token\` | begins anew |

`;
const CODE = `\`\`\`ts
async function poll(deviceCode: string, intervalS: number): Promise<Tokens> {
  for (;;) {
    await sleep(intervalS * 1000); // never faster than the server asks
    const answer = await requestToken({ deviceCode });
    if (answer.kind === 'tokens') return answer.tokens;
    if (answer.kind === 'slow_down') intervalS += 5;
  }
}
\`\`\`

`;
const END = 'Both 中文 and 👋🏽 come through as they are.';
const EXPIRED = 'Then `expired_token` is the answer, and the client begins anew: a new code, shown again.';
const QUESTION = 'How does signing in with a device code work?';

/**
 * @param {(name: string, title: string, terminal: import('../../test/support/terminal.ts').Terminal) => Promise<void>} capture
 */
export async function playScenes(capture) {
  await playSignIn(capture);
  await playChat(capture);
}

async function playSignIn(capture) {
  await using platform = await startPlatform();
  const where = ['--issuer', platform.issuer, '--api-url', platform.apiUrl, '--storage', 'file'];
  await using terminal = await openTerminal({
    args: ['auth', 'login', ...where, '--no-browser', '--no-copy'],
    env: { FORCE_COLOR: '1', MIRA_PASSPHRASE: randomBytes(24).toString('base64url') },
    cols: 84,
    rows: 16,
  });
  await terminal.waitFor('waiting for approval');
  await capture('sign-in', 'mira auth login, while it waits for the approval', terminal);
  for (const code of platform.pendingUserCodes()) await platform.approve(code);
  await terminal.exit;
  await capture('signed-in', 'mira auth login, after the approval', terminal);
}

async function playChat(capture) {
  const held = Promise.withResolvers();
  await using server = await startChatServer((exchange) => answer(exchange, held.promise));
  await using home = await isolatedHome();
  const options = { env: { ...server.env, FORCE_COLOR: '1' }, home };
  await using terminal = await openTerminal({ args: ['chat'], ...options, cols: 84, rows: 36 });
  await terminal.waitFor('/help');
  terminal.write(QUESTION);
  await terminal.waitFor(QUESTION);
  terminal.write('\r');
  await terminal.waitFor('return answer.tokens');
  terminal.write('And what if the code runs out?\r');
  await terminal.waitFor('queued: And what');
  terminal.write('and how');
  await terminal.waitFor('› and how');
  await capture(
    'streaming',
    'mira chat, while an answer comes: a question is queued, the next is being written',
    terminal,
  );
  held.resolve();
  await terminal.waitFor(/shown\s+again\./u);
  await terminal.waitFor((screen) => screen.findLast((row) => row !== '')?.startsWith('mira'));
  await capture('chat', 'mira chat, with markdown and code in colours', terminal);
  terminal.resize(46, 36);
  await terminal.waitFor((screen) => screen.some((row) => row === '› and how'));
  await capture('narrow', 'The same in a window that was made narrower', terminal);
  terminal.write('\u0015/quit\r');
  await terminal.exit;
  await playHistory(capture, options);
}

async function playHistory(capture, options) {
  const shell = `for args in "list" "search slow_down"; do echo "$ mira history $args"; "$0" "$1" history $args; echo; done`;
  await using terminal = await openTerminal({
    ...options,
    command: ['/bin/sh', '-c', shell, process.execPath, MIRA],
    cols: 96,
    rows: 12,
  });
  await terminal.exit;
  await capture('history', 'mira history list and search', terminal, { cursor: false });
}

async function answer(exchange, held) {
  const { messages } = JSON.parse(exchange.request.body);
  await begin(exchange);
  if (messages.at(-1).content !== QUESTION) {
    await say(exchange, EXPIRED);
    return finish(exchange);
  }
  await think(exchange, 'They want the flow of RFC 8628, in short.');
  await say(exchange, ANSWER);
  await say(exchange, CODE.slice(0, CODE.indexOf("    if (answer.kind === 'slow_down")));
  await held;
  await say(exchange, CODE.slice(CODE.indexOf("    if (answer.kind === 'slow_down")) + END);
  return finish(exchange);
}
