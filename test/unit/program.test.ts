import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CATALOG, isGroup } from '../../src/commands/catalog.ts';
import type { Group, Leaf } from '../../src/commands/catalog.ts';
import { login } from '../../src/commands/auth/login.ts';
import { chat } from '../../src/commands/chat.ts';
import { MiraError } from '../../src/errors.ts';
import { asksForJson, parseCommandLine } from '../../src/program.ts';
import type { Globals, Parsed } from '../../src/program.ts';

const VERSION = '1.2.3';
const GOLDEN = new URL('../golden/help/', import.meta.url);

const DEFAULTS: Globals = {
  json: false,
  quiet: false,
  debug: false,
  input: true,
  color: undefined,
  profile: undefined,
};

/** Words separated by single spaces; what needs spaces inside is given as a list. */
function words(line: string | readonly string[]): readonly string[] {
  return typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
}

function parse(line: string | readonly string[]): Promise<Parsed> {
  return parseCommandLine(words(line), VERSION);
}

async function run(line: string | readonly string[]): Promise<Extract<Parsed, { kind: 'run' }>> {
  const parsed = await parse(line);
  if (parsed.kind !== 'run') throw new Error(`not a command to run: ${parsed.text}`);
  return parsed;
}

async function text(line: string | readonly string[]): Promise<Extract<Parsed, { kind: 'text' }>> {
  const parsed = await parse(line);
  if (parsed.kind !== 'text') throw new Error('not a text');
  return parsed;
}

async function complaint(
  line: string | readonly string[],
): Promise<readonly [string, number, string, string | undefined]> {
  try {
    await parse(line);
  } catch (error) {
    if (error instanceof MiraError) return [error.code, error.exitCode, error.message, error.hint];
    throw error;
  }
  throw new Error('the line was accepted');
}

describe('global options', () => {
  test.each([
    '--profile work --json -q --debug --no-input --color never auth status',
    'auth --profile work --json -q --debug --no-input --color never status',
    'auth status --profile work --json -q --debug --no-input --color never',
    'auth status --color=never --profile=work --no-input --debug --quiet --json',
    '--profile work auth --json -q status --debug --no-input --color never',
  ])('count wherever they stand: %s', async (line) => {
    expect((await run(line)).globals).toEqual({
      json: true,
      quiet: true,
      debug: true,
      input: false,
      color: 'never',
      profile: 'work',
    });
  });

  test('are off when they are not given', async () => {
    expect((await run('auth status')).globals).toEqual(DEFAULTS);
  });

  test('a profile that is named like a command is still a profile', async () => {
    const { globals, command } = await run('--profile auth chat hi');

    expect(globals).toEqual({ ...DEFAULTS, profile: 'auth' });
    expect(command).toBe(chat);
  });
});

describe('the options of a command', () => {
  const nothing = {
    model: undefined,
    provider: undefined,
    system: undefined,
    systemFile: undefined,
    file: [],
    image: [],
    maxTokens: undefined,
    temperature: undefined,
    timeout: undefined,
    retries: undefined,
    continue: false,
    resume: undefined,
    noSave: false,
    stream: false,
    force: false,
    allowSecrets: false,
    raw: false,
    schema: undefined,
    dryRun: false,
    plain: false,
  };

  test.each<[string | readonly string[], object, readonly string[]]>([
    ['chat', nothing, []],
    ['chat hi there', nothing, ['hi', 'there']],
    [['chat', 'hi there'], nothing, ['hi there']],
    ['chat hi -m mira-pro -s brief', { ...nothing, model: 'mira-pro', system: 'brief' }, ['hi']],
    ['chat --model=mira-pro hi', { ...nothing, model: 'mira-pro' }, ['hi']],
    ['chat -mmira-pro hi', { ...nothing, model: 'mira-pro' }, ['hi']],
    ['chat -qm mira-pro hi', { ...nothing, model: 'mira-pro' }, ['hi']],
    ['chat -f a.c -f b.c why', { ...nothing, file: ['a.c', 'b.c'] }, ['why']],
    ['chat -i a.png --image b.jpg why', { ...nothing, image: ['a.png', 'b.jpg'] }, ['why']],
    [
      'chat --max-tokens 7 --temperature 0.5 --timeout 1.5 --retries 0 hi',
      { ...nothing, maxTokens: 7, temperature: 0.5, timeout: 1.5, retries: 0 },
      ['hi'],
    ],
    ['chat --stream --force --plain hi', { ...nothing, stream: true, force: true, plain: true }, ['hi']],
    ['chat -c and then', { ...nothing, continue: true }, ['and', 'then']],
    ['chat -r 1rs0 --no-save hi', { ...nothing, resume: '1rs0', noSave: true }, ['hi']],
    ['chat -', nothing, ['-']],
    ['chat -- --json -m', nothing, ['--json', '-m']],
    ['chat hi -- -x', nothing, ['hi', '-x']],
  ])('%s', async (line, options, args) => {
    const { command, input } = await run(line);

    expect(command).toBe(chat);
    expect(input).toEqual({ options, args });
  });

  test('a flag that begins with --no- is true when it is given', async () => {
    const { command, input } = await run('auth login --no-browser');

    expect(command).toBe(login);
    expect(input.options).toMatchObject({ noBrowser: true, noCopy: false, withKey: false });
  });
});

describe('a line that cannot be understood', () => {
  test.each<[string | readonly string[], readonly [string, number, string, string | undefined]]>([
    [
      'chat --tokne=hunter2',
      ['unknown_option', 2, 'There is no option --tokne.', 'See what it takes: mira chat --help'],
    ],
    [
      'chat --tokne hunter2',
      ['unknown_option', 2, 'There is no option --tokne.', 'See what it takes: mira chat --help'],
    ],
    [
      'chat -khunter2',
      ['unknown_option', 2, 'There is no option -k.', 'See what it takes: mira chat --help'],
    ],
    ['--bogus', ['unknown_option', 2, 'There is no option --bogus.', 'See what it takes: mira --help']],
    [
      'auth login --storag file',
      ['unknown_option', 2, 'There is no option --storag.', 'Did you mean --storage?'],
    ],
    ['auth status --jsn', ['unknown_option', 2, 'There is no option --jsn.', 'Did you mean --json?']],
    ['chat --json=1', ['invalid_usage', 2, '--json takes no value.', 'See what it takes: mira chat --help']],
    [
      'auth login hunter2',
      [
        'invalid_usage',
        2,
        'There are more words on the line than the command takes.',
        'See what it takes: mira auth login --help',
      ],
    ],
    [
      'auth explain -- hunter2',
      [
        'invalid_usage',
        2,
        'There are more words on the line than the command takes.',
        'See what it takes: mira auth explain --help',
      ],
    ],
    ['auth logn', ['unknown_command', 2, 'There is no command `logn`.', 'Did you mean mira auth login?']],
    ['cht', ['unknown_command', 2, 'There is no command `cht`.', 'Did you mean mira chat?']],
    ['hunter2', ['unknown_command', 2, 'There is no such command.', 'See what there is: mira --help']],
    [
      'auth hunter2',
      ['unknown_command', 2, 'There is no such command.', 'See what there is: mira auth --help'],
    ],
    [
      'constructor',
      ['unknown_command', 2, 'There is no command `constructor`.', 'See what there is: mira --help'],
    ],
    ['__proto__', ['unknown_command', 2, 'There is no such command.', 'See what there is: mira --help']],
    [
      'help nonsense',
      ['unknown_command', 2, 'There is no command `nonsense`.', 'See what there is: mira --help'],
    ],
    [
      'auth lgin --help',
      ['unknown_command', 2, 'There is no command `lgin`.', 'Did you mean mira auth login?'],
    ],
    [
      'auth switch',
      ['invalid_usage', 2, 'Something is missing: name.', 'See what it takes: mira auth switch --help'],
    ],
    ['chat -m', ['invalid_usage', 2, '--model needs a value.', 'See what it takes: mira chat --help']],
    ['--profile', ['invalid_usage', 2, '--profile needs a value.', 'See what it takes: mira --help']],
    [
      'auth login --storage disk',
      [
        'invalid_input',
        2,
        '--storage takes one of: auto, keychain, file, memory.',
        'See what it takes: mira auth login --help',
      ],
    ],
    [
      '--color red chat',
      [
        'invalid_input',
        2,
        '--color takes one of: auto, always, never.',
        'See what it takes: mira chat --help',
      ],
    ],
    ['chat --temperature 2.1', ['invalid_input', 2, '--temperature takes a number from 0 to 2.', undefined]],
    ['chat --temperature=-1', ['invalid_input', 2, '--temperature takes a number from 0 to 2.', undefined]],
    ['chat --temperature 1e0', ['invalid_input', 2, '--temperature takes a number from 0 to 2.', undefined]],
    ['chat --temperature NaN', ['invalid_input', 2, '--temperature takes a number from 0 to 2.', undefined]],
    [
      ['chat', '--temperature', ''],
      ['invalid_input', 2, '--temperature takes a number from 0 to 2.', undefined],
    ],
    [
      'chat --max-tokens 1.5',
      ['invalid_input', 2, '--max-tokens takes a whole number from 1 to 1000000.', undefined],
    ],
    ['chat --retries 21', ['invalid_input', 2, '--retries takes a whole number from 0 to 20.', undefined]],
  ])('%s', async (line, expected) => {
    expect(await complaint(line)).toEqual(expected);
  });

  test('no value that was typed is ever repeated', async () => {
    const secret = ['hunter2', 'x'.repeat(30)].join('-');
    const lines = [
      `chat --bogus ${secret}`,
      `chat --bogus=${secret}`,
      `chat -k${secret}`,
      `auth login ${secret}`,
      `auth switch a ${secret}`,
      `auth login --storage ${secret}`,
      `auth ${secret}`,
      secret,
      `chat --temperature ${secret}`,
      `--color ${secret}`,
      `help ${secret}`,
    ];
    const said = await Promise.all(lines.map(complaint));

    expect(said.map((parts) => parts.join(' ')).filter((line) => line.includes('hunter2'))).toEqual([]);
  });
});

describe('asking for JSON', () => {
  test.each<[string, boolean]>([
    ['--json', true],
    ['auth status --json', true],
    ['--json --bogus', true],
    ['chat --bogus --json', true],
    ['chat hi', false],
    ['', false],
    ['chat -- --json', false],
    ['chat --jsonx', false],
    ['--json -- --json', true],
  ])('%j: %j', (line, expected) => {
    expect(asksForJson(words(line))).toBe(expected);
  });
});

describe('the version', () => {
  test.each(['--version', '-V', '--json --version', '--version --json', '-q -V'])('%s', async (line) => {
    expect(await text(line)).toEqual({
      kind: 'text',
      text: '1.2.3\n',
      object: { schema: 'mira.version/1', version: '1.2.3' },
    });
  });
});

describe('help', () => {
  const pages = [...paths(CATALOG)];

  test.each(pages)('of `%s` reads as it was reviewed', async (path) => {
    const { text: page } = await text([...words(path), '--help']);

    await expect(page).toMatchFileSnapshot(fileURLToPath(new URL(fileOf(path, 'txt'), GOLDEN)));
  });

  test.each(pages)('of `%s` is an object with --json', async (path) => {
    const { object } = await text([...words(path), '--help', '--json']);

    await expect(`${JSON.stringify(object, undefined, 2)}\n`).toMatchFileSnapshot(
      fileURLToPath(new URL(fileOf(path, 'json'), GOLDEN)),
    );
  });

  test('pages that were reviewed all belong to a command', async () => {
    const expected = pages.flatMap((path) => [fileOf(path, 'txt'), fileOf(path, 'json')]);

    expect((await readdir(GOLDEN)).toSorted()).toEqual(expected.toSorted());
  });

  test.each([
    ['', '--help'],
    ['', '-h'],
    ['', 'help'],
    ['', 'help --json'],
    ['auth', 'auth'],
    ['auth', 'help auth'],
    ['auth login', 'help auth login'],
    ['auth login', 'auth -h login'],
    ['chat', 'help chat'],
    ['chat', '--json help chat'],
    ['chat', 'chat hi -m x --help'],
    ['help', 'help help'],
  ])('of `%s` is also: %s', async (path, line) => {
    expect((await text(line)).text).toBe((await text([...words(path), '--help'])).text);
  });

  test('the table of exit codes is a command below it, wherever --json stands', async () => {
    const lines = ['help exit-codes', 'help --json exit-codes', '--json help exit-codes'];
    const parsed = await Promise.all(lines.map(run));

    expect(new Set(parsed.map(({ command }) => command)).size).toBe(1);
    expect(parsed.map(({ globals }) => globals.json)).toEqual([false, true, true]);
  });

  test('every example is a line that can be typed', async () => {
    for (const path of pages) {
      const { object } = await text([...words(path), '--help']);
      const examples = object['examples'] as readonly { readonly command: string }[];
      for (const { command } of examples) await expect(parse(typed(command)), command).resolves.toBeDefined();
    }
  });
});

/** Every command and group by its words; the root is ''. */
function* paths(node: Leaf | Group, path: readonly string[] = []): Generator<string> {
  yield path.join(' ');
  if (!isGroup(node)) return;
  for (const [name, child] of Object.entries(node.commands)) yield* paths(child, [...path, name]);
}

function fileOf(path: string, extension: string): string {
  return `${['mira', ...words(path)].join('-')}.${extension}`;
}

/** The arguments of mira in an example, without what the shell does with the rest of the line. */
function typed(example: string): readonly string[] {
  const line = /\bmira ([^|<>)]*)/.exec(example)?.[1] ?? '';
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}
