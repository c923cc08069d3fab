/** No secret of a run is anywhere but where it belongs: not in what is printed, however much is asked for, nor in a file. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startPlatform } from '../support/platform/start-platform.ts';
import type { Platform } from '../support/platform/start-platform.ts';
import { isolatedHome, runMira } from '../support/run-mira.ts';
import type { Environment, IsolatedHome, RunResult } from '../support/run-mira.ts';
import { signIn } from '../support/sign-in.ts';

const LOUD = { MIRA_LOG: 'debug', NODE_DEBUG: 'net,http,undici,fetch,tls' };
/** As many characters of a secret as nobody prints by accident. */
const WINDOW = 12;

describe.concurrent('with --debug and everything that can be loud turned on', () => {
  test('a session from its first day to its last leaves nothing of itself', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const passphrase = randomBytes(18).toString('base64url');
    const env = { ...LOUD, MIRA_PASSPHRASE: passphrase };
    const outputs = [await signIn(platform, { home, env })];
    const run = async (...args: readonly string[]) =>
      outputs.push(await runMira([...args, '--debug'], { home, env }));
    await run('auth', 'status');
    await run('chat', 'hi');
    await run('auth', 'refresh');
    platform.refuseAccessTokens();
    await run('chat', 'hi', '--json', '--stream');
    platform.faults.push({ at: 'chat', kind: 'tamper', change: () => ({}) });
    await run('models');
    platform.faults.push({ at: 'token', kind: 'status', status: 503 });
    await run('auth', 'refresh');
    await run('auth', 'explain');
    await run('auth', 'list');
    const leftBehind = await contentsOf(home);
    platform.endSessions();
    await run('auth', 'refresh');
    await run('auth', 'logout');

    const secrets = [...secretsIn(platform), passphrase];
    expect(secrets.length).toBeGreaterThanOrEqual(8);
    expect(outputs.map(({ stderr }) => stderr.includes('debug ')).filter(Boolean).length).toBeGreaterThan(5);
    expect(findSecrets(secrets, { outputs, files: leftBehind })).toEqual([]);
    expect(findSecrets(secrets, { outputs: [], files: await contentsOf(home) })).toEqual([]);
  });

  test('a key, kept or from the environment, good or refused, leaves nothing of itself', async () => {
    await using platform = await startPlatform({ metadata: 'off' });
    await using home = await isolatedHome();
    const good = platform.mintKey();
    const bad = `sk-mira-${randomBytes(20).toString('hex')}`;
    const foreign = `sk-ant-${randomBytes(20).toString('hex')}`;
    const own = { ...LOUD, MIRA_API_URL: platform.apiUrl };
    const outputs: RunResult[] = [];
    const keep = ['auth', 'login', '--with-key', '--storage', 'file', '--debug'];
    for (const stdin of [`${good}\n`, bad, foreign, `"${good}"`, `${good} ${good}`]) {
      outputs.push(await runMira(keep, { home, env: own, stdin }));
    }
    const tries: readonly Environment[] = [
      { MIRA_API_KEY: good },
      { MIRA_API_KEY: bad },
      { MIRA_API_KEY: foreign },
      { MIRA_TOKEN: bad },
      { MIRA_API_KEY: `${good}\nx` },
    ];
    for (const env of tries) {
      for (const args of [
        ['chat', 'hi'],
        ['auth', 'status'],
        ['chat', 'hi', '--json'],
      ]) {
        outputs.push(await runMira([...args, '--debug'], { home, env: { ...own, ...env } }));
      }
    }
    platform.faults.push({ at: 'chat', kind: 'status', status: 401, body: { detail: `Bad key ${bad}` } });
    outputs.push(await runMira(['chat', 'hi'], { home, env: { ...own, MIRA_API_KEY: bad } }));
    outputs.push(await runMira(['chat', '--api-key', bad, `--key=${good}`, good], { home, env: own }));

    expect(findSecrets([good, bad, foreign], { outputs, files: await contentsOf(home) })).toEqual([]);
  });
});

test('the scan finds what is planted', async () => {
  await using home = await isolatedHome();
  const secret = randomBytes(24).toString('base64url');
  const planted = (text: string): RunResult => ({ code: 0, signal: null, stdout: text, stderr: '' });
  const forms = [
    secret,
    `…${secret.slice(5, 5 + WINDOW)}…`,
    Buffer.from(`x${secret}`).toString('base64'),
    Buffer.from(secret).toString('hex'),
  ];
  for (const form of forms) {
    expect(findSecrets([secret], { outputs: [planted(`a ${form} b`)], files: new Map() })).toHaveLength(1);
  }
  await runMira(['config', 'set', 'model', secret], { home });
  const found = findSecrets([secret], { outputs: [], files: await contentsOf(home) });
  expect(found).toContain(join(home.configDir, 'config.json'));
});

/** Everything secret that went over the wire in this run. */
function secretsIn(platform: Platform): readonly string[] {
  const sent = platform.requests.flatMap(({ headers, fields }) => [
    headers.authorization?.replace(/^Bearer /, ''),
    fields['refresh_token'],
    fields['device_code'],
    fields['token'],
  ]);
  return [...new Set(sent)].filter((value): value is string => typeof value === 'string' && value !== '');
}

interface Places {
  readonly outputs: readonly RunResult[];
  readonly files: ReadonlyMap<string, string>;
}

/** Where a part of a secret is, in the form it has or in one of those it is likely to be turned into. */
function findSecrets(secrets: readonly string[], { outputs, files }: Places): readonly string[] {
  const needles = new Set(secrets.flatMap(windows));
  const holds = (text: string) => [...needles].some((needle) => text.includes(needle));
  const printed = outputs.flatMap(({ stdout, stderr }, index) => [
    ...(holds(stdout) ? [`stdout ${index}`] : []),
    ...(holds(stderr) ? [`stderr ${index}: ${stderr}`] : []),
  ]);
  return [...printed, ...[...files].filter(([, text]) => holds(text)).map(([file]) => file)];
}

/** Prefixes that all secrets of a kind share are no secret. */
function windows(secret: string): readonly string[] {
  const body = secret.replace(/^(?:eyJ[\w-]+\.|sk-mira-|sk-ant-)/, '');
  const parts = Array.from({ length: Math.max(1, body.length - WINDOW + 1) }, (_, at) =>
    body.slice(at, at + WINDOW),
  );
  const hex = Buffer.from(body).toString('hex');
  const base64 = ['', 'x', 'xx'].map((pad) =>
    Buffer.from(pad + body)
      .toString('base64')
      .slice(4, 24),
  );
  return [...parts, hex.slice(0, 24), ...base64];
}

async function contentsOf(home: IsolatedHome): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(home.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = new Map<string, string>();
  for (const file of files) contents.set(file, await readFile(file, 'latin1'));
  return contents;
}
