/** Whether to colour a stream, decided once for each: option, then environment, then what the stream is (cli.md 1.9). */

export type ColorFlag = 'always' | 'auto' | 'never';

export function decideColor(input: {
  readonly flag?: ColorFlag | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the stream that is written to is a terminal. */
  readonly isTTY: boolean;
}): boolean {
  const { flag, env, isTTY } = input;
  if (flag === 'always') return true;
  if (flag === 'never') return false;
  if (env['FORCE_COLOR']) return isOn(env['FORCE_COLOR']);
  if (env['CLICOLOR_FORCE'] && isOn(env['CLICOLOR_FORCE'])) return true;
  if (env['NO_COLOR']) return false;
  if (env['TERM'] === 'dumb' || env['CLICOLOR'] === '0') return false;
  return isTTY;
}

function isOn(value: string): boolean {
  return value !== '0' && value !== 'false';
}
