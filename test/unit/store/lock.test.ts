import { stat, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { MiraError } from '../../../src/errors.ts';
import { withLock } from '../../../src/store/lock.ts';
import { startScript, type Script } from '../../support/script.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const uid = process.geteuid?.();

/** Holds the lock until it is killed. */
async function startHolder(file: string): Promise<Script> {
  const script = startScript(`const { withLock } = await store('lock.ts');
    await withLock({ file: ${JSON.stringify(file)}, uid: process.geteuid?.() }, async () => {
      console.log('held');
      // A promise that nothing refers to would be collected, and the database with it.
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`);
  await script.started;
  return script;
}

describe('withLock', { timeout: 30_000 }, () => {
  test('gives what the work gives, and makes a private lock file', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('locks', 'one.db');
    expect(await withLock({ file, uid }, async () => 42)).toBe(42);
    expect(await stat(file)).toMatchObject({ size: 0 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('lets one in at a time, in one process', async () => {
    await using folder = await temporaryFolder();
    let inside = 0;
    let most = 0;
    const enter = (): Promise<void> =>
      withLock({ file: folder.in('lock.db'), uid }, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 10 }, enter));
    expect(most).toBe(1);
  });

  test('lets one in at a time, over processes', async () => {
    await using folder = await temporaryFolder();
    const counter = folder.in('counter');
    await writeFile(counter, '0');
    const code = `const { withLock } = await store('lock.ts');
      const { readFile, writeFile } = await import('node:fs/promises');
      for (let i = 0; i < 5; i += 1) {
        await withLock({ file: ${JSON.stringify(folder.in('lock.db'))}, uid: process.geteuid?.() }, async () => {
          const count = Number(await readFile(${JSON.stringify(counter)}, 'utf8'));
          await writeFile(${JSON.stringify(counter)}, String(count + 1));
        });
      }`;
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => startScript(code).ended));
    expect(outcomes).toEqual(outcomes.map(() => ({ code: 0, signal: null, stdout: '', stderr: '' })));
    const { stdout } = await startScript(
      `console.log((await import('node:fs')).readFileSync(${JSON.stringify(counter)}, 'utf8'))`,
    ).ended;
    expect(stdout).toBe('40\n');
  });

  test('can be held where nothing can be written, as on a full disk', async () => {
    await using folder = await temporaryFolder();
    const code = `const { withLock } = await store('lock.ts');
      await withLock({ file: ${JSON.stringify(folder.in('lock.db'))}, uid: process.geteuid?.() }, async () => {
        process.stdout.write('held');
      });`;
    expect(await startScript(code, { before: 'ulimit -f 0' }).ended).toMatchObject({
      stdout: 'held',
      stderr: '',
    });
  });

  test('is free again when its holder is killed', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('lock.db');
    const holder = await startHolder(file);
    let waited = 0;
    const holding = withLock(
      { file, uid, onWait: () => ((waited += 1), holder.child.kill('SIGKILL')) },
      async () => 'mine',
    );
    expect(await holding).toBe('mine');
    expect(waited).toBe(1);
  });

  test('is free again when the work fails', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('lock.db');
    await expect(withLock({ file, uid }, () => Promise.reject(new Error('work failed')))).rejects.toThrow(
      'work failed',
    );
    expect(await withLock({ file, uid, timeoutMs: 0 }, async () => 'mine')).toBe('mine');
  });

  test('gives up in time, naming the lock', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('lock.db');
    const holder = await startHolder(file);
    await expect(withLock({ file, uid, timeoutMs: 100 }, async () => 'mine')).rejects.toMatchObject({
      code: 'lock_timeout',
      exitCode: 10,
      message: `Another mira has held ${file} for 0.1 s.`,
    });
    holder.child.kill('SIGKILL');
    await holder.ended;
  });

  test('stops waiting when the program is interrupted', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('lock.db');
    const holder = await startHolder(file);
    const controller = new AbortController();
    const reason = new MiraError('terminated', 'Terminated.');
    const waiting = withLock(
      { file, uid, signal: controller.signal, onWait: () => controller.abort(reason) },
      async () => 'mine',
    );
    await expect(waiting).rejects.toBe(reason);
    holder.child.kill('SIGKILL');
    await holder.ended;
  });

  test('needs no lock once what it was for has been done by another', async () => {
    await using folder = await temporaryFolder();
    const file = folder.in('lock.db');
    const holder = await startHolder(file);
    let asked = 0;
    const until = async (): Promise<string | undefined> => (++asked === 3 ? 'done by another' : undefined);
    expect(await withLock({ file, uid, until }, async () => 'done here')).toBe('done by another');
    expect(asked).toBe(3);
    holder.child.kill('SIGKILL');
    await holder.ended;
  });

  test('refuses a lock file that is a link or something else than a lock', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('garbage.db'), 'garbage '.repeat(1000), { mode: 0o600 });
    await symlink(folder.in('garbage.db'), folder.in('link.db'));
    const work = async (): Promise<string> => 'mine';
    await expect(withLock({ file: folder.in('link.db'), uid }, work)).rejects.toMatchObject({
      code: 'unsafe_file',
    });
    const garbage = folder.in('garbage.db');
    await expect(withLock({ file: garbage, uid }, work)).rejects.toMatchObject({
      code: 'storage_failed',
      message: `Cannot lock ${garbage}: it is damaged, or not a file of mira.`,
      hint: `Move it away, and run the command again: mv ${garbage} ${garbage}.aside`,
    });
  });
});
