import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyText } from '../../../src/ui/clipboard.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mira-clipboard-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function tool(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

function surroundings(env: Readonly<Record<string, string>> = {}, isSsh = false) {
  const written: string[] = [];
  const options = {
    env: { PATH: `${folder}:/usr/bin:/bin`, MIRA_API_KEY: 'mine', ...env },
    platform: 'linux' as const,
    isSsh,
    writeToTerminal: (sequence: string) => void written.push(sequence),
  };
  return { options, written };
}

const SEQUENCE = '\x1b]52;c;V0RKQi1NSkhU\x07';

it('reaches the clipboard of the terminal over SSH, whatever tools there are', async () => {
  await tool('xclip', `cat > ${folder}/copied`);
  const { options, written } = surroundings({ DISPLAY: ':10' }, true);
  expect(await copyText('WDJB-MJHT', options)).toBe('osc52');
  expect(written).toEqual([SEQUENCE]);
});

it('goes through tmux in both ways it may be set up', async () => {
  const { options, written } = surroundings({ TMUX: '/tmp/tmux,1,0' }, true);
  expect(await copyText('WDJB-MJHT', options)).toBe('osc52');
  expect(written).toEqual([`${SEQUENCE}\x1bPtmux;\x1b${SEQUENCE}\x1b\\`]);
});

it('prefers the tool of the desktop, without handing it our own variables', async () => {
  await tool('wl-copy', `cat > ${folder}/copied; env > ${folder}/env`);
  const { options, written } = surroundings({ WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' });
  expect(await copyText('WDJB-MJHT', options)).toBe('wl-copy');
  expect(await readFile(join(folder, 'copied'), 'utf8')).toBe('WDJB-MJHT');
  expect(await readFile(join(folder, 'env'), 'utf8')).not.toContain('MIRA_API_KEY');
  expect(written).toEqual([]);
});

it('goes on to the next tool when one fails or hangs, and to the terminal at last', async () => {
  await tool('wl-copy', 'exit 1');
  await tool('xclip', 'exec sleep 30');
  await tool('xsel', `cat > ${folder}/copied`);
  const { options } = surroundings({ WAYLAND_DISPLAY: 'wayland-0', DISPLAY: ':0' });
  expect(await copyText('x', options)).toBe('xsel');
  await rm(join(folder, 'xsel'));
  const { options: alone, written } = surroundings({ WAYLAND_DISPLAY: 'wayland-0' });
  expect(await copyText('WDJB-MJHT', alone)).toBe('osc52');
  expect(written).toEqual([SEQUENCE]);
});

it('says so when nothing can copy', async () => {
  const { options } = surroundings({}, true);
  expect(await copyText('x', { ...options, writeToTerminal: undefined })).toBeUndefined();
  expect(await copyText('x'.repeat(100_000), options)).toBeUndefined();
});
