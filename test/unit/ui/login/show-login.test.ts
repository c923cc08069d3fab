import { expect, it, vi } from 'vitest';
import type { LoginEvent } from '../../../../src/auth/login-event.ts';
import { MiraError } from '../../../../src/errors.ts';
import { showLogin, type LoginScreen } from '../../../../src/ui/login/show-login.ts';
import { plainStyle } from '../../../../src/ui/plain-style.ts';
import { fakeInput, fakeOutput } from '../support/fake-terminal.ts';
import { deviceCode, sent, START } from './device.ts';

const DEVICE = deviceCode();
const OFFLINE: LoginEvent = {
  kind: 'offline',
  error: new MiraError('connection_refused', 'Nobody answers at id.example.'),
};
const AUTHORIZED: LoginEvent = {
  kind: 'authorized',
  profile: 'default',
  account: { id: '1', name: 'Ada\x1b[2J', email: 'ada@example.org' },
  storage: 'keychain',
  notices: ['MIRA_API_KEY is set and wins.'],
};

function plain(changes: Partial<LoginScreen> = {}) {
  const stdin = fakeInput();
  const stderr = fakeOutput();
  const clock = { now: START };
  const screen: LoginScreen = {
    // Only what lines need is used of them.
    stdin: stdin as unknown as NodeJS.ReadStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    style: plainStyle,
    isLive: false,
    reflow: 'xterm.js',
    machine: 'laptop',
    copy: vi.fn(async () => 'osc52'),
    copyAtOnce: true,
    qrAtOnce: true,
    open: vi.fn(async () => ({ opened: true as const })),
    now: () => clock.now,
    signal: new AbortController().signal,
    cancel: vi.fn(),
    ...changes,
  };
  return { stdin, stderr, clock, screen };
}

async function passed(events: AsyncIterable<LoginEvent>): Promise<readonly LoginEvent[]> {
  const seen: LoginEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

it('without a terminal writes address, complete address and code as plain lines and then hardly anything', async () => {
  const { stdin, stderr, clock, screen } = plain();
  async function* slowly(): AsyncGenerator<LoginEvent> {
    yield { kind: 'asking', host: 'id.example' };
    yield DEVICE;
    for (let poll = 0; poll < 25; poll++) {
      clock.now += 5_000;
      yield { kind: 'pending' };
    }
    yield OFFLINE;
    yield OFFLINE;
    yield { kind: 'slow_down', interval: 10 };
    yield { kind: 'approved' };
    yield AUTHORIZED;
  }
  await passed(showLogin(slowly(), screen));
  expect(stderr.text).toBe(`To sign in, open this address and enter the code:
https://id.example/device
https://id.example/device?user_code=WDJB-MJHT
WDJB-MJHT
Asked for by
  id.example
scopes: openid offline_access
Never type a code someone sent you.
Still waiting for approval, 13:32 left.
Still waiting for approval, 12:32 left.
Offline, retrying: Nobody answers at id.example.
The server asks for patience: the next question follows in 10 s.
Signed in as Ada (ada@example.org) at id.example.
MIRA_API_KEY is set and wins.
`);
  expect(stdin.rawModes).toEqual([]);
  expect(screen.copy).not.toHaveBeenCalled();
  expect(screen.open).not.toHaveBeenCalled();
});

it('hands every event on, and what they throw', async () => {
  const { screen } = plain();
  const events: readonly LoginEvent[] = [DEVICE, OFFLINE, AUTHORIZED];
  expect(await passed(showLogin(sent(...events), screen))).toEqual(events);

  async function* failing(): AsyncGenerator<LoginEvent> {
    yield DEVICE;
    throw new Error('bug');
  }
  await expect(passed(showLogin(failing(), screen))).rejects.toThrow('bug');
});

it('on a terminal says who was signed in without a code too, as after a pasted key', async () => {
  const { stdin, stderr, screen } = plain({ isLive: true });
  await passed(showLogin(sent(AUTHORIZED), screen));
  expect(stderr.text).toBe('✓ Signed in as Ada (ada@example.org)\nMIRA_API_KEY is set and wins.\n');
  expect(stdin.rawModes).toEqual([]);
});

it('shows nothing of a hostile code but its text', async () => {
  const { screen, stderr } = plain();
  const hostile = deviceCode({ userCode: 'AB\x1b]52;c;eA==\x07CD', host: 'id\u202e.example' });
  await passed(showLogin(sent(hostile), screen));
  expect(stderr.text).toContain('\nABCD\n');
  expect(stderr.text).toContain('\n  id.example\n');
  expect(stderr.text).not.toContain('\x1b');
});
