/** Signing the built program in to an embedded platform, for tests about what comes after it. */
import type { Platform } from './platform/start-platform.ts';
import { startMira } from './run-mira.ts';
import type { Environment, IsolatedHome, RunningMira, RunResult } from './run-mira.ts';

export interface SignInOptions {
  readonly home: IsolatedHome;
  readonly args?: readonly string[];
  readonly env?: Environment;
}

/** Signs in by device code, approved as soon as the code is there; the session is kept in the file unless said otherwise. */
export async function signIn(
  platform: Platform,
  { home, args = ['--storage', 'file'], env }: SignInOptions,
): Promise<RunResult> {
  const login = await startLogin(platform, { home, args, env: env ?? {} });
  await platform.approve(await shownCode(platform, login));
  const result = await login.finished;
  if (result.code !== 0) throw new Error(`mira auth login ended with ${result.code}: ${result.stderr}`);
  return result;
}

export function startLogin(
  platform: Platform,
  { home, args = ['--storage', 'file'], env = {} }: SignInOptions,
): Promise<RunningMira> {
  return startMira(['auth', 'login', '--issuer', platform.issuer, '--api-url', platform.apiUrl, ...args], {
    home,
    env,
  });
}

/** What a failure of a session of that platform says to type. */
export function signInAgain({ issuer, apiUrl }: Pick<Platform, 'issuer' | 'apiUrl'>): string {
  return `mira auth login --issuer ${issuer} --api-url ${apiUrl}`;
}

/** The code the program shows, once it does. */
export async function shownCode(platform: Platform, login: RunningMira): Promise<string> {
  const isShown = (code: string) => login.stdout().includes(code) || login.stderr().includes(code);
  await login.waitFor(() => platform.pendingUserCodes().some(isShown));
  return platform.pendingUserCodes().find(isShown) ?? '';
}

/** Every line of NDJSON as an object. */
export function parseLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
