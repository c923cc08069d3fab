/** The waiting screen as a program of its own for a real terminal. It waits until it is approved (SIGUSR2), cancelled or ended. */
import type { LoginEvent } from '../../../../src/auth/login-event.ts';
import { abortError, MiraError, toMiraError } from '../../../../src/errors.ts';
import { showLogin } from '../../../../src/ui/login/show-login.ts';
import { createStyle } from '../../../../src/ui/style.ts';

const { stdin, stdout, stderr } = process;
const has = (name: string): boolean => process.argv.includes(name);
const ended = new AbortController();
const cancelled = new MiraError('interrupted', 'Stopped.');
const approval = Promise.withResolvers<void>();
process.on('SIGTERM', () => ended.abort(new MiraError('terminated', 'Stopped from outside.')));
process.on('SIGUSR2', () => approval.resolve());
const address = has('--long')
  ? `https://id.example/${'path/'.repeat(30)}device`
  : 'https://id.example/device';
let codes = 0;

async function* events(): AsyncGenerator<LoginEvent> {
  yield { kind: 'asking', host: 'id.example' };
  for (;;) {
    const wish = Promise.withResolvers<'renew'>();
    codes += 1;
    yield deviceCode(() => wish.resolve('renew'));
    const end = new Promise<'ended'>((resolve) => {
      ended.signal.addEventListener('abort', () => resolve('ended'));
    });
    const outcome = await Promise.race([wish.promise, end, approval.promise]);
    if (outcome === 'ended') throw abortError(ended.signal);
    if (outcome === undefined) break;
  }
  yield { kind: 'approved' };
  stderr.write('(saved)\n');
  yield {
    kind: 'authorized',
    profile: 'default',
    account: { id: '1', name: '山田太郎 (東京) 한국어', email: 'yamada@example.test' },
    storage: 'keychain',
    notices: [],
  };
}

function deviceCode(renew: () => void): LoginEvent {
  return {
    kind: 'device_code',
    verificationUri: address,
    verificationUriComplete: `${address}?user_code=CODE-000${codes}`,
    userCode: `CODE-000${codes}`,
    expiresAt: Date.now() + 600_000,
    interval: 5,
    host: 'id.example',
    scopes: ['openid', 'offline_access'],
    renew,
  };
}

const screen = showLogin(events(), {
  stderr,
  stdin,
  style: createStyle({ color: has('--color') }),
  isLive: true,
  reflow: 'xterm.js',
  machine: 'laptop',
  copy: async () => {
    if (has('--crash')) setImmediate(crash);
    return 'osc52';
  },
  copyAtOnce: false,
  qrAtOnce: has('--qr'),
  open: async () => ({ opened: false, reason: 'no browser could be started' }),
  now: Date.now,
  signal: ended.signal,
  cancel: () => ended.abort(cancelled),
});
// The timer keeps the program alive, as a connection would.
const alive = setInterval(() => {}, 60_000);
try {
  for await (const { kind } of screen) if (kind === 'authorized') break;
  stdout.write(`done ${stdin.isRaw ? 'raw' : 'restored'}\n`);
} catch (error) {
  stdout.write(`${toMiraError(error).code} ${stdin.isRaw ? 'raw' : 'restored'}\n`);
}
clearInterval(alive);
stdin.unref();

function crash(): never {
  throw new Error('a bug');
}
