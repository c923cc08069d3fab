/** Keys where they do not belong: in the files of a repository, in a commit in the making, in the history of a shell. */
import type { Context } from '../context.ts';
import { MiraError, toMiraError } from '../errors.ts';
import type { Style } from '../ui/style.ts';
import { valueCommand } from './define.ts';
import { createContentScanner, MARK } from './scan/content-scanner.ts';
import { createSecretFinder } from './scan/find-secrets.ts';
import { listFiles, listStagedFiles, type ListedFile } from './scan/list-files.ts';
import { findingLabel, remedyFor, revokedAt } from './scan/remedy.ts';
import {
  scanFiles,
  type Finding,
  type ScannedFiles,
  type Skipped,
  type SkipReason,
} from './scan/scan-files.ts';
import { findShellHistory } from './scan/shell-history.ts';
import type { StoredValue } from './scan/stored-values.ts';

const options = {
  staged: {
    kind: 'flag',
    flags: '--staged',
    summary: 'what the next commit would bring, for a pre-commit hook',
  },
  shellHistory: {
    kind: 'flag',
    flags: '--shell-history',
    summary: 'what you typed into bash, zsh, fish and PowerShell; with a path, that as well',
  },
} as const;

interface Scan extends ScannedFiles {
  /** `unavailable`: there are some, and they could not be read to be looked for. */
  readonly storedValues: 'looked_for' | 'none' | 'unavailable';
}

export const scan = valueCommand<typeof options, Scan>({
  summary: 'Find keys in the files that git tracks or would track',
  description:
    `Find keys of every known format, stored values of eight characters and more, and .env files that git does not ignore. ` +
    `In a git repository, the files are those that git tracks or would track, in submodules too; elsewhere all but node_modules. ` +
    `What is named is looked at in any case. Nothing is sent anywhere, and no value is shown. ` +
    `A line that bears the words ${MARK}, and the line below it, are left alone. Exit status 11 on a find.`,
  arguments: [{ syntax: '[path...]', summary: 'files and folders; the current folder if there is none' }],
  options,
  examples: [
    { command: 'mira scan', shows: 'the current folder' },
    { command: 'mira scan --staged', shows: 'in .git/hooks/pre-commit: a commit with a key is refused' },
    { command: 'mira scan --shell-history', shows: 'the keys that were typed into a shell' },
    { command: "mira scan --json | jq -r '.findings[].file'", shows: 'for a script' },
  ],
  run: async (context, { args, options: { staged, shellHistory } }) => {
    if (staged && shellHistory) {
      throw new MiraError('invalid_usage', '--staged and --shell-history do not go together.', {
        hint: 'Look twice: mira scan --staged; mira scan --shell-history',
      });
    }
    const files = staged
      ? await listStagedFiles(context, args)
      : await listed(context, [...args, ...(shellHistory ? findShellHistory(context) : [])], shellHistory);
    const stored = await readStored(context);
    const scanner = createContentScanner({
      find: createSecretFinder({ values: stored.values, now: context.now() }),
      longest: Math.max(0, ...stored.values.map(({ value }) => Buffer.byteLength(value))),
    });
    const scanned = await scanFiles(files, { host: context, scanner, staged });
    tellSkipped(context, scanned.skipped);
    return { ...scanned, storedValues: stored.state };
  },
  human: (result, style) => (result.findings.length === 0 ? nothingFound(result) : report(result, style)),
  json: ({ findings, files, bytes, skipped, storedValues }) => ({
    schema: 'mira.scan/1',
    findings: findings.map(findingJson),
    files,
    bytes,
    skipped,
    stored_values: storedValues,
  }),
  failure: ({ findings }) => {
    if (findings.length === 0) return undefined;
    return new MiraError(
      'secret_found',
      `${counted(findings.length, 'find')}; nothing of it should be shared.`,
      {
        hint: `Revoke each key first, then take it out. For what only looks like one: ${MARK} on its line, or the line above.`,
      },
    );
  },
});

async function listed(
  context: Context,
  paths: readonly string[],
  onlyNamed: boolean,
): Promise<readonly ListedFile[]> {
  if (paths.length === 0 && onlyNamed) {
    context.notice('No shell has kept a history here.');
    return [];
  }
  const { files, withoutGit, unreadable } = await listFiles(context, paths.length === 0 ? ['.'] : paths);
  if (withoutGit)
    context.warn('There is no git on this machine: files that it would ignore were looked at as well.');
  for (const folder of unreadable)
    context.warn(`The folder ${folder} cannot be read; what is in it was left out.`);
  return files;
}

interface Stored {
  readonly values: readonly StoredValue[];
  readonly state: Scan['storedValues'];
}

/** A scan is worth having without them: in a hook nobody can be asked for a passphrase. */
async function readStored(context: Context): Promise<Stored> {
  try {
    const vault = await context.vault();
    const values = await vault.allValues();
    for (const { value } of values) context.keepOut(value);
    return { values, state: values.length === 0 ? 'none' : 'looked_for' };
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.exitCode !== 10 && failure.exitCode !== 11) throw failure;
    context.warn(`Stored values were not looked for, only keys by their format: ${failure.message}`);
    return { values: [], state: 'unavailable' };
  }
}

function tellSkipped(context: Context, skipped: readonly Skipped[]): void {
  const some = skipped.slice(0, MOST_NAMED);
  for (const { file, reason } of some) context.warn(`${file} ${WHY_SKIPPED[reason]}.`);
  if (skipped.length > some.length) {
    context.warn(`${skipped.length - some.length} more files were not looked at; --json names them all.`);
  }
}

const MOST_NAMED = 5;

const WHY_SKIPPED: Readonly<Record<SkipReason, string>> = {
  unreadable: 'cannot be read, and was left out',
  too_large: 'is too large to be looked at in whole',
  not_here: 'is in the repository but not on this machine, and was left out',
};

function nothingFound({ files, storedValues }: Scan): string {
  if (files === 0) return 'There is no file to look at.';
  return `No key in ${counted(files, 'file')}${storedValues === 'looked_for' ? ', and no stored value' : ''}.`;
}

function report({ findings, files }: Scan, style: Style): string {
  const places = findings.map(({ file, line, column, isBinary }) =>
    isBinary ? onOneLine(file) : `${onOneLine(file)}:${line}:${column}`,
  );
  const width = Math.min(WIDEST_PLACE, Math.max(...places.map((place) => place.length)));
  const lines = findings.map(({ kind, label, isBinary }, at) => {
    const place = (places[at] ?? '').padEnd(width);
    return `${style.strong(place)}  ${style.bad(findingLabel(kind, label))}${isBinary ? style.dim(' (binary file)') : ''}`;
  });
  const remedies = new Map(
    findings.map(({ kind, label }) => [findingLabel(kind, label), remedyFor(kind, label)]),
  );
  return [
    ...lines,
    '',
    ...[...remedies].map(([what, remedy]) => `${what}: ${remedy}`),
    ...(findings.some(({ tracked }) => tracked) ? [style.dim(IN_HISTORY)] : []),
    style.dim(`${counted(findings.length, 'find')} in ${counted(files, 'file')}.`),
  ].join('\n');
}

/** A line break in a name would begin what looks like a line of ours. */
function onOneLine(file: string): string {
  return file.replaceAll(/[\t-\r\u2028\u2029]/g, (character) => JSON.stringify(character).slice(1, -1));
}

const WIDEST_PLACE = 48;
const IN_HISTORY =
  'What was committed stays in the history of the repository: a key is safe again only once it is revoked.';

function findingJson({
  file,
  line,
  column,
  kind,
  tracked,
  label,
  isBinary,
}: Finding): Readonly<Record<string, unknown>> {
  const place = revokedAt(kind);
  return {
    file,
    line,
    column,
    kind,
    tracked,
    ...(label === undefined ? {} : { label }),
    ...(isBinary ? { binary: true } : {}),
    ...(place === undefined ? {} : { revoke_at: place }),
  };
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
