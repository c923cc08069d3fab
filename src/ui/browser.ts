/**
 * Opening a page in the person's browser. Only http and https, only a URL that was parsed, never a shell.
 * The page may as well be opened by hand, so a browser that fails is reported, not thrown.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { childEnvironment, type Environment } from './child-environment.ts';

export interface OpenOptions {
  /** `MIRA_BROWSER` or `BROWSER`: a command, with arguments if need be (`%s` is the URL), or `none`. */
  readonly browser?: string | undefined;
  readonly env: Environment;
}

export type Opened = { readonly opened: true } | { readonly opened: false; readonly reason: string };

export async function openUrl(url: URL, options: OpenOptions): Promise<Opened> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return { opened: false, reason: `${url.protocol} addresses are not opened` };
  }
  if (options.browser === 'none') return { opened: false, reason: 'the browser is switched off' };
  try {
    const child = options.browser
      ? spawnBrowser(options.browser, { url, env: options.env })
      : await openByDefault(url);
    return await firstMoments(child);
  } catch {
    return { opened: false, reason: 'no browser could be started' };
  }
}

/** Whether a browser that is opened here would appear before the person who asks. */
export function canOpenBrowser(options: OpenOptions & { readonly platform: NodeJS.Platform }): boolean {
  const { env, platform, browser } = options;
  if (browser === 'none') return false;
  if (env['CI'] && env['CI'] !== '0' && env['CI'] !== 'false') return false;
  // Whoever names a browser knows where it opens; editors set BROWSER on remote machines to open at home.
  if (browser) return true;
  if (env['SSH_CONNECTION'] || env['SSH_CLIENT'] || env['SSH_TTY']) return false;
  if (platform === 'darwin' || platform === 'win32' || env['WSL_DISTRO_NAME']) return true;
  return Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
}

/** A browser that refuses to start says so at once; one that runs is left alone. */
const FIRST_MOMENTS_MS = 1_000;

function spawnBrowser(
  browser: string,
  target: { readonly url: URL; readonly env: Environment },
): ChildProcess {
  const [command = '', ...args] = splitCommand(browser);
  const { href } = target.url;
  const named = args.map((arg) => arg.replaceAll('%s', () => href));
  return spawn(command, args.some((arg) => arg.includes('%s')) ? named : [...args, href], {
    env: childEnvironment(target.env),
    stdio: 'ignore',
    detached: true,
    windowsHide: true,
  });
}

/** Words, with quotes around those that hold spaces. */
function splitCommand(command: string): readonly string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

async function openByDefault(url: URL): Promise<ChildProcess> {
  const { default: open } = await import('open');
  return open(url.href);
}

function firstMoments(child: ChildProcess): Promise<Opened> {
  return new Promise((resolve) => {
    const running = setTimeout(() => resolve({ opened: true }), FIRST_MOMENTS_MS);
    const settle = (result: Opened): void => {
      clearTimeout(running);
      resolve(result);
    };
    child.on('error', () => settle({ opened: false, reason: 'no browser could be started' }));
    child.on('exit', (code) =>
      settle(code === 0 ? { opened: true } : { opened: false, reason: 'the browser could not be started' }),
    );
    child.unref();
  });
}
