/**
 * A refresh that is stopped anywhere, and what the next run makes of it. With a server that honours the previous
 * refresh token for a while nothing is ever lost; with one that does not, only a SIGKILL between its answer and our
 * save can lose the session, and then the next run says so in one line and everything else is as it was.
 */
import { expect, test } from 'vitest';
import { refreshesAt } from '../support/expired-session.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Fault, Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';
import type { IsolatedHome, RunResult } from '../support/run-mira.ts';
import { signIn, signInAgain } from '../support/sign-in.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';

const HITS = sized({
  small: { SIGKILL: 100, SIGTERM: 10, SIGINT: 10 },
  full: { SIGKILL: 1_000, SIGTERM: 500, SIGINT: 500 },
});
/** Each signal comes on machines of their own, which share the number. */
const MACHINES = { SIGKILL: 2, SIGTERM: 1, SIGINT: 1 };

/** How much of a run goes by before the refresh begins; sooner there is nothing to cut. */
const START_UP = 0.5;
/** A run that is asked to stop waits a second for its work, and longer for a save alone: the server takes longer. */
const SLOW_SERVER_MS = 1_300;
/** Both end what hangs: one run, all of them. */
const TIMEOUT_MS = 60_000;
const LIMIT = { timeout: sized({ small: 600_000, full: 7_200_000 }) };
const DAY_S = 86_400;

test.concurrent('no signal loses a session where the server honours the previous token', LIMIT, async () => {
  const toll = await campaign('grace');

  expect(toll.map(({ signal, stopped, lost }) => ({ signal, stopped, lost }))).toEqual(
    SIGNALS.map((signal) => ({ signal, stopped: HITS[signal], lost: 0 })),
  );
});

test.concurrent('only SIGKILL can where it does not: the next run says so in one line', LIMIT, async () => {
  const [killed, ...asked] = await campaign('strict');

  expect(killed?.stopped).toBe(HITS.SIGKILL);
  expect(asked.map(({ signal, stopped, lost }) => ({ signal, stopped, lost }))).toEqual(
    SIGNALS.slice(1).map((signal) => ({ signal, stopped: HITS[signal], lost: 0 })),
  );
});

const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT'] as const;

interface Toll {
  readonly signal: (typeof SIGNALS)[number];
  /** Runs that were over before the signal came do not count. */
  readonly stopped: number;
  readonly lost: number;
}

/** All at the same time: mostly they wait for servers. */
function campaign(rotation: Rotation): Promise<readonly Toll[]> {
  return Promise.all(SIGNALS.map((signal) => stopMany({ rotation, signal })));
}

type Rotation = 'grace' | 'strict';

interface Campaign {
  readonly rotation: Rotation;
  readonly signal: Toll['signal'];
}

async function stopMany({ rotation, signal }: Campaign): Promise<Toll> {
  const hits = HITS[signal] / MACHINES[signal];
  const tolls = await Promise.all(
    Array.from({ length: MACHINES[signal] }, () => stopOnOneMachine({ rotation, signal, hits })),
  );
  const total = (of: keyof MachineToll): number => tolls.reduce((sum, toll) => sum + toll[of], 0);
  const [stopped, lost] = [total('stopped'), total('lost')];
  printFigures(`refresh stopped by ${signal}, ${rotation} rotation`, {
    stopped,
    'with the request sent': total('sent'),
    lost,
    share: `${((100 * lost) / stopped).toFixed(1)} %`,
  });
  return { signal, stopped, lost };
}

interface MachineToll {
  readonly stopped: number;
  /** Of these, with the token request at the server. */
  readonly sent: number;
  readonly lost: number;
}

/** Each loss is checked as it happens: exit 4, one line, and the other profile is what it was. */
async function stopOnOneMachine({
  rotation,
  signal,
  hits,
}: Campaign & { readonly hits: number }): Promise<MachineToll> {
  await using platform = await startPlatform({ rotation, accessTokenTtlS: DAY_S });
  await using home = await isolatedHome();
  await signIn(platform, { home, args: ['--storage', 'file', '--profile', 'other'] });
  const other = await tokenOfOther(home);
  expect(other).toMatch(/^ey/);
  await signIn(platform, { home });

  let usualMs = (await timed(() => runMira(RENEW, { home }))).tookMs;
  let [stopped, sent, lost] = [0, 0, 0];
  for (let attempt = 0; stopped < hits; attempt += 1) {
    if (attempt > hits * 5 + 20) throw new Error('Nearly every run was over before the signal came.');
    const before = refreshesAt(platform).length;
    const serverMs = signal === 'SIGKILL' ? 0 : SLOW_SERVER_MS;
    platform.faults.push(...slowAnswer(serverMs));
    const afterMs = usualMs * (START_UP + Math.random() * (1 - START_UP)) + Math.random() * serverMs;
    const { wasRunning } = await startAndStop(home, { signal, afterMs });
    platform.faults.clear();
    stopped += Number(wasRunning);
    sent += Number(wasRunning && refreshesAt(platform).length > before);

    const { result: next, tookMs } = await timed(() => runMira(RENEW, { home }));
    usualMs = usualMs * 0.7 + tookMs * 0.3;
    expect(next).toSatisfy((run: RunResult) => isRenewed(run) || isLoss(run, platform));
    if (isRenewed(next)) continue;
    lost += 1;
    expect(await tokenOfOther(home)).toBe(other);
    await signIn(platform, { home });
  }
  expect(await tokenOfOther(home)).toBe(other);
  expect(platform.problems).toEqual([]);
  return { stopped, sent, lost };
}

function slowAnswer(ms: number): readonly Fault[] {
  if (ms === 0) return [];
  const { promise: until, resolve } = Promise.withResolvers<void>();
  const when = (): boolean => {
    setTimeout(resolve, ms);
    return true;
  };
  return [{ at: 'token', kind: 'hold', until, when }];
}

const RENEW = ['auth', 'refresh'];

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly tookMs: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, tookMs: performance.now() - startedAt };
}

async function startAndStop(
  home: IsolatedHome,
  { signal, afterMs }: { readonly signal: NodeJS.Signals; readonly afterMs: number },
): Promise<{ readonly wasRunning: boolean }> {
  const running = await startMira(RENEW, { home, timeoutMs: TIMEOUT_MS });
  let over = false;
  let sent = false;
  const stop = setTimeout(() => {
    sent = !over;
    running.signal(signal);
  }, afterMs);
  const { signal: by } = await running.finished;
  over = true;
  clearTimeout(stop);
  // A run that is asked to stop may save, print and leave in good order; one that is killed may not.
  return { wasRunning: signal === 'SIGKILL' ? by === 'SIGKILL' : sent };
}

function isRenewed({ code, stdout, stderr }: RunResult): boolean {
  return code === 0 && stdout.startsWith('Renewed; ') && stderr === '';
}

/** Exit 4, what happened, and what to type: nothing else, and nothing twice. */
function isLoss({ code, stdout, stderr }: RunResult, platform: Platform): boolean {
  const sentence = `mira: ${new URL(platform.issuer).host} has ended the session. An earlier mira was stopped while it renewed it.`;
  return code === 4 && stdout === '' && stderr === `${sentence}\n  ${signInAgain(platform)}\n`;
}

async function tokenOfOther(home: IsolatedHome): Promise<string> {
  return (await runMira(['auth', 'token', '--profile', 'other'], { home })).stdout;
}
