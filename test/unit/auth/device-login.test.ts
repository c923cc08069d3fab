import { describe, expect, test } from 'vitest';
import { deviceLogin } from '../../../src/auth/device-login.ts';
import type { LoginEvent } from '../../../src/auth/login-event.ts';
import type { TokenSet } from '../../../src/auth/session.ts';
import { MiraError } from '../../../src/errors.ts';
import { APPROVED, createScriptedGrant, gone, PENDING, TOKENS, unknown } from './support/scripted-grant.ts';
import type { Answer, Script, ScriptedGrant } from './support/scripted-grant.ts';
import { createSleepingClock } from './support/sleeping-clock.ts';
import type { SleepingClock } from './support/sleeping-clock.ts';

interface Login {
  readonly clock: SleepingClock;
  readonly grant: ScriptedGrant;
  readonly events: readonly LoginEvent[];
  /** Seconds between the polls, and before the first. */
  readonly pauses: readonly number[];
  readonly tokens: TokenSet | undefined;
  readonly error: MiraError | undefined;
}

interface Terms {
  readonly clock?: SleepingClock;
  readonly signal?: AbortSignal;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onEvent?: (event: LoginEvent) => void;
}

async function logIn(script: Script, terms: Terms = {}): Promise<Login> {
  const { clock = createSleepingClock(), signal = new AbortController().signal, onEvent } = terms;
  const grant = createScriptedGrant(script);
  const events: LoginEvent[] = [];
  const login = deviceLogin({ grant, signal, ...clock, ...(terms.sleep ? { sleep: terms.sleep } : {}) });
  const outcome: { tokens?: TokenSet; error?: MiraError } = {};
  try {
    for (;;) {
      const step = await login.next();
      if (step.done === true) {
        outcome.tokens = step.value;
        break;
      }
      events.push(step.value);
      onEvent?.(step.value);
    }
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    outcome.error = error;
  }
  return {
    clock,
    grant,
    events,
    pauses: clock.pauses.map((ms) => ms / 1000),
    tokens: outcome.tokens,
    error: outcome.error,
  };
}

const kinds = (events: readonly LoginEvent[]): readonly string[] => events.map(({ kind }) => kind);

describe('the code', () => {
  test('is shown as the server sent it, with who asks for what and until when', async () => {
    const { events, clock } = await logIn({
      answers: [APPROVED],
      authorization: {
        verificationUri: 'https://ID.example/Device?a=%20',
        verificationUriComplete: 'https://ID.example/Device?code=AB',
        userCode: 'wdjb mjht',
        interval: 7,
      },
      scopes: ['openid', 'email'],
    });

    expect(events).toEqual([
      {
        kind: 'device_code',
        verificationUri: 'https://ID.example/Device?a=%20',
        verificationUriComplete: 'https://ID.example/Device?code=AB',
        userCode: 'wdjb mjht',
        expiresAt: clock.now() - 7_250 + 600_000,
        interval: 7,
        host: 'id.example',
        scopes: ['openid', 'email'],
        renew: expect.any(Function),
      },
    ]);
  });

  test('needs no complete address', async () => {
    const { events } = await logIn({ answers: [APPROVED] });

    expect(events[0]).toMatchObject({ kind: 'device_code', verificationUriComplete: undefined });
  });

  test.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'ftp://id.example/',
    'http://id.example/device',
    'HTTP://id.example/device',
    'https://user:pw@id.example/',
    'https://id.example@evil.example/',
    'https://id.example/\u001b[31m',
    'https://id.example/ device',
    'https://id.example\\@evil.example/',
    'https:id.example',
    '//id.example/device',
    'id.example/device',
    '',
    `https://id.example/${'a'.repeat(2048)}`,
  ])('is not shown with an address that a browser must not be sent to: %j', async (address) => {
    for (const name of ['verificationUri', 'verificationUriComplete'] as const) {
      const { error, events, grant } = await logIn({
        answers: [APPROVED],
        authorization: { [name]: address },
      });

      expect([error?.code, error?.exitCode]).toEqual(['unsafe_url', 11]);
      expect(events).toEqual([]);
      expect(grant.polls).toEqual([]);
    }
  });

  test.each(['http://127.0.0.1:8080/device', 'http://localhost/device', 'http://[::1]:1/device'])(
    'may be approved on this machine without encryption: %s',
    async (verificationUri) => {
      const { events } = await logIn({ answers: [APPROVED], authorization: { verificationUri } });

      expect(events[0]).toMatchObject({ kind: 'device_code', verificationUri });
    },
  );

  test.each(['', 'AB\u001b[2J', 'AB\nCD', 'AB\u202eCD', 'A\u0000B', 'A'.repeat(65), 'A\u00adB'])(
    'that nobody could read and type is refused: %j',
    async (userCode) => {
      const { error, events, grant } = await logIn({ answers: [APPROVED], authorization: { userCode } });

      expect([error?.code, error?.exitCode]).toEqual(['malformed_response', 9]);
      expect([events, grant.polls]).toEqual([[], []]);
    },
  );
});

describe('the pause between polls', () => {
  const three: readonly [Answer, ...Answer[]] = [PENDING, PENDING, APPROVED];

  test.each<[string, number | undefined, number]>([
    ['is five seconds when the server names none', undefined, 5.25],
    ['is what the server names', 7, 7.25],
    ['may have fractions', 1.5, 1.75],
    ['is a second at least: 0', 0, 1.25],
    ['is a second at least: -1', -1, 1.25],
    ['is a second at least: 0.001', 0.001, 1.25],
    ['is a second when it is no number', Number.NaN, 1.25],
    ['is a minute at most: 61', 61, 60.25],
    ['is a minute at most: 1e9', 1e9, 60.25],
    ['is a minute at most: for ever', Number.POSITIVE_INFINITY, 60.25],
  ])('%s, and a quarter of a second for timers that fire early', async (_, interval, pause) => {
    const { pauses, tokens, grant } = await logIn({ answers: three, authorization: { interval } });

    expect(pauses).toEqual([pause, pause, pause]);
    expect(tokens).toEqual(TOKENS);
    expect(grant.polls).toEqual(['device-code', 'device-code', 'device-code']);
  });

  test('is half a minute at most where the server keeps an approval for a minute only', async () => {
    const { pauses } = await logIn({
      answers: [PENDING, unknown(900), unknown(900), APPROVED],
      authorization: { interval: 1e9 },
      longestInterval: 30,
    });

    expect(pauses).toEqual([30.25, 30.25, 30.25, 30.25]);
  });

  test('grows by five seconds for good each time the server asks to slow down', async () => {
    const slow: Answer = { kind: 'slow_down' };
    const { pauses, events } = await logIn({ answers: [slow, PENDING, slow, PENDING, PENDING, APPROVED] });

    expect(pauses).toEqual([5.25, 10.25, 10.25, 15.25, 15.25, 15.25]);
    expect(events.slice(1)).toEqual([
      { kind: 'slow_down', interval: 10 },
      { kind: 'pending' },
      { kind: 'slow_down', interval: 15 },
      { kind: 'pending' },
      { kind: 'pending' },
    ]);
  });

  test.each<[string, number, number]>([
    ['is the one the server sends along, when that is longer', 20, 20.25],
    ['grows by five seconds when the one sent along is shorter', 6, 10.25],
    ['grows by five seconds when the one sent along is absurd', -3, 10.25],
    ['is a minute at most', 1e9, 60.25],
  ])('%s', async (_, interval, pause) => {
    const { pauses } = await logIn({ answers: [{ kind: 'slow_down', interval }, PENDING, APPROVED] });

    expect(pauses).toEqual([5.25, pause, pause]);
  });

  test('does not grow beyond a minute, however often the server asks', async () => {
    const { pauses, error } = await logIn({
      answers: [{ kind: 'slow_down' }],
      authorization: { expiresIn: 3600 },
    });

    expect(Math.max(...pauses)).toBe(60.25);
    expect(error?.code).toBe('device_code_expired');
  });
});

describe('without an answer', () => {
  test('it is asked again, less and less often, and as before once the server answers', async () => {
    const { pauses, events, tokens } = await logIn({
      answers: [unknown(), unknown(), unknown(), unknown(), unknown(), PENDING, PENDING, unknown(), APPROVED],
    });

    expect(pauses).toEqual([5.25, 10.25, 20.25, 40.25, 60.25, 60.25, 5.25, 5.25, 10.25]);
    expect(kinds(events)).toEqual([
      'device_code',
      'offline',
      'offline',
      'offline',
      'offline',
      'offline',
      'pending',
      'pending',
      'offline',
    ]);
    expect(tokens).toEqual(TOKENS);
  });

  test('the reason is told', async () => {
    const { events } = await logIn({ answers: [unknown(), APPROVED] });

    expect(events[1]).toMatchObject({
      kind: 'offline',
      error: { code: 'connection_refused', message: 'Cannot reach id.example.' },
    });
  });

  test('it is never asked again sooner than the interval', async () => {
    const { pauses } = await logIn({ answers: [unknown(), APPROVED], authorization: { interval: 45 } });

    expect(pauses).toEqual([45.25, 60.25]);
  });

  test('the pause the server names is kept, a minute at most', async () => {
    const { pauses } = await logIn({ answers: [unknown(25), PENDING, unknown(900), unknown(1), APPROVED] });

    expect(pauses).toEqual([5.25, 25.25, 5.25, 60.25, 60.25]);
  });
});

describe('the end', () => {
  test('comes with the life of the code, by our own clock, without another poll', async () => {
    const { pauses, grant, error } = await logIn({ answers: [PENDING], authorization: { expiresIn: 12 } });

    expect(pauses).toEqual([5.25, 5.25, 1.5]);
    expect(grant.polls).toHaveLength(2);
    expect([error?.code, error?.exitCode, error?.message, error?.hint]).toEqual([
      'device_code_expired',
      4,
      'The code expired before it was approved.',
      'Ask for a new one: mira auth login',
    ]);
  });

  test.each<[string, number, number]>([
    ['a second', 0, 1],
    ['a second', -5, 1],
    ['a second', Number.NaN, 1],
    ['an hour', 3601, 3600],
    ['an hour', 1e9, 3600],
    ['an hour', Number.POSITIVE_INFINITY, 3600],
  ])('comes after %s when the server says %d', async (_, expiresIn, seconds) => {
    const clock = createSleepingClock();
    const expected = clock.now() + seconds * 1000;
    const { events, error } = await logIn({ answers: [PENDING], authorization: { expiresIn } }, { clock });

    expect(events[0]).toMatchObject({ kind: 'device_code', expiresAt: expected });
    expect(clock.elapsed()).toBe(seconds * 1000);
    expect(error?.code).toBe('device_code_expired');
  });

  test('is not moved by somebody setting the clock', async () => {
    const clock = createSleepingClock();
    const { grant, error } = await logIn(
      { answers: [PENDING], authorization: { expiresIn: 12 } },
      { clock, onEvent: () => clock.set(0) },
    );

    expect([grant.polls.length, error?.code]).toEqual([2, 'device_code_expired']);
  });

  test('comes at once when the server does not know the code any more', async () => {
    const { error, grant } = await logIn({ answers: [unknown(), PENDING, gone()] });

    expect([error?.code, error?.message]).toEqual(['device_code_expired', 'The server forgot the code.']);
    expect(grant.polls).toHaveLength(3);
  });

  test('may be an approval whose answer was lost, when the connection broke just before', async () => {
    const { error, grant } = await logIn({ answers: [PENDING, unknown(), unknown(), gone()] });

    expect([error?.code, error?.exitCode, error?.message, error?.hint]).toEqual([
      'approval_lost',
      4,
      'The connection broke while the server answered; if you approved the code, the answer was lost.',
      'Sign in again: mira auth login.',
    ]);
    expect(grant.polls).toHaveLength(4);
  });

  test('says where a credential may be left that nobody got', async () => {
    const { error } = await logIn({ answers: [unknown(), gone()], orphanHint: 'Look at the keys page.' });

    expect(error?.hint).toBe('Sign in again: mira auth login. Look at the keys page.');
  });

  test.each(['access_denied', 'device_code_expired', 'client_unknown', 'tls_failed'] as const)(
    'comes at once with %s',
    async (code) => {
      const failure = new MiraError(code, 'No.');
      const { error, grant } = await logIn({ answers: [PENDING, failure, APPROVED] });

      expect(error).toBe(failure);
      expect(grant.polls).toHaveLength(2);
    },
  );

  test('comes with success, and nothing is asked after it', async () => {
    const { tokens, grant } = await logIn({ answers: [PENDING, unknown(), APPROVED] });

    expect(tokens).toEqual(TOKENS);
    expect([grant.polls.length, grant.mostAtOnce]).toEqual([3, 1]);
  });
});

describe('stopping', () => {
  const reason = new MiraError('interrupted', 'Stopped.');

  test('ends a pause at once, and nothing is asked any more', async () => {
    const controller = new AbortController();
    const { error, grant } = await logIn(
      { answers: [PENDING] },
      {
        signal: controller.signal,
        // A pause without an end of its own.
        sleep: (_ms, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve());
            controller.abort(reason);
          }),
      },
    );

    expect(error).toBe(reason);
    expect(grant.polls).toEqual([]);
  });

  test.each<[string, Answer]>([
    ['pending', PENDING],
    ['slow down', { kind: 'slow_down' }],
    ['nothing', unknown()],
    ['gone', gone()],
  ])('during a poll ends the wait whatever is answered: %s', async (_, answer) => {
    const controller = new AbortController();
    const { error, grant, events } = await logIn(
      {
        answers: [
          () => {
            controller.abort(reason);
            return answer as Extract<Answer, { kind: string }>;
          },
        ],
      },
      { signal: controller.signal },
    );

    expect(error).toBe(reason);
    expect([grant.polls.length, kinds(events)]).toEqual([1, ['device_code']]);
  });

  test('during the poll that brings the tokens does not throw them away', async () => {
    const controller = new AbortController();
    const { tokens, error } = await logIn(
      {
        answers: [
          () => {
            controller.abort(reason);
            return APPROVED;
          },
        ],
      },
      { signal: controller.signal },
    );

    expect([tokens, error]).toEqual([TOKENS, undefined]);
  });
});

describe('another code', () => {
  const SECOND = { deviceCode: 'second-code', userCode: 'NEXT-CODE', expiresIn: 600 };

  test('is asked for when it is wished for, at once, and the first is never asked about again', async () => {
    const clock = createSleepingClock();
    const login = await logIn(
      { authorization: { interval: 5 }, next: [SECOND], answers: [PENDING, PENDING, APPROVED] },
      { clock, onEvent: renewAfter('pending') },
    );

    expect(login.events.map(summary)).toEqual([
      'device_code ABCD-EFGH',
      'pending',
      'device_code NEXT-CODE',
      'pending',
    ]);
    expect(login.grant.polls).toEqual(['device-code', 'second-code', 'second-code']);
    expect(login.tokens).toEqual(TOKENS);
  });

  test('has a life and an interval of its own', async () => {
    const { pauses, error } = await logIn(
      { next: [{ ...SECOND, expiresIn: 12, interval: 7 }], answers: [PENDING] },
      { onEvent: renewAfter('pending') },
    );

    expect(pauses).toEqual([5.25, 7.25, 4.75]);
    expect(error?.code).toBe('device_code_expired');
  });

  test('does not come without a network: the first one is waited for on', async () => {
    const refused = new MiraError('connection_refused', 'Nobody answers.');
    const { events, grant, tokens } = await logIn(
      { next: [refused], answers: [PENDING, APPROVED] },
      { onEvent: renewAfter('pending') },
    );

    expect(events.map(summary)).toEqual(['device_code ABCD-EFGH', 'pending', 'offline']);
    expect(grant.polls).toEqual(['device-code', 'device-code']);
    expect(tokens).toEqual(TOKENS);
  });

  test('that the server refuses ends the sign-in', async () => {
    const { error } = await logIn(
      { next: [new MiraError('client_unknown', 'Unknown client.')], answers: [PENDING] },
      { onEvent: renewAfter('pending') },
    );

    expect(error?.code).toBe('client_unknown');
  });

  test('is not asked for by the wish for the one before it', async () => {
    const codes: LoginEvent[] = [];
    const { grant } = await logIn(
      { next: [SECOND], answers: [PENDING, PENDING, PENDING, APPROVED] },
      {
        onEvent: (event) => {
          if (event.kind === 'device_code') codes.push(event);
          if (event.kind === 'pending' && codes[0]?.kind === 'device_code') codes[0].renew();
        },
      },
    );

    expect(grant.polls).toEqual(['device-code', 'second-code', 'second-code', 'second-code']);
  });

  test('an approval that is on its way when it is wished for counts', async () => {
    let renew = (): void => {};
    const { grant, tokens } = await logIn(
      {
        next: [SECOND],
        answers: [
          () => {
            renew();
            return APPROVED;
          },
        ],
      },
      {
        onEvent: (event) => {
          if (event.kind === 'device_code') renew = event.renew;
        },
      },
    );

    expect([grant.polls, tokens]).toEqual([['device-code'], TOKENS]);
  });

  /** Wishes for another code once, when the event comes for the first time. */
  function renewAfter(kind: LoginEvent['kind']): (event: LoginEvent) => void {
    let renew: (() => void) | undefined;
    let isDone = false;
    return (event) => {
      if (event.kind === 'device_code') renew = event.renew;
      if (event.kind !== kind || isDone) return;
      isDone = true;
      renew?.();
    };
  }

  const summary = (event: LoginEvent): string =>
    event.kind === 'device_code' ? `device_code ${event.userCode}` : event.kind;
});
