import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canOpenBrowser, openUrl } from '../../../src/ui/browser.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mira-browser-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function browser(script: string): Promise<string> {
  const path = join(folder, 'browser');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const env = { PATH: '/usr/bin:/bin', MIRA_TOKEN: 'mine' };

describe('openUrl', () => {
  it('hands the address over as one argument that no shell reads', async () => {
    const path = await browser(`printf '%s\\n' "$@" > ${folder}/args; env > ${folder}/env`);
    const url = new URL(`https://id.example/?a=$(touch ${folder}/p)&b='";|calc`);
    expect(await openUrl(url, { browser: path, env })).toEqual({ opened: true });
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe(`${url.href}\n`);
    expect(existsSync(join(folder, 'p'))).toBe(false);
    expect(await readFile(join(folder, 'env'), 'utf8')).not.toContain('MIRA_TOKEN');
  });

  it('takes a command with arguments and a place for the address', async () => {
    const path = await browser(`printf '%s\\n' "$@" > ${folder}/args`);
    const url = new URL('https://id.example/device');
    await openUrl(url, { browser: `${path} --new "a window" --url=%s`, env });
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe(
      '--new\na window\n--url=https://id.example/device\n',
    );
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'mira:x'])(
    'opens no %s',
    async (address) => {
      const path = await browser(`touch ${folder}/called`);
      const result = await openUrl(new URL(address), { browser: path, env });
      expect(result.opened).toBe(false);
      expect(existsSync(join(folder, 'called'))).toBe(false);
    },
  );

  it('reports a browser that fails, is missing or is switched off', async () => {
    const url = new URL('https://id.example/device');
    const path = await browser('exit 3');
    expect(await openUrl(url, { browser: path, env })).toEqual({
      opened: false,
      reason: 'the browser could not be started',
    });
    expect(await openUrl(url, { browser: join(folder, 'none-here'), env })).toEqual({
      opened: false,
      reason: 'no browser could be started',
    });
    expect(await openUrl(url, { browser: 'none', env })).toEqual({
      opened: false,
      reason: 'the browser is switched off',
    });
  });
});

it.each([
  [{ DISPLAY: ':0' }, 'linux' as const, undefined, true],
  [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux' as const, undefined, true],
  [{}, 'linux' as const, undefined, false],
  [{ WSL_DISTRO_NAME: 'Debian' }, 'linux' as const, undefined, true],
  [{}, 'darwin' as const, undefined, true],
  [{ SSH_CONNECTION: 'a b' }, 'darwin' as const, undefined, false],
  [{ CI: 'true' }, 'darwin' as const, undefined, false],
  [{ CI: 'false' }, 'darwin' as const, undefined, true],
  [{ SSH_TTY: '/dev/pts/1' }, 'linux' as const, 'code-browser', true],
  [{ DISPLAY: ':0' }, 'linux' as const, 'none', false],
])('a browser in %j on %s with %s: %s', (surroundings, platform, named, expected) => {
  expect(canOpenBrowser({ env: surroundings, platform, browser: named })).toBe(expected);
});
