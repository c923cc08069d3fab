/**
 * A wrong clock for one run of the program, which can be set again while it runs: libfaketime where it is installed,
 * so that everything in the process is deceived, otherwise a preload that shifts `Date`. Waiting is not affected.
 */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Environment, IsolatedHome } from './isolated-home.ts';

export interface SettableClock {
  readonly means: 'libfaketime' | 'preload';
  /** What a program that goes by this clock is started with. */
  readonly env: Environment;
  /** How many seconds it is ahead of the real one from now on. */
  set(aheadS: number): Promise<void>;
}

export async function createSettableClock(home: IsolatedHome): Promise<SettableClock> {
  const file = join(home.path, 'clock');
  const set = (aheadS: number) => writeFile(file, `${aheadS < 0 ? '' : '+'}${aheadS}`);
  await set(0);
  const library = findLibrary();
  if (library !== undefined) {
    const clock = { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' };
    return { means: 'libfaketime', env: { ...clock, DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' }, set };
  }
  const preload = join(home.path, 'clock.mjs');
  await writeFile(preload, shiftingDate(file));
  return { means: 'preload', env: { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` }, set };
}

/** What makes all time, waiting included, pass faster for a program; undefined where libfaketime is missing. */
export function fastTime(factor: number): Environment | undefined {
  const library = findLibrary();
  return library === undefined ? undefined : { LD_PRELOAD: library, FAKETIME: `+0 x${factor}` };
}

function findLibrary(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folders = readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  return folders
    .map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketime.so.1'))
    .find((library) => existsSync(library));
}

function shiftingDate(file: string): string {
  return `import { readFileSync } from 'node:fs';
const now = () => Reflect.get(Real, 'now')() + Number(readFileSync(${JSON.stringify(file)}, 'utf8')) * 1000;
const Real = Date;
globalThis.Date = new Proxy(Real, {
  apply: () => new Real(now()).toString(),
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
`;
}
