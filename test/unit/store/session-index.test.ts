import { readFile, stat, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { SessionEntry } from '../../../src/store/session-entry.ts';
import { createSessionIndex, type SessionIndex } from '../../../src/store/session-index.ts';
import { sessionName } from '../../../src/store/session-name.ts';
import { startScript } from '../../support/script.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';

const entry: SessionEntry = {
  profile: 'default',
  name: 'default.0123456789ab',
  credential: 'session',
  login: 'oidc',
  issuer: 'https://id.example',
  clientId: 'mira-cli',
  apiUrl: 'https://api.example/v1',
  scopes: ['openid'],
  hosts: ['api.example'],
  storage: 'keychain',
  protection: 'keychain',
  account: { id: 'ada' },
  gen: 1,
  obtainedAt: 1_000,
  refreshable: true,
};

function indexIn(folder: TemporaryFolder): SessionIndex {
  const uid = process.geteuid?.();
  return createSessionIndex({
    file: folder.in('sessions.json'),
    storeLockFile: folder.in('locks', 'store.db'),
    uid,
  });
}

describe('the session index', () => {
  test('is empty before there is a file, and reading makes none', async () => {
    await using folder = await temporaryFolder();
    expect(await indexIn(folder).read()).toEqual(new Map());
    await expect(stat(folder.in('sessions.json'))).rejects.toThrow('ENOENT');
  });

  test('keeps entries, privately, also under names that objects already have', async () => {
    await using folder = await temporaryFolder();
    const names = ['default', 'constructor', '__proto__'];
    for (const profile of names)
      await indexIn(folder).update((entries) => entries.set(profile, { ...entry, profile }));
    expect([...(await indexIn(folder).read()).keys()].sort()).toEqual(names.toSorted());
    expect(await indexIn(folder).find('__proto__')).toEqual({ ...entry, profile: '__proto__' });
    expect(await indexIn(folder).find('toString')).toBeUndefined();
    expect((await stat(folder.in('sessions.json'))).mode & 0o777).toBe(0o600);
  });

  test('gives what the change gives, and writes nothing when nothing changed', async () => {
    await using folder = await temporaryFolder();
    expect(await indexIn(folder).update((entries) => entries.size)).toBe(0);
    await expect(stat(folder.in('sessions.json'))).rejects.toThrow('ENOENT');
  });

  test('keeps fields that it does not know', async () => {
    await using folder = await temporaryFolder();
    const stored = {
      fmt: 'mira-sessions',
      v: 1,
      sessions: { default: { ...entry, invented: { later: true } } },
    };
    await writeFile(folder.in('sessions.json'), JSON.stringify(stored), { mode: 0o600 });
    await indexIn(folder).update((entries) => entries.set('other', { ...entry, profile: 'other' }));
    const kept = JSON.parse(await readFile(folder.in('sessions.json'), 'utf8'));
    expect(kept.sessions.default.invented).toEqual({ later: true });
  });

  test.each([
    ['what is no JSON', '{"fmt":', /is not a list of sessions that mira wrote, or it is damaged/],
    ['a file of another program', '{"sessions":{}}', /is not a list of sessions that mira wrote/],
    [
      'a newer format',
      '{"fmt":"mira-sessions","v":2,"sessions":{}}',
      /was written by a newer mira \(format 2\)/,
    ],
    [
      'an entry that lacks something',
      '{"fmt":"mira-sessions","v":1,"sessions":{"a":{}}}',
      /damaged at the entry "a"/,
    ],
    ...['name', 'apiUrl', 'issuer'].map((field): [string, string, RegExp] => [
      `an entry whose ${field} is none`,
      JSON.stringify({ fmt: 'mira-sessions', v: 1, sessions: { default: { ...entry, [field]: '../out' } } }),
      /damaged at the entry "default"/,
    ]),
  ])('refuses %s and leaves it alone', async (_, text, message) => {
    await using folder = await temporaryFolder();
    await writeFile(folder.in('sessions.json'), text, { mode: 0o600 });
    const refusal = { code: 'storage_failed', exitCode: 10, message: expect.stringMatching(message) };
    await expect(indexIn(folder).find('default')).rejects.toMatchObject(refusal);
    await expect(indexIn(folder).update((entries) => entries.clear())).rejects.toMatchObject(refusal);
    expect(await readFile(folder.in('sessions.json'), 'utf8')).toBe(text);
  });

  test('keeps every entry of writers at once', { timeout: 60_000 }, async () => {
    await using folder = await temporaryFolder();
    const options = { file: folder.in('sessions.json'), storeLockFile: folder.in('store.db') };
    const writers = Array.from({ length: 20 }, (_, i) => {
      const profile = `p${i}`;
      return startScript(`const { createSessionIndex } = await store('session-index.ts');
        const index = createSessionIndex({ ...${JSON.stringify(options)}, uid: process.geteuid?.() });
        await index.update((entries) => entries.set('${profile}', ${JSON.stringify({ ...entry, profile })}));`)
        .ended;
    });
    expect((await Promise.all(writers)).map(({ stderr }) => stderr).join('')).toBe('');
    const index = createSessionIndex({ ...options, uid: process.geteuid?.() });
    expect((await index.read()).size).toBe(20);
  });
});

describe('sessionName', () => {
  const session = { profile: 'work', issuer: 'https://id.example', clientId: 'mira-cli', dataDir: '/data' };

  test('is the profile and twelve hex digits', async () => {
    expect(await sessionName(session)).toMatch(/^work\.[0-9a-f]{12}$/);
    expect(await sessionName(session)).toBe(await sessionName({ ...session }));
  });

  test.each([
    { issuer: 'https://id.other' },
    { clientId: 'other' },
    { dataDir: '/other' },
    { issuer: undefined },
  ])('differs with %o', async (change) => {
    expect(await sessionName({ ...session, ...change })).not.toBe(await sessionName(session));
  });
});

describe('an entry whose secret lives in memory', () => {
  const passing: SessionEntry = { ...entry, storage: 'memory', protection: 'memory' };

  test('is known to this process and never written', async () => {
    await using folder = await temporaryFolder();
    const index = indexIn(folder);
    await index.update((entries) => entries.set('default', passing));

    expect(await index.find('default')).toEqual(passing);
    expect(await index.read()).toEqual(new Map([['default', passing]]));
    await expect(stat(folder.in('sessions.json'))).rejects.toThrow('ENOENT');
    expect(await indexIn(folder).read()).toEqual(new Map());
  });

  test('takes the place of a stored one, which is then gone', async () => {
    await using folder = await temporaryFolder();
    const index = indexIn(folder);
    await index.update((entries) => entries.set('default', entry));
    await index.update((entries) => entries.set('default', passing));

    expect(await index.find('default')).toEqual(passing);
    expect(await indexIn(folder).read()).toEqual(new Map());
  });

  test('gives way to a stored one, and is gone when it is removed', async () => {
    await using folder = await temporaryFolder();
    const index = indexIn(folder);
    await index.update((entries) => entries.set('default', passing));
    await index.update((entries) => entries.set('default', entry));
    expect(await index.find('default')).toEqual(entry);
    expect(await indexIn(folder).find('default')).toEqual(entry);

    await index.update((entries) => entries.set('other', { ...passing, profile: 'other' }));
    await index.update((entries) => entries.delete('other'));
    expect(await index.read()).toEqual(new Map([['default', entry]]));
  });

  test('leaves alone what another process stores meanwhile', async () => {
    await using folder = await temporaryFolder();
    const index = indexIn(folder);
    await index.update((entries) => entries.set('default', passing));
    await indexIn(folder).update((entries) => entries.set('default', entry));
    await index.update((entries) => entries.set('default', { ...passing, gen: 2 }));
    await index.update((entries) => entries.set('other', { ...entry, profile: 'other' }));

    expect(await index.find('default')).toEqual({ ...passing, gen: 2 });
    expect(await indexIn(folder).find('default')).toEqual(entry);
    await index.update((entries) => entries.delete('default'));
    expect(await index.find('default')).toEqual(entry);
  });
});
