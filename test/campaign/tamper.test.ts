/** Files that somebody changed, or that are not ours: refused with one sentence, whatever they hold, and left as they are. */
import { execFileSync } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MiraError } from '../../src/errors.ts';
import { readConfig } from '../../src/store/config-file.ts';
import { createCredentialsFile } from '../../src/store/credentials-file.ts';
import { tokenWriter } from '../../src/commands/tokens/token-json.ts';
import { createVault } from '../../src/vault/vault.ts';
import { createSessionIndex } from '../../src/store/session-index.ts';
import { startPlatform, type Platform } from '../support/platform/start-platform.ts';
import {
  isolatedHome,
  runMira,
  type Environment,
  type IsolatedHome,
  type RunResult,
} from '../support/run-mira.ts';
import { drawnKey } from '../support/drawn-key.ts';
import { NOBODY } from '../support/capability.ts';
import { refusalIn } from '../support/refusal.ts';
import { printFigures } from './figures.ts';
import { sized } from './size.ts';
import { pathsOf } from '../support/stored.ts';

const figures = {
  'changes refused': 0,
  'with a passphrase': 0,
  'through the program': 0,
  'reads amid an exchange': 0,
  'random files': 0,
};
const PASSPHRASE = { MIRA_PASSPHRASE: 'a passphrase of a test' };

let platform: Platform;
let home: IsolatedHome;
let sealed: IsolatedHome;
beforeAll(async () => {
  platform = await startPlatform();
  [home, sealed] = await Promise.all([isolatedHome(), isolatedHome()]);
  await Promise.all([keepKey(home), keepKey(sealed, PASSPHRASE)]);
  await Promise.all([keepToken(home), keepToken(sealed, PASSPHRASE)]);
  await runMira(['config', 'set', 'model', 'one'], { home });
});
afterAll(async () => {
  printFigures('tampering', figures);
  await Promise.all([home.cleanup(), sealed.cleanup(), platform.close()]);
});

test('every bit of a credentials file counts, and so does its length', async () => {
  const { credentialsFile: file, keyFile, storeLockFile, sessionsFile } = pathsOf(home);
  const whole = await readFile(file);
  const name = Object.values(JSON.parse(await readFile(sessionsFile, 'utf8')).sessions).map(nameOf)[0] ?? '';
  const read = () =>
    createCredentialsFile({
      file,
      storeLockFile,
      uid: process.geteuid?.(),
      sources: { keyFile },
      createWith: 'key_file',
    }).read(name);
  await expect(read()).resolves.toContain('api_key');
  const accepted: string[] = [];
  const stride = sized({ small: 7, full: 1 });
  for (const { what, bytes } of [...flips(whole, stride), ...cuts(whole)]) {
    await writeFile(file, bytes);
    const refused = await read().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isRefusal(refused)) figures['changes refused'] += 1;
    else accepted.push(`${what}: ${String(refused)}`);
  }
  await writeFile(file, whole);
  expect(accepted).toEqual([]);
});

test('a list that needs no key is refused or told, whichever bit of the file was changed', async () => {
  const { credentialsFile: file, keyFile, storeLockFile, lastUsedFile } = pathsOf(home);
  const whole = await readFile(file);
  const list = () =>
    createVault({
      file: createCredentialsFile({
        file,
        storeLockFile,
        uid: process.geteuid?.(),
        sources: { keyFile },
        createWith: 'key_file',
      }),
      chooseForm: async () => 'key_file',
      lastUsedFile,
      now: Date.now,
    })
      .list()
      .then((tokens) => JSON.stringify(tokens.map(tokenWriter(0))));
  const asItWas = await list();
  expect(asItWas).toContain('"label":"github"');
  const others: string[] = [];
  // The sealed body is no matter of the list.
  const header = whole.subarray(0, whole.indexOf('"body":"'));
  for (const { what, bytes } of [...flips(header, sized({ small: 7, full: 1 })), ...cuts(header)]) {
    await writeFile(
      file,
      what.startsWith('bit') ? Buffer.concat([bytes, whole.subarray(header.length)]) : bytes,
    );
    const outcome = await list().catch((error: unknown) => error);
    if (isRefusal(outcome)) figures['changes refused'] += 1;
    else if (typeof outcome !== 'string') others.push(`${what}: ${String(outcome)}`);
  }
  await writeFile(file, whole);
  expect(others).toEqual([]);
});

test('the program refuses a changed file in one line, with a key file and with a passphrase', async () => {
  const trials = [
    { of: home, env: {}, count: sized({ small: 4, full: 400 }) },
    { of: sealed, env: PASSPHRASE, count: sized({ small: 12, full: 60 }) },
  ];
  for (const { of, env, count } of trials) {
    const { credentialsFile: file } = pathsOf(of);
    const whole = await readFile(file);
    const all = [...flips(whole, 1), ...cuts(whole)];
    const step = all.length / count;
    for (let at = 0; at < count; at += 1) {
      const { what, bytes } = all[Math.floor(at * step + step / 2)] ?? { what: '', bytes: whole };
      await writeFile(file, bytes);
      const line = refusalIn(await runMira(['auth', 'token'], { home: of, env }));
      expect(line, what).toContain(file);
      expect(await readFile(file), what).toEqual(Buffer.from(bytes));
      figures[of === sealed ? 'with a passphrase' : 'through the program'] += 1;
    }
    await writeFile(file, whole);
    expect(await runMira(['auth', 'token'], { home: of, env })).toMatchObject({ code: 0 });
  }
});

test('whatever the three files hold, they are read, or refused by name, and never written', async () => {
  const own = await isolatedHome();
  const { credentialsFile, keyFile, storeLockFile, sessionsFile, configFile } = pathsOf(own);
  const uid = process.geteuid?.();
  await mkdir(dirname(credentialsFile), { recursive: true, mode: 0o700 });
  await mkdir(dirname(configFile), { recursive: true, mode: 0o700 });
  const credentials = {
    file: credentialsFile,
    storeLockFile,
    uid,
    sources: { keyFile },
    createWith: 'key_file',
  } as const;
  const readers = [
    {
      file: credentialsFile,
      sample: pathsOf(home).credentialsFile,
      read: () => createCredentialsFile(credentials).read('x'),
    },
    {
      file: sessionsFile,
      sample: pathsOf(home).sessionsFile,
      read: () => createSessionIndex({ file: sessionsFile, storeLockFile, uid }).read(),
    },
    { file: configFile, sample: pathsOf(home).configFile, read: () => readConfig(configFile) },
  ];
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
  await cp(pathsOf(home).keyFile, keyFile);
  for (const { file, sample, read } of readers) {
    const ours = await readFile(sample);
    const numRuns = Math.ceil(sized({ small: 2_000, full: 100_000 }) / readers.length);
    await fc.assert(
      fc.asyncProperty(anyContent(ours), async (bytes) => {
        await writeFile(file, bytes, { mode: 0o600 });
        const outcome = await read().then(
          () => 'read',
          (error: unknown) => error,
        );
        figures['random files'] += 1;
        expect(outcome).toSatisfy((what) => isRefusal(what) || (what === 'read' && file !== credentialsFile));
        expect(await readFile(file)).toEqual(Buffer.from(bytes));
      }),
      { numRuns },
    );
  }
  await own.cleanup();
});

interface Place {
  readonly file: string;
  /** A copy of what is there otherwise. */
  readonly aside: string;
}

/** Only root can give a file away. */
const OWNED_BY_ANOTHER: readonly (readonly [string, typeof giveAway, RegExp])[] =
  process.geteuid?.() === 0 ? [['of another user', giveAway, /belongs to another user/]] : [];

describe('a credentials file that mira does not own', () => {
  test.each([
    ['of another program', '{"token":"theirs"}\n', /was not written by mira/],
    ['that is no JSON', 'token=theirs\n', /was not written by mira/],
    [
      'of a newer mira',
      '{"fmt":"mira-credentials","v":2,"everything":"new"}\n',
      /was written by a newer mira/,
    ],
    ['that is empty', '', /is damaged/],
    ['that is cut', '{"fmt":"mira-credentials","v":1,"key":{"kind":"key_f', /is damaged/],
  ])('%s is refused by every command and touched by none', async (_, text, sentence) => {
    const { credentialsFile: file } = pathsOf(home);
    await withFile(async () => {
      await rm(file);
      await writeFile(file, text, { mode: 0o600 });
      await expectUntouched(file, { exit: 10, sentence });
    });
  });

  test.each<readonly [string, (place: Place) => Promise<unknown> | void, RegExp]>([
    ['a link to a file', ({ file, aside }) => symlink(aside, file), /is a link/],
    ['a link to nothing', ({ file, aside }) => symlink(`${aside}.gone`, file), /is a link/],
    ['a folder', ({ file }) => mkdir(file), /is not a regular file/],
    ['a named pipe', ({ file }) => void execFileSync('mkfifo', ['-m', '600', file]), /is not a regular file/],
    ['readable by the group', (place) => copyWithMode(place, 0o640), /by other users/],
    ['writable by others', (place) => copyWithMode(place, 0o602), /by other users/],
    ...OWNED_BY_ANOTHER,
  ])('because it is %s is refused as it stands', async (_, plant, sentence) => {
    const { credentialsFile: file } = pathsOf(home);
    await withFile(async (aside) => {
      await rm(file);
      await plant({ file, aside });
      await expectUntouched(file, { exit: 11, sentence });
    });
  });

  test('is refused on what was opened: a link to an older one, exchanged under the hand of the program, is never followed', async () => {
    const { credentialsFile: file } = pathsOf(home);
    const older = join(home.path, 'tmp', 'older');
    await cp(file, older);
    await keepKey(home);
    const { stdout: own } = await runMira(['auth', 'token'], { home });
    await withFile(async (aside) => {
      const exchange = startExchanging({ file, aside, link: older });
      try {
        for (let round = 0; round < sized({ small: 6, full: 300 }); round += 1) {
          const result = await runMira(['auth', 'token'], { home });
          const outcome = result.code === 0 ? result.stdout : refusalIn(result, 11);
          expect([own, `mira: ${file} is a link, and mira does not follow links to secrets.`]).toContain(
            outcome,
          );
          figures['reads amid an exchange'] += 1;
        }
      } finally {
        await exchange.stop();
      }
    });
  });
});

describe('an index or a configuration that is garbage', () => {
  test.each([
    ['no JSON at all', 'garbage'],
    ['JSON of something else', '{"sessions":[]}'],
    ['a newer form', '{"fmt":"mira-sessions","v":9,"sessions":{}}'],
    [
      'an entry of the wrong shape',
      '{"fmt":"mira-sessions","v":1,"sessions":{"default":{"profile":"default"}}}',
    ],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0, 1, 2])],
    ['far too long', 'x'.repeat(5 * 1024 * 1024)],
  ])('(sessions.json: %s) is named and left alone', async (_, content) => {
    const { sessionsFile: file } = pathsOf(home);
    await withFile(async () => {
      await writeFile(file, content);
      await expectUntouched(file, { exit: 10, sentence: /sessions\.json/ });
    }, file);
  });

  test.each([
    ['no JSON at all', 'garbage', /is not valid JSON at line 1, column 1/],
    ['of the wrong shape', '{"profiles":[]}', /is not valid: profiles must be an object/],
  ])('(config.json: %s) is named and left alone', async (_, content, sentence) => {
    const { configFile: file } = pathsOf(home);
    await withFile(async () => {
      await writeFile(file, content);
      await expectUntouched(file, { exit: 2, sentence });
      expect(refusalIn(await runMira(['config', 'set', 'model', 'two'], { home }), 2)).toMatch(sentence);
      expect(await readFile(file, 'utf8')).toBe(content);
    }, file);
  });
});

interface Refusal {
  readonly exit: number;
  readonly sentence: RegExp;
}

/** Runs what reads the file and what would write it. */
async function expectUntouched(file: string, { exit, sentence }: Refusal): Promise<void> {
  const before = await fingerprint(file);
  const commands = [keyLogin(), ['auth', 'token'], ['auth', 'logout']];
  for (const args of commands.slice(0, sized({ small: 1, full: 3 }))) {
    const result = await runMira(args, {
      home,
      stdin: args.includes('login') ? platform.mintKey() : undefined,
    });
    const what = args.join(' ');
    expect(refusalIn(result, exit), what).toMatch(sentence);
    expect(await fingerprint(file), what).toEqual(before);
  }
}

async function fingerprint(file: string): Promise<unknown> {
  const { ino, mode, size, mtimeMs, uid } = await lstat(file).catch(() => ({
    ino: 0,
    mode: 0,
    size: 0,
    mtimeMs: 0,
    uid: 0,
  }));
  return { ino, mode, size, mtimeMs, uid };
}

/** Runs `work` with a copy of the file at hand, and puts the file back as it was. */
async function withFile(
  work: (aside: string) => Promise<void>,
  file = pathsOf(home).credentialsFile,
): Promise<void> {
  const aside = join(home.path, 'tmp', 'aside');
  await cp(file, aside);
  try {
    await work(aside);
  } finally {
    await rm(file, { recursive: true, force: true });
    await cp(aside, file);
    await chmod(file, 0o600);
  }
}

/** As fast as it can, the file is in turn itself and a link. */
function startExchanging({ file, aside, link }: Place & { readonly link: string }): {
  stop(): Promise<void>;
} {
  const next = `${file}.next`;
  const state = { on: true };
  const exchange = async (): Promise<void> => {
    while (state.on) {
      await symlink(link, next);
      await rename(next, file);
      await cp(aside, next);
      await rename(next, file);
    }
  };
  const exchanging = exchange();
  return {
    stop: () => {
      state.on = false;
      return exchanging;
    },
  };
}

async function copyWithMode({ file, aside }: Place, mode: number): Promise<void> {
  await cp(aside, file);
  await chmod(file, mode);
}

async function giveAway({ file, aside }: Place): Promise<void> {
  await cp(aside, file);
  await chown(file, NOBODY, NOBODY);
}

async function keepKey(of: IsolatedHome, env: Environment = {}): Promise<RunResult> {
  return runMira(keyLogin(), { home: of, env, stdin: platform.mintKey() });
}

/** What is listed without the key stands in the clear, and is bound to what is sealed. */
async function keepToken(of: IsolatedHome, env: Environment = {}): Promise<RunResult> {
  const args = ['tokens', 'add', '--label', 'github', '--env', 'GITHUB_TOKEN', '--expires', '90d'];
  return runMira(args, { home: of, env, stdin: drawnKey.github('tampered') });
}

function keyLogin(): readonly string[] {
  return ['auth', 'login', '--with-key', '--storage', 'file', '--api-url', platform.apiUrl];
}

interface Changed {
  readonly what: string;
  readonly bytes: Uint8Array;
}

function* flips(whole: Uint8Array, stride: number): Generator<Changed> {
  for (let bit = 0; bit < whole.length * 8; bit += stride) {
    const bytes = Uint8Array.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield { what: `bit ${bit}`, bytes };
  }
}

function* cuts(whole: Uint8Array): Generator<Changed> {
  for (let length = 0; length < whole.length; length += 1)
    yield { what: `length ${length}`, bytes: whole.subarray(0, length) };
}

/** Noise, JSON of any shape, and the real thing with bytes, a stretch or a value exchanged. */
function anyContent(ours: Buffer): fc.Arbitrary<Uint8Array> {
  const at = fc.nat(ours.length - 1);
  const edited = fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 8 }).map((edits) => {
    const bytes = Uint8Array.from(ours);
    for (const [place, byte] of edits) bytes[place] = byte;
    return bytes;
  });
  const spliced = fc
    .tuple(at, at, at)
    .map(([one, two, place]) =>
      Buffer.concat([ours.subarray(0, place), ours.subarray(one, two), ours.subarray(place)]),
    );
  const exchanged = fc
    .tuple(fc.nat(99), fc.jsonValue())
    .map(([place, value]) =>
      Buffer.from(`${JSON.stringify(withValue(JSON.parse(ours.toString()), { place, value }))}\n`),
    );
  return fc
    .oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.json().map((text) => Buffer.from(text)),
      edited,
      spliced,
      exchanged,
    )
    .filter((bytes) => !ours.equals(bytes));
}

/** The object with one of its values, however deep, replaced. */
function withValue(object: object, { place, value }: { place: number; value: unknown }): object {
  const places: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const walk = (holder: object): void => {
    for (const [key, inner] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      if (typeof inner === 'object' && inner !== null) walk(inner);
    }
  };
  walk(object);
  const chosen = places[place % places.length];
  if (chosen !== undefined) chosen.holder[chosen.key] = value;
  return object;
}

function isRefusal(error: unknown): boolean {
  return error instanceof MiraError && [2, 10, 11].includes(error.exitCode);
}

function nameOf(entry: unknown): string {
  return typeof entry === 'object' && entry !== null && 'name' in entry ? String(entry.name) : '';
}
