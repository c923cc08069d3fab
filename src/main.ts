/**
 * The composition root: the only file that reads the process, the clock and the environment. It builds the
 * context, each costly part behind a function that loads it at first use, runs one command, and leaves.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Http } from './api/http.ts';
import type { Credentials } from './auth/credential.ts';
import type { Sessions } from './auth/sessions.ts';
import { printFailure, respond } from './commands/respond.ts';
import type { Context, Env, Inherited } from './context.ts';
import { MiraError, ReaderGone, toMiraError } from './errors.ts';
import { createIo } from './io.ts';
import { createLog, createRedactor, silentLog } from './log.ts';
import type { Log, Redactor } from './log.ts';
import { asksForJson, parseCommandLine } from './program.ts';
import type { Globals } from './program.ts';
import { resolveSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { handleSignals } from './signals.ts';
import type { Signals } from './signals.ts';
import { resolvePaths } from './store/paths.ts';
import type { History } from './store/history.ts';
import type { createSessionIndex, SessionIndex } from './store/session-index.ts';
import type { Stores } from './stores.ts';
import { isOwnVariable } from './ui/child-environment.ts';
import { decideColor } from './ui/color.ts';
import type { ColorFlag } from './ui/color.ts';
import { sanitizeLine } from './ui/sanitize.ts';
import type { Vault } from './vault/vault.ts';

declare const __MIRA_VERSION__: string;

/** What bin/mira.js gives: it is there first, and loads everything else. */
interface Launch {
  readonly umask: number;
  readonly keepMemorySteady: Context['keepMemorySteady'];
}

/**
 * Runs the command line this process was started with, and ends the process. Files of ours are private from their first
 * moment, with a umask of 0077 (security.md T41); the one the process was started with is given to programs it runs.
 */
export async function main({ umask, keepMemorySteady }: Launch): Promise<void> {
  const argv = process.argv.slice(2);
  const inheritedEnv = { ...process.env };
  const env = withoutEmpty(inheritedEnv);
  // A program that a library starts (the opener of the browser) inherits the environment of the process.
  for (const name of Object.keys(env).filter(isOwnVariable)) delete process.env[name];
  const redactor = createRedactor();
  for (const name of ['MIRA_TOKEN', 'MIRA_API_KEY', 'MIRA_PASSPHRASE']) redactor.add(env[name]);
  const io = createIo(process);
  const json = asksForJson(argv);
  const printer = { json, redactor };
  const hanging: (() => boolean)[] = [];
  const leave = (code: number): never =>
    leaveWith(
      code,
      hanging.some((isHanging) => isHanging()),
    );
  let log: Log = silentLog;
  const fail = (error: unknown): never =>
    leave(
      error instanceof ReaderGone ? 0 : printFailure({ io, log }, { error: toMiraError(error), printer }),
    );
  // What is thrown where nobody waits for it, in a timer or at a key, ends as every other bug does: in JSON, without
  // the words of the error, which may hold anything.
  process.on('uncaughtException', fail);
  try {
    const parsed = await parseCommandLine(argv, __MIRA_VERSION__);
    if (parsed.kind === 'text') {
      io.stdout.write(json ? `${JSON.stringify(parsed.object)}\n` : parsed.text);
      return leave(0);
    }
    const { globals } = parsed;
    log = createDiagnostics({ globals, env, redactor, write: (line) => io.stderr.write(line) });
    const signals = handleSignals({ process, say: (line) => io.stderr.write(`${line}\n`), leave });
    const exitAround = (isHanging: () => boolean): void => void hanging.push(isHanging);
    const inherited = createInherited({ env: inheritedEnv, umask, signals, exitAround });
    const context = createContext({
      io,
      env,
      globals,
      log,
      redactor,
      signals,
      inherited,
      keepMemorySteady,
    });
    return leave(await respond(context, parsed, printer));
  } catch (error) {
    return fail(error);
  }
}

/**
 * A call that hangs (to the keychain, or a write that nobody reads) holds a thread that `process.exit` would wait for
 * without end; only replacing the process gets out (auth.md 1.3).
 */
function leaveWith(code: number, isHanging: boolean): never {
  if (isHanging && process.platform !== 'win32')
    process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
  return process.exit(code);
}

/** An empty variable counts as unset, and so does a `CI` that says no (cli.md 2). */
function withoutEmpty(env: NodeJS.ProcessEnv): Env {
  const isOff = (name: string, value: string): boolean =>
    name === 'CI' && (value === '0' || value === 'false');
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value !== undefined && value !== '' && !isOff(name, value)),
  );
}

interface Inheritance extends Pick<Inherited, 'env' | 'exitAround'> {
  readonly umask: number;
  readonly signals: Signals;
}

function createInherited({ env, umask, signals, exitAround }: Inheritance): Inherited {
  return {
    env,
    get isInspected() {
      const given = [...process.execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)];
      return given.some((option) => option.startsWith('--inspect'));
    },
    withOwnUmask: (start) => {
      process.umask(umask);
      try {
        return start();
      } finally {
        process.umask(0o077);
      }
    },
    relaySignals: signals.relay,
    pause: signals.pause,
    exitAround,
  };
}

interface Diagnostics {
  readonly globals: Globals;
  readonly env: Env;
  readonly redactor: Redactor;
  readonly write: (line: string) => void;
}

function createDiagnostics({ globals, env, redactor, write }: Diagnostics): Log {
  if (!globals.debug && env['MIRA_LOG'] !== 'debug') return silentLog;
  return createLog({ write, now: Date.now, redactor });
}

/** Longer than any message of ours; what a server adds to one is cut before it fills the screen. */
const LONGEST_NOTICE = 600;

interface World {
  readonly io: Context['io'];
  readonly env: Env;
  readonly globals: Globals;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly signals: Signals;
  readonly inherited: Inherited;
  readonly keepMemorySteady: Context['keepMemorySteady'];
}

/** Undefined where somebody has removed it meanwhile. */
function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function createContext(world: World): Context {
  const { io, env, globals, log, redactor, signals, inherited } = world;
  const paths = resolvePaths({ platform: process.platform, env, homeDir: homedir(), cwd: currentFolder() });
  const isCi = env['CI'] !== undefined;
  const warn = (message: string): void =>
    io.stderr.write(`mira: ${redactor.redact(sanitizeLine(message, LONGEST_NOTICE))}\n`);
  const notice = globals.quiet ? () => {} : warn;
  const color = (isTTY: boolean): boolean =>
    decideColor({ flag: globals.color as ColorFlag | undefined, env, isTTY });
  const uid = process.geteuid?.();
  const stores = once(async () => {
    const { createStores } = await import('./stores.ts');
    const made = createStores(context, {
      helperFile: fileURLToPath(new URL('./keychain-helper.js', import.meta.url)),
      execPath: process.execPath,
      env: process.env,
    });
    inherited.exitAround(made.keychainIsStuck);
    return made;
  });
  const context: Context = {
    io,
    env,
    platform: process.platform,
    uid,
    version: __MIRA_VERSION__,
    now: Date.now,
    // `performance` would load the whole of perf_hooks.
    elapsed: () => Number(process.hrtime.bigint()) / 1e6,
    random: Math.random,
    sleep,
    signal: signals.signal,
    interrupt: signals.interrupt,
    onInterrupt: signals.onInterrupt,
    onContinue: signals.onContinue,
    keepMemorySteady: world.keepMemorySteady,
    inherited,
    log,
    notice,
    warn,
    keepOut: redactor.add,
    get canPrompt() {
      if (isCi || !globals.input || env['MIRA_NO_INPUT'] !== undefined) return false;
      return io.stderr.isTerminal && io.stdin.isTerminal;
    },
    isCi,
    style: async (stream = 'stdout') => {
      const wanted = color(io[stream].isTerminal);
      return wanted
        ? (await import('./ui/style.ts')).createStyle({ color: true })
        : (await import('./ui/plain-style.ts')).plainStyle;
    },
    paths,
    settings: once(() => readSettings({ globals, env, configFile: paths.configFile, warn })),
    index: lazyIndex({ file: paths.sessionsFile, storeLockFile: paths.storeLockFile, uid }),
    openStore: async (where) => (await stores()).open(where),
    credentialsFile: async () => (await stores()).file(),
    fileProtection: async () => (await stores()).fileProtection(),
    abandonFile: async () => (await stores()).abandonFile(),
    sessions: once(() => loadSessions(context)),
    credentials: once(() => loadCredentials(context)),
    http: once(() => loadHttp(context)),
    networkHosts: async () => (await import('./network.ts')).listHosts(context),
    history: once(() => loadHistory(context)),
    vault: once(() => loadVault(context, stores)),
    withSessionLock: async (name, work, until) => {
      const { withLock } = await import('./store/lock.ts');
      const file = `${paths.locksDir}/${name}.db`;
      const onWait = (): void => log('session: waiting for another mira');
      return withLock({ file, uid, onWait, signal: signals.signal, ...(until ? { until } : {}) }, work);
    },
    withoutInterruption: signals.withoutInterruption,
  };
  return context;
}

/** Made at first use, and then the same for everyone. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function lazyIndex(options: Parameters<typeof createSessionIndex>[0]): SessionIndex {
  const open = once(async () => (await import('./store/session-index.ts')).createSessionIndex(options));
  return {
    read: async () => (await open()).read(),
    find: async (profile) => (await open()).find(profile),
    update: async (change) => (await open()).update(change),
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}

interface SettingsRequest {
  readonly globals: Globals;
  readonly env: Env;
  readonly configFile: string;
  readonly warn: (message: string) => void;
}

async function readSettings({ globals, env, configFile, warn }: SettingsRequest): Promise<Settings> {
  const { readConfig } = await import('./store/config-file.ts');
  const config = await readConfig(configFile);
  if (env['MIRA_BASE_URL'] !== undefined && env['MIRA_API_URL'] === undefined) {
    warn('MIRA_BASE_URL belongs to another client and is not read; mira reads MIRA_API_URL.');
  }
  const profile = globals.profile ?? env['MIRA_PROFILE'] ?? config.default_profile ?? 'default';
  return resolveSettings({
    profile: requireProfileName(profile),
    profileGiven: globals.profile !== undefined,
    env,
    config,
  });
}

function requireProfileName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,31}$/.test(name) && !name.includes('..')) return name;
  throw new MiraError('invalid_input', 'That is no name for a profile.', {
    hint: 'Use up to 32 small letters, digits, dots, dashes or underscores, beginning with a letter or digit.',
  });
}

async function loadSessions(context: Context): Promise<Sessions> {
  const { createSessions } = await import('./auth/sessions.ts');
  return createSessions({ ...context, pid: process.pid, openStore: (entry) => context.openStore(entry) });
}

async function loadCredentials(context: Context): Promise<Credentials> {
  const { createCredentials } = await import('./auth/credential.ts');
  return createCredentials({
    ...context,
    settings: await context.settings(),
    vault: {
      find: async () => {
        // Whoever has no vault does not load what reads one.
        if (!existsSync(context.paths.credentialsFile)) return undefined;
        const { findStoredKey, PLATFORM_KEY } = await import('./commands/services/stored-key.ts');
        return findStoredKey(context, PLATFORM_KEY);
      },
      describe: async () => {
        const { describeStored } = await import('./commands/services/describe-stored.ts');
        const { PLATFORM_KEY } = await import('./commands/services/stored-key.ts');
        return describeStored(context, PLATFORM_KEY);
      },
    },
  });
}

async function loadHttp(context: Context): Promise<Http> {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    context.warn(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked. Trust one of your own with MIRA_CA_FILE.',
    );
  }
  const { openHttp } = await import('./network.ts');
  return openHttp(context);
}

async function loadHistory({ paths, uid, now, random, warn }: Context): Promise<History> {
  const { createHistory } = await import('./store/history.ts');
  const { maskKeys } = await import('./auth/mask-keys.ts');
  const { historyFile: file, locksDir } = paths;
  return createHistory({ file, locksDir, uid, now, random, mask: maskKeys, say: warn });
}

async function loadVault(context: Context, stores: () => Promise<Stores>): Promise<Vault> {
  const { createVault } = await import('./vault/vault.ts');
  const { paths, now } = context;
  return createVault({
    file: await (await stores()).file(),
    chooseForm: async (existing) =>
      (await import('./commands/choose-vault-form.ts')).chooseVaultForm(context, existing),
    lastUsedFile: paths.lastUsedFile,
    now,
  });
}
