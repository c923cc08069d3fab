/**
 * The real keychain store in a process of its own, driven by lines of JSON: the session bus is chosen when the native
 * library loads, so each keychain under test needs a process that was started with its environment.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MiraError } from '../../src/errors.ts';
import { keychainStateOf } from '../../src/store/keychain-failure.ts';
import { createKeychain } from '../../src/store/keychain.ts';

const [readTimeoutMs, helperTimeoutMs, patienceMs] = process.argv.slice(2).map(Number);
const keychain = createKeychain({
  helperFile: fileURLToPath(new URL('../../src/store/keychain-helper.ts', import.meta.url)),
  execPath: process.execPath,
  env: process.env,
  platform: process.platform,
  readTimeoutMs,
  helperTimeoutMs,
});
let notices = 0;
const patient = keychain.patient({ patienceMs, noticeMs: 50, notify: () => (notices += 1) });

for await (const line of createInterface({ input: process.stdin })) {
  const { id, op, name, value } = JSON.parse(line);
  void perform({ op, name, value }).then(
    (result) => report({ id, result, stuck: keychain.stuck(), notices }),
    (error: unknown) => report({ id, ...failure(error), stuck: keychain.stuck(), notices }),
  );
}
keychain.close();
// Even process.exit would wait for a native call that hangs.
if (keychain.stuck()) process.kill(process.pid, 'SIGKILL');

async function perform({ op, name, value }: { op: string; name: string; value: string }): Promise<unknown> {
  if (op === 'read') return keychain.read(name);
  if (op === 'write') return keychain.write(name, value);
  if (op === 'remove') return keychain.remove(name);
  if (op === 'probe') return keychain.probe();
  if (op === 'patient-probe') return patient.probe();
  if (op === 'notices') return notices;
  throw new Error(`unknown operation ${op}`);
}

function failure(error: unknown): object {
  if (!(error instanceof MiraError)) return { bug: String(error) };
  return { code: error.code, message: error.message, hint: error.hint, state: keychainStateOf(error) };
}

function report(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
