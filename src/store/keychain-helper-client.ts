import type { ChildProcess } from 'node:child_process';
import { keychainError, keychainErrorIn } from './keychain-failure.ts';
import type { HelperAnswer, HelperRequest } from './keychain-protocol.ts';

/** libsecret keeps the bus name of a service that has since been restarted; only a new process finds the new one. */
const SERVICE_RESTARTED = /The name :\d/;

type Succeeded = Extract<HelperAnswer, { ok: true }>;

export interface KeychainHelper {
  /**
   * Has one request done, after those asked before it.
   * @throws MiraError `keychain_*`; at the deadline the helper is killed, and the next call starts another
   */
  call(request: HelperRequest, options: { readonly timeoutMs: number }): Promise<Succeeded>;
  /** Ends the helper process. A later call starts another. */
  close(): void;
}

export interface KeychainHelperOptions {
  /** The file that runs `keychain-helper`. */
  readonly helperFile: string;
  /** The Node to run it with. */
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

/** Starts the helper at the first call and keeps it for the next ones; it never keeps this process alive. */
export function createKeychainHelper(options: KeychainHelperOptions): KeychainHelper {
  const { platform } = options;
  let running: Promise<Running> | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const stop = (): void => {
    const stopping = running;
    running = undefined;
    stopping?.then(({ child }) => child.kill('SIGKILL')).catch(() => {});
  };

  const exchange = async (request: HelperRequest, timeoutMs: number): Promise<Succeeded> => {
    const isFresh = running === undefined;
    const helper = await (running ??= start(options));
    const outcome = await helper.ask(request, timeoutMs);
    switch (outcome.kind) {
      case 'answered': {
        const { answer } = outcome;
        if (answer.ok) return answer;
        if (isFresh || !SERVICE_RESTARTED.test(answer.detail)) throw keychainError(answer.detail, platform);
        stop();
        return exchange(request, timeoutMs);
      }
      case 'silent':
        stop();
        throw keychainErrorIn('timeout', `no answer to ${request.op} in ${timeoutMs} ms`);
      case 'ended':
        stop();
        throw keychainErrorIn('other', `the helper ended during ${request.op}: ${outcome.how}`);
    }
  };

  return {
    call(request, { timeoutMs }) {
      const result = queue.then(() => exchange(request, timeoutMs));
      queue = result.catch(() => {});
      return result;
    },
    close() {
      const closing = running;
      running = undefined;
      // The end of its stdin ends the helper, after what it is doing.
      closing?.then(({ child }) => child.stdin?.end()).catch(() => {});
    },
  };
}

type Outcome =
  | { readonly kind: 'answered'; readonly answer: HelperAnswer }
  | { readonly kind: 'silent' }
  | { readonly kind: 'ended'; readonly how: string };

interface Running {
  readonly child: ChildProcess;
  ask(request: HelperRequest, timeoutMs: number): Promise<Outcome>;
}

async function start({ helperFile, execPath, env, platform }: KeychainHelperOptions): Promise<Running> {
  const { spawn } = await import('node:child_process');
  const child = spawn(execPath, [helperFile], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: withoutOwnSecrets(env),
    // In a group of its own: Ctrl-C on the terminal must not cut a write that is saving a refreshed session.
    detached: platform !== 'win32',
    windowsHide: true,
  });
  child.unref();
  unref(child.stdin);
  unref(child.stdout);

  let buffered = '';
  let ended: string | undefined;
  let settle: (outcome: Outcome) => void = () => {};
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    buffered += chunk;
    const end = buffered.indexOf('\n');
    if (end === -1) return;
    const line = buffered.slice(0, end);
    buffered = buffered.slice(end + 1);
    settle({ kind: 'answered', answer: parseAnswer(line) });
  });
  const endWith = (how: string): void => {
    ended ??= how;
    settle({ kind: 'ended', how });
  };
  child.on('error', (error) => endWith(error.message));
  child.on('close', (code, signal) => endWith(signal ?? `exit ${code}`));
  // A helper that died is reported by its end, not by the pipe to it.
  child.stdin.on('error', () => {});

  return {
    child,
    ask(request, timeoutMs) {
      if (ended !== undefined) return Promise.resolve({ kind: 'ended', how: ended });
      return new Promise((resolve) => {
        // This timer is also what keeps the process alive while it waits: the child and its pipes do not.
        const timer = setTimeout(() => settle({ kind: 'silent' }), timeoutMs);
        settle = (outcome) => {
          clearTimeout(timer);
          resolve(outcome);
        };
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
    },
  };
}

/** The helper needs the session's own variables, not mira's credentials nor options for Node. */
function withoutOwnSecrets(env: KeychainHelperOptions['env']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !name.startsWith('MIRA_') && name !== 'NODE_OPTIONS') kept[name] = value;
  }
  return kept;
}

/** Pipes to a child are sockets, which Node's types do not say. */
function unref(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}

function parseAnswer(line: string): HelperAnswer {
  try {
    return JSON.parse(line) as HelperAnswer;
  } catch {
    return { ok: false, detail: 'the helper answered with something else than JSON' };
  }
}
