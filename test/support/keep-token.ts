import { runMira } from './run-mira.ts';
import type { Environment, IsolatedHome } from './run-mira.ts';

export interface KeptToken {
  readonly label: string;
  readonly env: string;
  readonly value: string;
  /** As `--expires` takes it. */
  readonly expires?: string;
}

/** What seals a vault without a keychain and without asking. */
export const KEY_FILE: Environment = { MIRA_STORAGE: 'file' };

/** Keeps a token in the home's vault, as a person would, whatever it looks like. */
export async function keepToken(
  home: IsolatedHome,
  { label, env, value, expires }: KeptToken,
  environment: Environment = KEY_FILE,
): Promise<void> {
  const until = expires === undefined ? [] : ['--expires', expires];
  const args = ['tokens', 'add', '--label', label, '--env', env, '--force', ...until];
  const { code, stderr } = await runMira(args, { home, env: environment, stdin: value });
  if (code !== 0) throw new Error(`the token was not kept: ${stderr}`);
}
