import { describe, expect, it, vi } from 'vitest';
import type { LoginEvent } from '../../../src/auth/login-event.ts';
import { MiraError } from '../../../src/errors.ts';
import { showLogin, type LoginScreen } from '../../../src/ui/login-screen.ts';
import { createStyle } from '../../../src/ui/style.ts';
import { fakeInput, fakeOutput } from './support/fake-terminal.ts';

const START = Date.UTC(2026, 10, 20);
const DEVICE: LoginEvent = {
  kind: 'device_code',
  verificationUri: 'https://id.example/device',
  verificationUriComplete: 'https://id.example/device?user_code=WDJB-MJHT',
  userCode: 'WDJB-MJHT',
  expiresAt: START + 872_000,
  interval: 5,
  host: 'id.example',
  scopes: ['openid', 'offline_access'],
};
const OFFLINE: LoginEvent = {
  kind: 'offline',
  error: new MiraError('connection_refused', 'Nobody answers at id.example.'),
};
const PENDING: LoginEvent = { kind: 'pending' };
const AUTHORIZED: LoginEvent = {
  kind: 'authorized',
  profile: 'default',
  account: { id: '1', name: 'Ada\x1b[2J', email: 'ada@example.org' },
  storage: 'keychain',
  notices: ['MIRA_API_KEY is set and wins.'],
};
/** A screen with a spy for everything it may call, and events that are sent one by one. */
function shown(changes: Partial<LoginScreen> = {}) {
  const stdin = fakeInput();
  const stderr = fakeOutput();
  const live: string[] = [];
  const clock = { now: START, tick: () => {}, isTicking: false };
  const screen: LoginScreen = {
    stderr,
    stdin,
    spinner: {
      show: (text) => void live.push(text),
      stop: () => void live.push('(gone)'),
      succeed: (line) => void stderr.write(`✓ ${line}\n`),
    },
    style: createStyle({ color: false }),
    machine: 'laptop',
    copy: vi.fn(async () => 'osc52'),
    copyAtOnce: true,
    open: vi.fn(async () => ({ opened: true as const })),
    now: () => clock.now,
    every: (_, tick) => {
      clock.tick = tick;
      clock.isTicking = true;
      return () => void (clock.isTicking = false);
    },
    cancel: vi.fn(),
    ...changes,
  };
  return { stdin, stderr, live, clock, screen };
}

async function* sent(...events: readonly LoginEvent[]): AsyncGenerator<LoginEvent> {
  yield* events;
}

async function passed(events: AsyncIterable<LoginEvent>): Promise<readonly LoginEvent[]> {
  const seen: LoginEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('on a terminal', () => {
  it('says where to go, with which code, and who asks for what', async () => {
    const { stdin, stderr, live, clock, screen } = shown();
    const events = [DEVICE, PENDING, AUTHORIZED];
    expect(await passed(showLogin(sent(...events), screen))).toEqual(events);
    expect(stderr.text).toBe(`To sign in, open this address

  https://id.example/device

and enter the code

  WDJB-MJHT

Asked for by
  id.example
scopes: openid offline_access
You started this on laptop; never type a code someone sent you.
Enter opens the browser · c copies the code · Esc cancels
The code was handed to the clipboard of your terminal.
✓ Signed in as Ada (ada@example.org) at id.example
MIRA_API_KEY is set and wins.
`);
    expect(screen.copy).toHaveBeenCalledExactlyOnceWith('WDJB-MJHT');
    expect(screen.open).not.toHaveBeenCalled();
    expect(live).toEqual([
      'waiting for approval — 14:32 left',
      'waiting for approval — 14:32 left',
      '(gone)',
    ]);
    expect(stdin.rawModes).toEqual([true, false]);
    expect(stdin.listeners('data')).toEqual([]);
    expect(clock.isTicking).toBe(false);
  });

  it('counts down, and says when it is offline or told to slow down', async () => {
    const { live, clock, screen } = shown();
    const events = showLogin(sent(DEVICE, OFFLINE, { kind: 'slow_down', interval: 10 }), screen);
    await events.next();
    clock.now += 210_000;
    clock.tick();
    await events.next();
    await events.next();
    expect(live).toEqual([
      'waiting for approval — 14:32 left',
      'waiting for approval — 11:02 left',
      'offline, retrying (11:02 left)',
      'waiting for approval — 11:02 left, asking every 10 s as the server wishes',
    ]);
    await events.return();
  });

  it('opens the complete address on Enter, copies on c, cancels on Esc and Ctrl-C', async () => {
    const { stdin, stderr, screen } = shown({
      open: vi.fn(async () => ({ opened: false as const, reason: 'no browser could be started' })),
    });
    const events = showLogin(sent(DEVICE, PENDING), screen);
    await events.next();
    stdin.press('\r');
    stdin.press('c');
    stdin.press('\x03');
    stdin.press('\x1b');
    await vi.waitFor(() => expect(screen.cancel).toHaveBeenCalledTimes(2));
    expect(screen.open).toHaveBeenCalledExactlyOnceWith(
      new URL('https://id.example/device?user_code=WDJB-MJHT'),
    );
    expect(screen.copy).toHaveBeenCalledTimes(2);
    expect(stderr.text).toContain('Open the address by hand: no browser could be started.\n');
    await events.return();
    expect(stdin.rawModes).toEqual([true, false]);
  });

  it('copies nothing unasked with --no-copy', async () => {
    const { screen, stderr } = shown({ copyAtOnce: false });
    await passed(showLogin(sent(DEVICE, PENDING), screen));
    expect(screen.copy).not.toHaveBeenCalled();
    expect(stderr.text).not.toContain('clipboard');
  });

  it('restores the terminal when the events fail', async () => {
    const { stdin, live, screen } = shown();
    async function* failing(): AsyncGenerator<LoginEvent> {
      yield DEVICE;
      throw new Error('bug');
    }
    await expect(passed(showLogin(failing(), screen))).rejects.toThrow('bug');
    expect(stdin.rawModes).toEqual([true, false]);
    expect(live.at(-1)).toBe('(gone)');
  });

  it('shows nothing of a hostile code but its text', async () => {
    const { screen, stderr } = shown({ copyAtOnce: false });
    const hostile: LoginEvent = { ...DEVICE, userCode: 'AB\x1b]52;c;eA==\x07CD', host: 'id\u202e.example' };
    await passed(showLogin(sent(hostile, PENDING), screen));
    expect(stderr.text).toContain('\n  ABCD\n');
    expect(stderr.text).toContain('\n  id.example\n');
    expect(stderr.text).not.toContain('\x1b');
  });
});

describe('without a terminal', () => {
  it('writes address, complete address and code as plain lines and then hardly anything', async () => {
    const { stdin, stderr, clock, screen } = shown({ spinner: undefined });
    async function* slowly(): AsyncGenerator<LoginEvent> {
      yield DEVICE;
      for (let poll = 0; poll < 25; poll++) {
        clock.now += 5_000;
        yield { kind: 'pending' };
      }
      yield OFFLINE;
      yield OFFLINE;
      yield { kind: 'slow_down', interval: 10 };
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
  });
});
