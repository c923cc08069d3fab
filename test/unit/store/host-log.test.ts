import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { createHostLog } from '../../../src/store/host-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('the record of contacts', () => {
  it('keeps the first and the last moment of each host, and nothing else', async () => {
    await using folder = await temporaryFolder();
    let now = START;
    const path = folder.in('state', 'hosts');
    await createHostLog({ folder: path, now: () => now }).note('api.example');
    await createHostLog({ folder: path, now: () => now }).note('[::1]:8080');
    now += 5 * MINUTE;
    await createHostLog({ folder: path, now: () => now }).note('api.example');

    const seen = createHostLog({ folder: path, now: () => now }).read();

    expect(seen.toSorted((one, other) => one.host.localeCompare(other.host))).toEqual([
      { host: '[::1]:8080', firstSeen: START, lastSeen: expect.any(Number) },
      { host: 'api.example', firstSeen: START, lastSeen: START + 5 * MINUTE },
    ]);
    expect((await readdir(path)).toSorted()).toEqual(['%5B%3A%3A1%5D%3A8080', 'api.example']);
    expect(await readFile(`${path}/api.example`, 'utf8')).toBe('2026-01-02T03:04:05.000Z\n');
  });

  it('goes on within one program, which may run for days', async () => {
    await using folder = await temporaryFolder();
    let now = START;
    const log = createHostLog({ folder: folder.path, now: () => now });
    await log.note('api.example');
    now += 24 * 60 * MINUTE;
    await log.note('api.example');
    expect(log.read()).toEqual([{ host: 'api.example', firstSeen: START, lastSeen: now }]);
  });

  it('is for nobody else', async () => {
    await using folder = await temporaryFolder();
    const path = folder.in('state', 'hosts');
    await createHostLog({ folder: path, now: () => START }).note('api.example');
    const modes = await Promise.all(
      [folder.in('state'), path, `${path}/api.example`].map(async (one) => (await lstat(one)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o700, 0o600]);
  });

  it('survives any number of writers at once', async () => {
    await using folder = await temporaryFolder();
    const path = folder.in('hosts');
    const hosts = Array.from({ length: 20 }, (_, number) => `host-${number}.example`);
    const writers = Array.from({ length: 20 }, () => createHostLog({ folder: path, now: () => START }));
    await Promise.all(writers.flatMap((log) => hosts.map((host) => log.note(host))));
    expect(
      createHostLog({ folder: path, now: () => START })
        .read()
        .map(({ host, firstSeen }) => `${host} ${firstSeen}`)
        .toSorted(),
    ).toEqual(hosts.map((host) => `${host} ${START}`).toSorted());
  });

  it('is empty where there is none, and tells nobody where it cannot be kept', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('file'), '');
    for (const path of [folder.in('nowhere'), folder.in('file'), folder.in('file', 'below')]) {
      const log = createHostLog({ folder: path, now: () => START });
      if (path !== folder.in('nowhere')) await log.note('api.example');
      expect(log.read()).toEqual([]);
    }
  });

  it('leaves out what it did not write, and changes nothing behind a link', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.in('hosts'));
    await writeFile(folder.in('victim'), 'kept');
    const before = (await lstat(folder.in('victim'))).mtimeMs;
    await symlink(folder.in('victim'), folder.in('hosts', 'api.example'));
    await writeFile(folder.in('hosts', 'README'), 'no moment');
    await writeFile(folder.in('hosts', '%zz'), `${new Date(START).toISOString()}\n`);
    await mkdir(folder.in('hosts', 'folder.example'));
    const log = createHostLog({ folder: folder.in('hosts'), now: () => START });

    await log.note('api.example');

    expect(log.read()).toEqual([]);
    expect(await readFile(folder.in('victim'), 'utf8')).toBe('kept');
    expect((await lstat(folder.in('victim'))).mtimeMs).toBe(before);
  });
});
