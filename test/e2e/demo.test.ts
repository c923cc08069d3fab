/** `npm run demo` without a terminal: the built program through its main job, and nothing left behind. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isolatedHome, runMira, startMira } from '../support/run-mira.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.js', import.meta.url));

test('signs in, asks who it is, chats, signs out, and prints each command with its output', async () => {
  await using home = await isolatedHome();
  const { code, stdout } = await runMira([], { program: DEMO, home, env: { CI: '1' } });

  expect(stdout.match(/^\$ mira \w+ ?\w*/gm)).toEqual([
    '$ mira auth login',
    '$ mira auth status',
    '$ mira chat ',
    '$ mira chat ',
    '$ mira auth logout',
  ]);
  expect(stdout).toMatch(/Ada Example typed [A-Z]{4}-[A-Z]{4} and approved/);
  expect(stdout).toContain('ada@example.test');
  expect(stdout).toContain('"schema":"mira.chat/1"');
  expect(code).toBe(0);
  expect(await readdir(join(home.path, 'tmp'))).toEqual([]);
});

test('interrupted while it waits for the approval, it cleans up and exits 130', async () => {
  await using home = await isolatedHome();
  const demo = await startMira(['--manual'], { program: DEMO, home });
  await demo.waitFor(/device\n/);
  demo.signal('SIGINT');
  const { code, stdout } = await demo.finished;

  expect(code).toBe(130);
  expect(stdout).not.toContain('$ mira auth status');
  expect(await readdir(join(home.path, 'tmp'))).toEqual([]);
});

test('a failure ends it with one line', async () => {
  await using home = await isolatedHome();
  // Below a regular file no folder can be made, whoever asks.
  const { code, stderr } = await runMira([], { program: DEMO, home, env: { TMPDIR: DEMO } });

  expect(code).toBe(1);
  // The provider warns of a Node that is not in long-term support yet.
  expect(stderr.replace(/^oidc-provider WARNING: Unsupported runtime.*\n/, '')).toMatch(
    /^demo: [^\n]*ENOTDIR[^\n]*\n$/,
  );
});
