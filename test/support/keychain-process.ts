/** Starts keychain-child and asks it; its answers are what the store in it gave or threw. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MiraError, type ErrorCode } from '../../src/errors.ts';
import type { SecretStore } from '../../src/store/secret-store.ts';

export interface ChildAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly hint?: string;
  readonly state?: string;
  /** Something that is no MiraError was thrown. */
  readonly bug?: string;
  readonly stuck: boolean;
  readonly notices: number;
}

export interface KeychainProcess extends AsyncDisposable {
  readonly pid: number;
  ask(request: {
    readonly op: string;
    readonly name?: string;
    readonly value?: string;
  }): Promise<ChildAnswer>;
  /** Ends its input and waits for its end; the exit code or the signal. */
  end(): Promise<number | string>;
  /** The store in that process, as a store. */
  readonly store: SecretStore;
}

export function startKeychainProcess(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readTimeoutMs?: number;
  readonly helperTimeoutMs?: number;
  readonly patienceMs?: number;
}): KeychainProcess {
  const { env, readTimeoutMs = 3_000, helperTimeoutMs = 10_000, patienceMs = 60_000 } = options;
  const file = fileURLToPath(new URL('./keychain-child.ts', import.meta.url));
  const limits = [readTimeoutMs, helperTimeoutMs, patienceMs].map(String);
  const child = spawn(process.execPath, [file, ...limits], {
    env: { ...process.env, DISPLAY: undefined, WAYLAND_DISPLAY: undefined, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]): number | string => code ?? signal);
  const waiting = new Map<number, (answer: ChildAnswer) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as ChildAnswer;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let last = 0;

  const ask: KeychainProcess['ask'] = (request) => {
    const id = ++last;
    const answered = new Promise<ChildAnswer>((resolve) => waiting.set(id, resolve));
    child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    const died = ended.then((how) => Promise.reject(new Error(`the keychain process ended: ${how}`)));
    return Promise.race([answered, died]);
  };
  const call = async (request: Parameters<KeychainProcess['ask']>[0]): Promise<unknown> => {
    const answer = await ask(request);
    if (answer.bug !== undefined) throw new TypeError(answer.bug);
    if (answer.code !== undefined)
      throw new MiraError(answer.code, answer.message ?? '', { hint: answer.hint });
    return answer.result;
  };
  const end = async (): Promise<number | string> => {
    child.stdin.end();
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    ask,
    end,
    store: {
      kind: 'keychain',
      protection: 'protected by this test',
      read: async (name) => (await call({ op: 'read', name })) as string | undefined,
      write: async (name, value) => void (await call({ op: 'write', name, value })),
      remove: async (name) => (await call({ op: 'remove', name })) as boolean,
      probe: async () => void (await call({ op: 'probe' })),
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
