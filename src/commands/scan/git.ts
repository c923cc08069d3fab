/**
 * The git of the machine, asked for lists and contents. The repository may be anybody's: nothing that its configuration
 * names is run, nothing is fetched, and of the environment only what says where the repository is goes along.
 */
import { spawn } from 'node:child_process';
import { abortError, foreignCode, MiraError } from '../../errors.ts';
import { sanitizeLine } from '../../ui/sanitize.ts';

export interface GitHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly signal: AbortSignal;
}

export interface GitCall {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
  /** GIT_DIR and its like say which repository is meant: so in a hook, but never for one that was found below. */
  readonly ignoresEnv?: boolean | undefined;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  /** One line, made safe. */
  readonly complaint: string;
}

/** What git says; undefined when there is no git. @throws MiraError when it was stopped or takes too long */
export async function askGit(host: GitHost, call: GitCall): Promise<GitAnswer | undefined> {
  const chunks: Buffer[] = [];
  const code = await streamGit(host, call, async (stdout) => {
    for await (const chunk of stdout) chunks.push(chunk);
  });
  return code === undefined ? undefined : { ...code, stdout: Buffer.concat(chunks) };
}

/** The same with what it prints read as it comes; what `read` throws ends git. */
export async function streamGit(
  { env, platform, signal }: GitHost,
  { cwd, args, stdin, ignoresEnv = false }: GitCall,
  read: (stdout: AsyncIterable<Buffer>) => Promise<void>,
): Promise<Omit<GitAnswer, 'stdout'> | undefined> {
  const child = spawn('git', [...tamed(platform), ...args], {
    cwd,
    env: environmentOf(env, ignoresEnv),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    windowsHide: true,
    signal,
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 4_000);
  });
  let isThere = true;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      if (foreignCode(error) === 'ENOENT') isThere = false;
      reject(failed(foreignCode(error) ?? 'it does not start', error));
    });
    child.once('close', (code) => {
      if (code === null) reject(failed(`it was ended after ${LIMIT_MS / 1000} seconds`));
      else resolve(code);
    });
  });
  // What git does not read is told by its exit status, not by the broken pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin ?? '');
  const reading = read(child.stdout);
  reading.catch(() => child.kill('SIGKILL'));
  await Promise.allSettled([reading, ended]);
  if (signal.aborted) throw abortError(signal);
  // Where there is no git, its output cannot be read either.
  if (!isThere) return undefined;
  await reading;
  const code = await ended;
  return { code, complaint: sanitizeLine(complaint, 200) };
}

/** What git could not do, in its own words, as far as they may be shown. */
export function failed(complaint: string, cause?: unknown): MiraError {
  return new MiraError(
    'storage_failed',
    `git could not read the repository: ${sanitizeLine(complaint, 200)}.`,
    {
      hint: 'Try it by itself: git status',
      cause,
    },
  );
}

const LIMIT_MS = 120_000;

/** Settings of the repository that name programs, out of force; and no network, whatever is missing. */
function tamed(platform: NodeJS.Platform): readonly string[] {
  const settings = [
    'core.fsmonitor=false',
    `core.hooksPath=${platform === 'win32' ? 'NUL' : '/dev/null'}`,
    'core.pager=cat',
    'protocol.allow=never',
  ];
  return ['--no-pager', '--no-replace-objects', ...settings.flatMap((each) => ['-c', each])];
}

function environmentOf(
  env: Readonly<Record<string, string | undefined>>,
  ignoresEnv: boolean,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && isForGit(name, ignoresEnv)) kept[name] = value;
  }
  return {
    ...kept,
    // Its complaints are told apart by their words.
    LC_ALL: 'C',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: 'none',
  };
}

function isForGit(name: string, ignoresEnv: boolean): boolean {
  if (SYSTEM.has(name.toUpperCase()) || CONFIGURATION.test(name)) return true;
  return !ignoresEnv && PLACE.has(name);
}

const SYSTEM: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'SYSTEMROOT',
  'PATHEXT',
  'PROGRAMDATA',
  'TMPDIR',
  'TEMP',
  'TMP',
]);

/** The user's own configuration; `safe.directory` may be given here alone. */
const CONFIGURATION =
  /^GIT_(?:EXEC_PATH|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|PARAMETERS|COUNT|KEY_\d+|VALUE_\d+))$/;

/** Which repository, and which index: a commit in the making has one of its own. */
const PLACE: ReadonlySet<string> = new Set([
  'GIT_DIR',
  'GIT_COMMON_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_CEILING_DIRECTORIES',
  'GIT_DISCOVERY_ACROSS_FILESYSTEM',
]);
