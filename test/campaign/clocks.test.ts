/**
 * Clocks that are wrong, that are set between two commands, and that jump in the middle of one, as after a laptop was
 * asleep: a step costs one more refresh at most, nobody is signed out, and the status says how far the clock is off.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { refreshesAt } from '../support/expired-session.ts';
import { holdRequest } from '../support/held-request.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { FaultPoint, Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { createSettableClock } from '../support/settable-clock.ts';
import type { SettableClock } from '../support/settable-clock.ts';
import { shownCode, signIn, startLogin } from '../support/sign-in.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const STEPS = sized({
  small: [HOUR_S, -HOUR_S, 400 * DAY_S],
  full: [HOUR_S, -HOUR_S, 400 * DAY_S, -400 * DAY_S, 90, -90, 11 * 60, -11 * 60, DAY_S, -DAY_S],
}).map((stepS) => ({ stepS, name: `${stepS > 0 ? '+' : ''}${stepS} s` }));
/** What the clock is measured with: whole seconds, and how long a busy machine takes to look at an answer. */
const TOLERANCE_S = 60;

const figures = { means: '', commands: 0, steps: 0, refreshes: 0, most: 0, signedOut: 0 };

afterAll(() => {
  printFigures('clocks', {
    'set with': figures.means,
    commands: figures.commands,
    steps: figures.steps,
    'refreshes after them': figures.refreshes,
    'most after one': figures.most,
    'signed out': figures.signedOut,
  });
});

describe.concurrent('a clock that is wrong all the time', () => {
  test.for(STEPS)('by $name costs nothing, and is told', async ({ stepS }) => {
    await using world = await startWorld();
    const { platform, home, clock } = world;
    await clock.set(stepS);
    await signIn(platform, { home, env: clock.env });
    await expectUse(world);
    expect(refreshesAt(platform)).toEqual([]);
    expectAhead(await aheadS(world), stepS);
    expect((await run(world, ['auth', 'status'])).stdout).toMatch(
      stepS > 0 ? /this machine was \d+ s ahead of the server/ : /this machine was \d+ s behind the server/,
    );
    expect(await run(world, ['auth', 'refresh'])).toMatchObject({ code: 0, stderr: '' });
    await expectUse(world);
    expect(refreshesAt(platform)).toHaveLength(1);
    expectAhead(await aheadS(world), stepS);
  });
});

describe.concurrent('a clock that is set between two commands', () => {
  test.for(STEPS)('by $name and back costs one refresh each time', async ({ stepS }) => {
    await using world = await startWorld();
    const { platform, home, clock } = world;
    await signIn(platform, { home, env: clock.env });
    expect(await aheadS(world)).toBeUndefined();
    for (const nowS of [stepS, 0]) {
      await clock.set(nowS);
      const refreshes = await refreshesDuring(world, () => expectUse(world));
      // A small step may stay unnoticed until the next refresh.
      if (refreshes > 0) expectAhead(await aheadS(world), nowS);
    }
  });
});

describe.concurrent('a clock that jumps in the middle of a command', () => {
  test.for(STEPS)('by $name leaves a sign-in that waits for a person alone', async ({ stepS }) => {
    await using world = await startWorld();
    const { platform, home, clock } = world;
    const login = await startLogin(platform, { home, env: clock.env });
    const code = await shownCode(platform, login);
    await clock.set(stepS);
    await platform.approve(code);
    expect(await counted(login.finished)).toMatchObject({ code: 0 });
    await refreshesDuring(world, () => expectUse(world));
  });

  const moments: readonly {
    readonly what: string;
    readonly command: readonly string[];
    readonly at: FaultPoint;
  }[] = [
    { what: 'a refresh that waits for its token', command: ['auth', 'refresh'], at: 'token' },
    { what: 'a refresh that has not begun', command: ['auth', 'refresh'], at: 'discovery' },
    { what: 'an answer', command: ['chat', 'hi'], at: 'chat' },
  ];
  const jumps = STEPS.flatMap((step) => moments.map((moment) => ({ ...step, ...moment })));
  test.for(jumps)('by $name leaves $what alone', async (jump) => {
    await using world = await startWorld();
    const { platform, home, clock } = world;
    await signIn(platform, { home, env: clock.env });
    const request = holdRequest(platform, jump.at);
    const mira = await startMira([...jump.command], { home, env: clock.env });
    await Promise.race([request.arrived, mira.finished]);
    await clock.set(jump.stepS);
    request.release();
    expect(await counted(mira.finished)).toMatchObject({ code: 0, stderr: '' });
    await refreshesDuring(world, () => expectUse(world));
  });
});

interface World extends AsyncDisposable {
  readonly platform: Platform;
  readonly home: IsolatedHome;
  readonly clock: SettableClock;
}

async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform());
  const home = stack.use(await isolatedHome());
  const clock = await createSettableClock(home);
  figures.means = clock.means;
  const owned = stack.move();
  return { platform, home, clock, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function run({ home, clock }: World, args: readonly string[]): Promise<RunResult> {
  return counted(runMira(args, { home, env: clock.env }));
}

async function counted(running: Promise<RunResult>): Promise<RunResult> {
  const result = await running;
  figures.commands += 1;
  if (result.code === 4) figures.signedOut += 1;
  return result;
}

/** Everything that needs a token gets one, however often it is asked. */
async function expectUse(world: World): Promise<void> {
  for (const args of [
    ['auth', 'token'],
    ['chat', 'hi'],
    ['auth', 'token'],
  ]) {
    expect({ args, ...(await run(world, args)) }).toMatchObject({ args, code: 0, stderr: '' });
  }
}

async function refreshesDuring({ platform }: World, work: () => Promise<void>): Promise<number> {
  const before = refreshesAt(platform).length;
  await work();
  const refreshes = refreshesAt(platform).length - before;
  expect(refreshes).toBeLessThanOrEqual(1);
  expect(refreshesAt(platform).every(({ status }) => status === 200)).toBe(true);
  figures.steps += 1;
  figures.refreshes += refreshes;
  figures.most = Math.max(figures.most, refreshes);
  return refreshes;
}

async function aheadS(world: World): Promise<unknown> {
  const { code, stdout } = await run(world, ['auth', 'status', '--json']);
  const status: unknown = JSON.parse(stdout);
  expect({ code, status }).toMatchObject({ code: 0, status: { signed_in: true } });
  return typeof status === 'object' && status !== null && 'clock_ahead_s' in status
    ? status.clock_ahead_s
    : undefined;
}

function expectAhead(toldS: unknown, trueS: number): void {
  const isTold = typeof toldS === 'number' ? toldS : 0;
  expect(Math.abs(isTold - trueS), `told ${String(toldS)}, set ${trueS}`).toBeLessThan(TOLERANCE_S);
}
