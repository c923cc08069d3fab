import { beforeAll, describe, expect, it } from 'vitest';
import { FOR_EVERYONE, OWNERS, PARTS, TOUCH_THE_WORLD, TYPES_ONLY } from '../../../lint/layers.ts';
import { lintTree } from '../../support/lint-tree.ts';
import type { Finding } from '../../support/lint-tree.ts';

/**
 * A rule that matches nothing looks exactly like clean code. So every row of lint/layers.ts gets faults planted
 * against it, in every form an import can take, beside files that do the same where it is allowed.
 */

const ROOT_FILES = new Set(['errors', 'log', 'signals', 'settings', 'context', 'io', 'program', 'main']);
const parts = Object.keys(PARTS);

/** The forms of an import, and whether it brings more than types. */
const FORMS = [
  {
    form: 'value',
    isType: false,
    code: (from: string) => `import { thing } from '${from}';\nexport const mine = thing;\n`,
  },
  { form: 're-export', isType: false, code: (from: string) => `export { thing } from '${from}';\n` },
  { form: 'lazy', isType: false, code: (from: string) => `export const load = () => import('${from}');\n` },
  {
    form: 'type',
    isType: true,
    code: (from: string) => `import type { Thing } from '${from}';\nexport type Mine = Thing;\n`,
  },
  { form: 'inline-type', isType: true, code: (from: string) => `export { type Thing } from '${from}';\n` },
  { form: 'type-of', isType: true, code: (from: string) => `export type Mine = typeof import('${from}');\n` },
] as const;

interface Plant {
  readonly file: string;
  readonly code: string;
  /** The message it must bring, or undefined where the same is allowed. */
  readonly fault: string | undefined;
}

const pathIn = (part: string, name: string) =>
  ROOT_FILES.has(part) ? `src/${part}.ts` : `src/${part}/${name}.ts`;

/** Part by part, because a part that is a file can hold one plant at a time only. */
function layerPlants(from: string, to: string): readonly Plant[] {
  return FORMS.map(({ form, isType, code }) => {
    const target = ROOT_FILES.has(to) ? `${to}.ts` : `${to}/thing.ts`;
    return {
      file: form,
      code: code(`${ROOT_FILES.has(from) ? './' : '../'}${target}`),
      fault: expectedFault(from, to, isType),
    };
  });
}

function expectedFault(from: string, to: string, isType: boolean): string | undefined {
  const row = PARTS[from];
  if (TYPES_ONLY.includes(from) && !isType) return `${from} holds types only and imports nothing else.`;
  if (FOR_EVERYONE.includes(to) || row?.may.includes(to) === true) return undefined;
  if (row?.types?.includes(to) === true)
    return isType ? undefined : `${from} may import types of ${to}, and nothing else of it.`;
  return `${from} may not import ${to}.`;
}

const inFolders = parts.filter((part) => !ROOT_FILES.has(part));
const inFiles = parts.filter((part) => ROOT_FILES.has(part));

describe('the layers', () => {
  let findings: readonly Finding[] = [];
  const plants = new Map<string, Plant>();
  for (const from of inFolders) {
    for (const to of parts.filter((part) => part !== from)) {
      for (const plant of layerPlants(from, to)) {
        plants.set(pathIn(from, `${to}-${plant.file}`), plant);
      }
    }
  }
  // A file of src can hold everything it may not do at once: one line a fault.
  const rootPlants = inFiles.map((from) => {
    const lines = parts.filter((to) => to !== from).flatMap((to) => layerPlants(from, to));
    const code = lines
      .map((plant, at) => plant.code.replaceAll(/\b(thing|Thing|mine|Mine|load)\b/g, `$1${at}`))
      .join('');
    return { file: pathIn(from, ''), code, faults: lines.flatMap((plant) => plant.fault ?? []) };
  });

  beforeAll(async () => {
    const files = [...plants].map(([path, plant]) => [path, plant.code] as const);
    const rootFiles = rootPlants.map(({ file, code }) => [file, code] as const);
    findings = await lintTree(Object.fromEntries([...files, ...rootFiles]));
  });

  const messagesFor = (path: string) =>
    findings
      .filter(({ file, rule }) => file === path && rule === 'mira(layers)')
      .map(({ message }) => message);

  it.each(inFolders)('of %s hold in every form of import', (from) => {
    const own = [...plants].filter(([path]) => path.startsWith(`src/${from}/`));
    const found = own.map(([path]) => [path, messagesFor(path)]);
    expect(found).toEqual(own.map(([path, plant]) => [path, plant.fault === undefined ? [] : [plant.fault]]));
  });

  it.each(rootPlants)('of $file hold in every form of import', ({ file, faults }) => {
    expect(messagesFor(file).toSorted()).toEqual(faults.toSorted());
  });

  it('are what the architecture says where it matters most', () => {
    const wrong = (path: string) => messagesFor(path).length;
    expect({
      'the store asks the network': wrong('src/store/api-value.ts'),
      'the network keeps things': wrong('src/api/store-lazy.ts'),
      'signing in draws on a terminal': wrong('src/auth/ui-value.ts'),
      'a conversation knows who you are': wrong('src/chat/auth-type.ts'),
      'the screen signs in by itself': wrong('src/ui/auth-lazy.ts'),
      'the screen names what signing in gives': wrong('src/ui/auth-type.ts'),
      'a command starts the program': wrong('src/commands/main-value.ts'),
      'a command uses a domain': wrong('src/commands/auth-lazy.ts'),
    }).toEqual({
      'the store asks the network': 1,
      'the network keeps things': 1,
      'signing in draws on a terminal': 1,
      'a conversation knows who you are': 1,
      'the screen signs in by itself': 1,
      'the screen names what signing in gives': 0,
      'a command starts the program': 1,
      'a command uses a domain': 0,
    });
  });

  it('let no part in that has no row', async () => {
    const found = await lintTree({ 'src/elsewhere/thing.ts': "export { thing } from '../errors.ts';\n" });
    expect(found.map(({ message }) => message)).toEqual([
      'lint/layers.ts has no row for elsewhere, so it may import nothing.',
    ]);
  });
});

describe('the owners of packages', () => {
  const packages = Object.entries(OWNERS);
  const ownFile = (owner: string) => owner.replace(/\/$/, '/thing.ts').replace(/\*$/, '-thing.ts');
  const lazy = (name: string) => `export const load = () => import('${name}');\n`;
  const plants = packages.map(([name, owners], at) => {
    // The part of the first owner, in another file: the strictest neighbour; a part of its own where the part owns it.
    const [owner = ''] = owners;
    const neighbour = owner.endsWith('/')
      ? `vault/other-${at}.ts`
      : `${owner.includes('/') ? owner.split('/')[0] : 'vault'}/other-${at}.ts`;
    return {
      name,
      owners,
      outside: `src/${neighbour}`,
      inside: owners.map((each) => `src/${ownFile(each)}`),
    };
  });
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    const files: Record<string, string> = {};
    for (const { name, outside, inside } of plants) {
      files[outside] = `${files[outside] ?? ''}${lazy(name)}`;
      for (const path of inside)
        files[path] = `${files[path] ?? ''}${lazy(name).replace('load', `load${files[path]?.length ?? ''}`)}`;
    }
    files['src/vault/deep.ts'] = "export type { Dispatcher } from 'undici/lib/dispatcher/agent.js';\n";
    files['src/vault/unknown.ts'] =
      "import type { Key } from '@scope/package/deep.js';\nexport type Mine = Key;\n";
    files['src/vault/built-in.ts'] = "export { join } from 'node:path';\n";
    findings = await lintTree(files);
  });

  const messagesFor = (path: string) =>
    findings
      .filter(({ file, rule }) => file === path && rule === 'mira(owners)')
      .map(({ message }) => message);

  it.each(plants)('keep $name to themselves', ({ name, owners, outside, inside }) => {
    expect(messagesFor(outside)).toEqual([`${name} belongs to ${owners.join(' and ')}.`]);
    for (const path of inside) expect([path, messagesFor(path)]).toEqual([path, []]);
  });

  it('are asked for a part of a package and for types too', () => {
    expect(messagesFor('src/vault/deep.ts')).toEqual(['undici belongs to api/http.ts and api/http/.']);
  });

  it('must exist', () => {
    expect(messagesFor('src/vault/unknown.ts')).toEqual(['@scope/package has no owner in lint/layers.ts.']);
    expect(messagesFor('src/vault/built-in.ts')).toEqual([]);
  });
});

describe('the world', () => {
  const faults = {
    process: { code: 'export const id = process.pid;\n', rule: 'eslint(no-restricted-globals)' },
    environment: {
      code: "export const home = process.env['HOME'];\n",
      rule: 'eslint(no-restricted-globals)',
    },
    'process-import': {
      code: "import process from 'node:process';\nexport const id = process.pid;\n",
      rule: 'mira(world)',
    },
    'env-import': {
      code: "import { env } from 'node:process';\nexport const home = env['HOME'];\n",
      rule: 'mira(world)',
    },
    clock: { code: 'export const now = () => Date.now();\n', rule: 'eslint(no-restricted-properties)' },
    'new-date': { code: 'export const now = () => new Date();\n', rule: 'mira(world)' },
    'date-call': { code: 'export const now = () => Date();\n', rule: 'mira(world)' },
    monotonic: {
      code: 'export const now = () => performance.now();\n',
      rule: 'eslint(no-restricted-properties)',
    },
    chance: { code: 'export const any = () => Math.random();\n', rule: 'eslint(no-restricted-properties)' },
    console: { code: "export const say = () => console.error('x');\n", rule: 'eslint(no-console)' },
  } as const;
  const allowed = [
    'export const at = (ms: number) => new Date(ms).toISOString();\n',
    "export { getBuiltinModule } from 'node:process';\n",
    'export const id = (process: { readonly pid: number }) => process.pid;\n',
  ];
  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    const planted = Object.entries(faults).map(([name, { code }]) => [`src/store/${name}.ts`, code] as const);
    const clean = allowed.map((code, at) => [`src/store/allowed-${at}.ts`, code] as const);
    const everything = `${faults.process.code}${faults.clock.code}${faults['new-date'].code.replace('now', 'today')}`;
    const exempt = TOUCH_THE_WORLD.map((file) => [`src/${file}`, everything] as const);
    findings = await lintTree(Object.fromEntries([...planted, ...clean, ...exempt]));
  });

  const rulesFor = (path: string) => findings.filter(({ file }) => file === path).map(({ rule }) => rule);

  it.each(Object.entries(faults))('is not reached by %s', (name, { rule }) => {
    expect(rulesFor(`src/store/${name}.ts`)).toEqual([rule]);
  });

  it('is handed in, which is no fault', () => {
    expect(allowed.map((_code, at) => rulesFor(`src/store/allowed-${at}.ts`))).toEqual(allowed.map(() => []));
  });

  it.each(TOUCH_THE_WORLD)('is open to %s', (file) => {
    expect(rulesFor(`src/${file}`)).toEqual([]);
  });
});
