/**
 * All that mira does, with every service of the configuration on this machine: what the system saw it connect to is what
 * `mira network` lists, and nothing else. And what needs no network works where there is none.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { canTrace } from '../support/argument-lists.ts';
import { startAws } from '../support/aws/start-aws.ts';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import { traceConnections } from '../support/connections.ts';
import { startMeetings, startMirra } from '../support/key-services.ts';
import { startOllama } from '../support/ollama.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { environmentOf, isolatedHome } from '../support/isolated-home.ts';
import { MIRA, runMira, startMira } from '../support/run-mira.ts';
import { shownCode } from '../support/sign-in.ts';

const canSee = canTrace();
if (!canSee) process.stdout.write('network audit: 1 skipped: strace\n');
const ALONE = ['-rn', '/bin/sh', '-c', 'exec "$0" "$@"'];
const canBeAlone = spawnSync('unshare', [...ALONE, 'true']).status === 0;
if (!canBeAlone) process.stdout.write('network audit: 1 skipped: network namespaces\n');

/** None of it asks a server. */
const OFFLINE: readonly (readonly string[])[] = [
  ['--help'],
  ['--version'],
  ['help', 'exit-codes', '--json'],
  ['auth', 'status', '--offline', '--json'],
  ['auth', 'token', '--json'],
  ['auth', 'explain', '--json'],
  ['auth', 'list', '--json'],
  ['config', 'list', '--json'],
  ['config', 'get', 'model'],
  ['config', 'set', 'model', 'mira'],
  ['config', 'path'],
  ['history', 'list', '--json'],
  ['history', 'search', 'device', '--json'],
  ['tokens', 'list', '--json'],
  ['scan', '--json'],
  ['network', '--json'],
  ['chat', 'x', '--dry-run', '--json'],
];

describe('the network', () => {
  test.skipIf(!canSee)('that is used is the one that is listed', { timeout: 180_000 }, async () => {
    await using platform = await startPlatform();
    await using openai = await startOpenAi();
    await using anthropic = await startAnthropic();
    await using ollama = await startOllama(['llama']);
    await using own = await startOpenAi(['mine']);
    await using meetings = await startMeetings();
    await using mirra = await startMirra();
    await using aws = await startAws();
    await using home = await isolatedHome();
    await using traced = await traceConnections();
    await mkdir(home.configDir, { recursive: true });
    const providers = { own: { base_url: `${own.origin}/v1`, env: 'OWN_KEY' } };
    await writeFile(join(home.configDir, 'config.json'), JSON.stringify({ providers }));
    const services = [openai, anthropic, ollama, meetings, mirra, aws];
    const env = {
      ...Object.assign({}, ...services.map((service) => service.env)),
      OWN_KEY: own.key,
      MIRA_API_URL: platform.apiUrl,
      MIRA_ISSUER: platform.issuer,
      MIRA_STORAGE: 'file',
      ...traced.env,
    };
    const options = { home, env, program: traced.program, cwd: join(home.path, 'tmp') };
    const mira = async (line: string, stdin?: string) => {
      const { code, stderr } = await runMira([MIRA, ...line.split(' ')], { ...options, stdin });
      expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
    };

    const login = await startMira([MIRA, 'auth', 'login', '--no-browser', '--no-copy'], options);
    await platform.approve(await shownCode(platform, login));
    expect(await login.finished).toMatchObject({ code: 0 });
    for (const line of [
      'auth status',
      'auth refresh',
      'chat hi',
      'models',
      'usage',
      'api models',
      'chat hi -m openai/gpt',
      'chat hi -m anthropic/claude',
      'chat hi -p ollama',
      'chat hi -m own/mine',
      'chat hi -m bedrock/some.model-v1:0',
      'models -p openai',
      'api --service meetings meetings',
      'api --service mirra resources',
    ]) {
      await mira(line);
    }
    await Promise.all(OFFLINE.map((args) => mira(args.join(' '))));
    await mira('tokens add --label o --env OPENAI_API_KEY', openai.key);
    await mira('tokens test o');
    await mira('run --only o -- true');
    await mira('tokens remove o');
    const listed = await runMira(['network', '--json'], { home, env });
    await mira('auth logout');

    const hosts: readonly { readonly host: string; readonly last_seen?: string }[] = JSON.parse(
      listed.stdout,
    ).hosts;
    expect(await traced.addresses()).toEqual(hosts.map(({ host }) => host).toSorted());
    expect(hosts.filter(({ last_seen: seen }) => seen === undefined)).toEqual([]);
  });

  test.skipIf(!canBeAlone)('is not needed where no server is asked', async () => {
    await using platform = await startPlatform();
    await using home = await isolatedHome();
    const where = ['--issuer', platform.issuer, '--api-url', platform.apiUrl, '--storage', 'file'];
    const login = await startMira(['auth', 'login', ...where], { home });
    await platform.approve(await shownCode(platform, login));
    await login.finished;
    const outcomes = await Promise.all(
      OFFLINE.map(async (args) => {
        const child = spawn('unshare', [...ALONE, process.execPath, MIRA, ...args], {
          // A folder that nobody writes to meanwhile.
          cwd: join(home.path, 'tmp'),
          env: environmentOf(home),
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        const stderr = text(child.stderr);
        const [status] = await once(child, 'exit');
        return { args: args.join(' '), status, stderr: await stderr };
      }),
    );
    expect(outcomes).toEqual(OFFLINE.map((args) => ({ args: args.join(' '), status: 0, stderr: '' })));
  });
});
