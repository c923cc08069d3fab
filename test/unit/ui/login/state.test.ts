import { describe, expect, it } from 'vitest';
import type { LoginEvent } from '../../../../src/auth/login-event.ts';
import { MiraError } from '../../../../src/errors.ts';
import type { LoginKey } from '../../../../src/ui/login/keys.ts';
import {
  initialState,
  nextChange,
  update,
  type Effect,
  type LoginAction,
  type LoginFacts,
  type LoginState,
} from '../../../../src/ui/login/state.ts';
import { deviceCode, START } from './device.ts';

const FACTS: LoginFacts = {
  machine: 'laptop',
  canCopy: true,
  canOpen: true,
  copyAtOnce: true,
  qrAtOnce: false,
  color: false,
};
const SIZE = { columns: 80, rows: 24 };

interface Run {
  readonly state: LoginState;
  readonly effects: readonly Effect[];
  /** What was printed, as text. */
  readonly printed: readonly string[];
}

function run(actions: readonly LoginAction[], facts: Partial<LoginFacts> = {}, size = SIZE): Run {
  let state = initialState({ ...FACTS, ...facts, ...size });
  const effects: Effect[] = [];
  for (const action of actions) {
    const next = update(state, action);
    state = next.state;
    effects.push(...next.effects);
  }
  const printed = effects.flatMap((effect) =>
    effect.kind === 'print' ? effect.rows.map(({ text }) => text) : [],
  );
  return { state, effects, printed };
}

const event = (one: LoginEvent): LoginAction => ({ kind: 'event', event: one });
const key = (one: LoginKey): LoginAction => ({ kind: 'key', key: one });
const DEVICE = deviceCode();
const OFFLINE: LoginEvent = {
  kind: 'offline',
  error: new MiraError('connection_refused', 'Nobody answers.'),
};

describe('a code', () => {
  it('is printed with its address, who asks for what, and the warning', () => {
    expect(run([event(DEVICE)]).printed).toEqual([
      'Asked for by',
      '  id.example',
      'scopes: openid offline_access',
      'You started this on laptop; never type a code someone sent you.',
      '',
      'To sign in, open this address',
      '',
      '  https://id.example/device',
      '',
      'and enter the code',
      '',
      '  WDJB-MJHT',
      '',
    ]);
  });

  it('is printed without air in a low window, sentences broken at words and the address whole', () => {
    const verificationUri = `https://id.example/${'a'.repeat(60)}`;
    const { printed } = run([event(deviceCode({ verificationUri }))], {}, { columns: 30, rows: 10 });

    expect(printed).toEqual([
      'Asked for by',
      '  id.example',
      'scopes: openid offline_access',
      'You started this on laptop;',
      'never type a code someone sent',
      'you.',
      'To sign in, open this address',
      `  ${verificationUri}`,
      'and enter the code',
      '  WDJB-MJHT',
    ]);
  });

  it('is copied at once, unless that was not wanted or cannot be', () => {
    const copied = { kind: 'copy', text: 'WDJB-MJHT' };
    expect(run([event(DEVICE)]).effects).toContainEqual(copied);
    expect(run([event(DEVICE)], { copyAtOnce: false }).effects).not.toContainEqual(copied);
    expect(run([event(DEVICE)], { canCopy: false }).effects).not.toContainEqual(copied);
  });

  it('shows nothing of a hostile server but its text', () => {
    const hostile = deviceCode({
      userCode: 'AB\x1b]52;c;eA==\x07CD',
      host: 'id\u202e.example',
      scopes: ['a\x1b[2J'],
      verificationUri: 'https://id.example/\x9b31m',
    });
    const { printed, effects } = run([event(hostile)], { machine: 'lap\x1b[31mtop' });

    expect(printed.join('\n')).toMatch(/^[\n -~]*$/);
    expect(printed.slice(0, 4)).toEqual([
      'Asked for by',
      '  id.example',
      'scopes: a',
      'You started this on laptop; never type a code someone sent you.',
    ]);
    expect(effects).toContainEqual({ kind: 'copy', text: 'ABCD' });
  });
});

describe('another code', () => {
  const second = deviceCode({ userCode: 'NEXT-CODE' });

  it('is asked for by r, once, and takes the place of the first', () => {
    const { effects, state, printed } = run([
      event(DEVICE),
      key('renew'),
      key('renew'),
      key('copy'),
      event(second),
    ]);

    expect(effects.filter(({ kind }) => kind === 'renew')).toEqual([{ kind: 'renew', device: DEVICE }]);
    expect(printed.slice(13)).toEqual([
      'A new code; the one before is of no use any more.',
      '',
      '  NEXT-CODE',
      '',
    ]);
    expect(effects.filter(({ kind }) => kind === 'copy')).toEqual([
      { kind: 'copy', text: 'WDJB-MJHT' },
      { kind: 'copy', text: 'NEXT-CODE' },
    ]);
    expect([state.device, state.wait]).toEqual([second, { kind: 'waiting' }]);
  });

  it('comes with its address where that is another', () => {
    const elsewhere = deviceCode({ userCode: 'NEXT-CODE', verificationUri: 'https://id.example/other' });
    expect(run([event(DEVICE), event(elsewhere)]).printed.slice(13)).toEqual([
      'A new code; the one before is of no use any more.',
      '',
      '  https://id.example/other',
      '  NEXT-CODE',
      '',
    ]);
  });

  it('changes the QR code that is shown', () => {
    const other = deviceCode({ verificationUriComplete: 'https://id.example/device?user_code=NEXT-CODE' });
    const before = run([event(DEVICE), key('qr')]).state.qr;
    const after = run([event(DEVICE), key('qr'), event(other)]).state.qr;

    expect(before?.rows).toHaveLength(17);
    expect(after?.rows).toHaveLength(17);
    expect(after).not.toEqual(before);
  });
});

describe('keys', () => {
  it('do nothing before there is a code, but cancel', () => {
    const { effects } = run([key('open'), key('copy'), key('qr'), key('renew'), key('cancel')]);
    expect(effects).toEqual([{ kind: 'cancel' }]);
  });

  it('open the complete address, or the plain one where there is no other', () => {
    const plain = deviceCode({ verificationUriComplete: undefined });
    expect(run([event(DEVICE), key('open')]).effects.at(-1)).toEqual({
      kind: 'open',
      uri: 'https://id.example/device?user_code=WDJB-MJHT',
    });
    expect(run([event(plain), key('open')]).effects.at(-1)).toEqual({
      kind: 'open',
      uri: 'https://id.example/device',
    });
  });

  it('open and copy nothing where that cannot work', () => {
    const { effects } = run([event(DEVICE), key('open'), key('copy')], { canOpen: false, canCopy: false });
    expect(effects.map(({ kind }) => kind)).toEqual(['print']);
  });

  it('show and hide the QR code, which --qr shows from the beginning', () => {
    expect(run([event(DEVICE)]).state.showsQr).toBe(false);
    expect(run([event(DEVICE), key('qr')]).state.showsQr).toBe(true);
    expect(run([event(DEVICE), key('qr'), key('qr')]).state.showsQr).toBe(false);
    expect(run([event(DEVICE)], { qrAtOnce: true }).state).toMatchObject({
      showsQr: true,
      qr: { width: 33 },
    });
  });
});

describe('what happened is said', () => {
  it.each<[LoginAction, string]>([
    [{ kind: 'copied', how: undefined }, 'The code could not be copied: type it as shown.'],
    [{ kind: 'copied', how: 'osc52' }, 'The code was handed to the clipboard of your terminal.'],
    [{ kind: 'copied', how: 'pbcopy' }, 'The code is in the clipboard.'],
    [{ kind: 'not_opened', reason: 'no\x1b[2J browser' }, 'Open the address by hand: no browser.'],
  ])('%j: %s', (action, text) => {
    expect(run([event(DEVICE), action]).state.notice?.text).toBe(text);
  });

  it.each<[string, readonly LoginEvent[], LoginState['wait']]>([
    ['waiting', [{ kind: 'pending' }], { kind: 'waiting' }],
    ['offline', [{ kind: 'pending' }, OFFLINE], { kind: 'offline' }],
    ['back again', [OFFLINE, { kind: 'pending' }], { kind: 'waiting' }],
    ['told to be slow', [OFFLINE, { kind: 'slow_down', interval: 10 }], { kind: 'slowed', intervalS: 10 }],
  ])('as the state of the wait: %s', (_, events, wait) => {
    expect(run([event(DEVICE), ...events.map(event)]).state.wait).toEqual(wait);
  });
});

it('changes by itself at each second that is left, and not when nothing counts down', () => {
  const { state } = run([event(DEVICE)]);
  expect(nextChange(state, START)).toBe(1000);
  expect(nextChange(state, START + 250)).toBe(750);
  expect(nextChange(state, DEVICE.expiresAt)).toBeUndefined();
  expect(nextChange(run([event(DEVICE), key('renew')]).state, START)).toBeUndefined();
  expect(nextChange(run([]).state, START)).toBeUndefined();
});
