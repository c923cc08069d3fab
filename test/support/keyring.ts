/**
 * A real keychain of its own: a private D-Bus session with gnome-keyring in a temporary folder. The bus starts no
 * services by itself, so that a keyring that is locked or gone stays so, and no prompt can appear.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Keyring extends AsyncDisposable {
  /** Add it to the environment of what shall use this keychain. */
  readonly env: Readonly<Record<string, string>>;
  lock(): Promise<void>;
  /** Stops the daemon in its tracks: calls to it hang. */
  freeze(): void;
  thaw(): void;
  /** Ends the daemon with SIGKILL; the bus stays. */
  kill(): Promise<void>;
  /** Starts the daemon anew over the same data: unlocked, or as after a restart without the password. */
  restart(options?: { readonly unlocked: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/**
 * `unlocked`: ready for use. `uninitialised`: a daemon over empty data that nobody has given a password.
 * `absent`: a bus without any keychain service.
 */
export type KeyringState = 'unlocked' | 'uninitialised' | 'absent';

/** Whether this machine has what a keyring needs. */
export function hasKeyring(): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return PROGRAMS.every((program) => folders.some((folder) => existsSync(join(folder, program))));
}

const PROGRAMS = ['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon'];

export async function startKeyring({
  state = 'unlocked',
}: { readonly state?: KeyringState } = {}): Promise<Keyring> {
  const folder = await mkdtemp(join(tmpdir(), 'mira-keyring-'));
  const env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, 'bus')}` };
  const bus = await startBus({ folder });
  let daemon: ChildProcess | undefined;
  const start = async ({ unlocked }: { unlocked: boolean }): Promise<void> => {
    daemon = await startDaemon({ folder, env, unlocked });
  };
  const end = async (): Promise<void> => {
    await endProcess(daemon);
    daemon = undefined;
  };
  const stop = async (): Promise<void> => {
    await end();
    await endProcess(bus);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    if (state !== 'absent') await start({ unlocked: state === 'unlocked' });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env,
    lock: () => lockCollection(env),
    freeze: () => void daemon?.kill('SIGSTOP'),
    thaw: () => void daemon?.kill('SIGCONT'),
    kill: end,
    async restart(options = { unlocked: true }) {
      await end();
      await start(options);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startBus({ folder }: { folder: string }): Promise<ChildProcess> {
  const configuration = join(folder, 'bus.conf');
  await writeFile(
    configuration,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${join(folder, 'bus')}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`,
  );
  const bus = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork', '--print-address=1'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The address is printed once the bus listens.
  await Promise.race([
    once(bus.stdout, 'data'),
    once(bus, 'exit').then(() => Promise.reject(new Error('dbus-daemon did not start'))),
  ]);
  return bus;
}

interface DaemonOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly unlocked: boolean;
}

async function startDaemon({ folder, env, unlocked }: DaemonOptions): Promise<ChildProcess> {
  const options = ['--foreground', '--components=secrets', ...(unlocked ? ['--unlock'] : [])];
  const daemon = spawn('gnome-keyring-daemon', options, {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, ...env, XDG_DATA_HOME: folder, XDG_RUNTIME_DIR: folder, DISPLAY: undefined },
  });
  // No newline: it would become part of the password.
  daemon.stdin.end(unlocked ? 'password of a test keyring' : '');
  const ready = unlocked
    ? ['boolean false']
    : ['boolean true', 'Error org.freedesktop.DBus.Error.UnknownMethod', 'No such'];
  await until(async () => {
    const answer = await ask(env, [
      '/org/freedesktop/secrets/aliases/default',
      'org.freedesktop.DBus.Properties.Get',
      'string:org.freedesktop.Secret.Collection',
      'string:Locked',
    ]);
    return ready.some((part) => answer.includes(part));
  });
  return daemon;
}

async function lockCollection(env: Readonly<Record<string, string>>): Promise<void> {
  await ask(env, [
    '/org/freedesktop/secrets',
    'org.freedesktop.Secret.Service.Lock',
    'array:objpath:/org/freedesktop/secrets/collection/login',
  ]);
}

/** One call to the secret service; what it answered, or the error, as text. */
async function ask(env: Readonly<Record<string, string>>, call: readonly string[]): Promise<string> {
  const child = spawn(
    'dbus-send',
    ['--session', '--print-reply', '--reply-timeout=2000', '--dest=org.freedesktop.secrets', ...call],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  return text;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(15_000);
  while (!(await isSo())) {
    deadline.throwIfAborted();
    await delay(20);
  }
}

async function endProcess(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
