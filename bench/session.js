/**
 * What a token costs a script: `mira auth token` as ratios to `node -e 0`, with a session that is valid and with one
 * that another process is renewing at that moment, for 1, 10 and 100 processes that ask at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expireTokens } from '../test/support/expired-session.ts';
import { environmentOf, isolatedHome } from '../test/support/isolated-home.ts';
import { hasKeyring, startKeyring } from '../test/support/keyring.ts';
import { startPlatform } from '../test/support/platform/start-platform.ts';
import { MIRA, runMira } from '../test/support/run-mira.ts';
import { signIn } from '../test/support/sign-in.ts';
import { tellFigure } from './support/report.js';

/** Of a quick look. */
const FEWER = Number(process.env.MIRA_BENCH_PAIRS ?? Infinity);
/** More rounds for few processes, so that a row rests on enough of them. */
const CROWDS = [
  { processes: 1, rounds: Math.min(20, FEWER) },
  { processes: 10, rounds: Math.min(5, FEWER) },
  { processes: 100, rounds: 1 },
];
const MOST = 100;
const LOCK_TARGET = 25;
const VALID_TARGET = { file: 1.7, keychain: 2.3 };
/** How long the server takes over the refresh that the others wait for. */
const SERVER_MS = 300;
const DAY_S = 24 * 60 * 60;
const TOKEN = [MIRA, 'auth', 'token'];

export async function bench() {
  console.log(
    `session, × node -e 0 from as many processes at once (Node ${process.versions.node}); a renewal takes the server ${SERVER_MS} ms`,
  );
  await benchStore({ storage: 'file', env: {} });
  if (!hasKeyring()) {
    console.log('  6 rows skipped: no gnome-keyring');
    return;
  }
  await using keyring = await startKeyring();
  await benchStore({ storage: 'keychain', env: keyring.env });
}

async function benchStore({ storage, env }) {
  await using platform = await startPlatform({ accessTokenTtlS: DAY_S });
  await using home = await isolatedHome();
  await signIn(platform, { home, env, args: ['--storage', storage] });
  const session = { platform, home, env };
  let oneMs = 0;
  for (const { processes, rounds } of CROWDS) {
    const valid = await measure({ session, processes, rounds, prepare: async () => undefined });
    console.log(row({ name: `${storage}, valid`, processes, ...valid }));
    if (processes !== 1) continue;
    oneMs = at(valid.subjectMs, 0.5);
    const value = oneMs / at(valid.baseMs, 0.5);
    tellFigure({
      work: `auth token, ${storage} × node -e 0`,
      value,
      unit: '×',
      target: VALID_TARGET[storage],
    });
  }
  for (const { processes, rounds } of CROWDS) {
    const renewed = await measure({ session, processes, rounds, prepare: () => startRenewal(session) });
    console.log(row({ name: `${storage}, being renewed`, processes, ...renewed }));
    if (processes !== MOST) continue;
    const target = LOCK_TARGET;
    const value = at(renewed.subjectMs, 0.95) / oneMs;
    tellFigure({
      work: `${storage}: slowest of ${MOST} that wait × one auth token`,
      value,
      unit: '×',
      target,
    });
    const bare = at(renewed.baseMs, 0.95) / oneMs;
    tellFigure({ work: `${MOST} bare starts of Node at once × the same`, value: bare, unit: '×' });
  }
}

/** Base and subject in turns, so that what else the machine does falls on both. */
async function measure({ session, processes, rounds, prepare }) {
  const env = environmentOf(session.home, session.env);
  const baseMs = [];
  const subjectMs = [];
  for (let round = 0; round < rounds; round++) {
    baseMs.push(...(await crowd({ args: ['-e', '0'], env, processes })));
    const renewal = await prepare();
    subjectMs.push(...(await crowd({ args: TOKEN, env, processes })));
    await renewal?.ended;
  }
  return { baseMs, subjectMs };
}

async function crowd({ args, env, processes }) {
  return Promise.all(Array.from({ length: processes }, () => timed(args, env)));
}

/** As a script runs it: the output goes into a pipe and is read. */
async function timed(args, env) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}.`);
  return performance.now() - startedAt;
}

/** Leaves an expired token, and one process whose request for the next is at the server. */
async function startRenewal({ platform, home, env }) {
  expireTokens(platform);
  await succeed(runMira(['auth', 'refresh'], { home, env }));
  platform.faults.clear();
  const atServer = Promise.withResolvers();
  const held = Promise.withResolvers();
  platform.faults.push({
    at: 'token',
    kind: 'hold',
    until: held.promise,
    when: () => {
      setTimeout(held.resolve, SERVER_MS);
      atServer.resolve();
      return true;
    },
  });
  const ended = succeed(runMira(['auth', 'token'], { home, env }));
  await Promise.race([atServer.promise, ended]);
  return { ended };
}

async function succeed(running) {
  const { code, stderr } = await running;
  if (code !== 0) throw new Error(`mira ended with ${code}: ${stderr}`);
}

function row({ name, processes, baseMs, subjectMs }) {
  const [p50, p95] = [0.5, 0.95].map((share) => {
    const [mine, base] = [at(subjectMs, share), at(baseMs, share)];
    return `${(mine / base).toFixed(2)}× (${mine.toFixed(0)} ms / ${base.toFixed(0)} ms)`;
  });
  const label = `${name}, ${processes} ${processes === 1 ? 'process' : 'processes'}`;
  return `  ${label.padEnd(40)} p50 ${p50}  p95 ${p95}`;
}

function at(valuesMs, share) {
  return valuesMs.toSorted((one, other) => one - other)[Math.ceil(share * valuesMs.length) - 1];
}
