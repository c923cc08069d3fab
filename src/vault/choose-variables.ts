/**
 * Which stored secret goes into which variable of a child. What is said on the command line wins over an env file, and
 * that over the variable a token was stored for; two that are left for one variable are a conflict.
 */
import type { EnvEntry } from './env-file.ts';
import { isDangerousName } from './variable-names.ts';

/** Something stored: a token with its one variable, or a record that fills several. */
export interface Source {
  readonly label: string;
  readonly variables: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
}

export interface Wish {
  readonly sources: readonly Source[];
  /** Labels, or undefined for all there are. */
  readonly only: readonly string[] | undefined;
  /** Variables of other names than the tokens were stored for. */
  readonly renamed: readonly { readonly name: string; readonly label: string }[];
  /** Of all env files, one after the other. */
  readonly entries: readonly EnvEntry[];
  /** What the child would have without the vault. */
  readonly present: ReadonlySet<string>;
  /** Variables that keep the value they have. */
  readonly preserved: readonly string[];
  /** Dangerous names that are wanted all the same. */
  readonly allowed: readonly string[];
  readonly allowExpired: boolean;
  readonly now: number;
  readonly platform: NodeJS.Platform;
}

export type Status = 'ok' | 'preserved' | 'missing' | 'expired' | 'conflict' | 'refused';

export interface Variable {
  /** Undefined for a label that is not there, whose variable nobody knows. */
  readonly env: string | undefined;
  /** Undefined for a line of an env file that is no reference. */
  readonly label: string | undefined;
  readonly status: Status;
  readonly expiresAt?: number | undefined;
}

export interface Choice {
  /** By the name of the variable. */
  readonly variables: readonly Variable[];
  /** Lines of env files that are no references, the last of each name. */
  readonly texts: ReadonlyMap<string, string>;
}

export function chooseVariables(wish: Wish): Choice {
  const { known, fold } = readWish(wish);
  const lines = new Map(wish.entries.map((entry) => [fold(entry.name), entry]));
  const texts = new Map<string, string>();
  for (const { name, value } of lines.values()) if (value.kind === 'text') texts.set(name, value.text);

  const candidates = collectCandidates(wish, { known, lines });
  const present = new Set([...wish.present, ...texts.keys()].map(fold));
  const isKept = (env: string): boolean =>
    present.has(fold(env)) && wish.preserved.some((name) => fold(name) === fold(env));

  const variables: Variable[] = [];
  for (const [env, group] of Map.groupBy(candidates, (each) =>
    each.env === undefined ? '' : fold(each.env),
  )) {
    if (env === '')
      variables.push(...group.map(({ label }) => ({ env: undefined, label, status: 'missing' as const })));
    else variables.push(...decide(group, { wish, known, isKept }));
  }
  for (const name of texts.keys()) {
    if (isRefused(name, wish)) variables.push({ env: name, label: undefined, status: 'refused' });
  }
  return { variables: variables.sort(byName), texts };
}

/** On Windows the case of a name does not matter. */
function readWish({ sources, platform }: Wish): {
  readonly known: ReadonlyMap<string, Source>;
  readonly fold: (name: string) => string;
} {
  return {
    known: new Map(sources.map((source) => [source.label, source])),
    fold: platform === 'win32' ? (name) => name.toUpperCase() : (name) => name,
  };
}

interface Candidate {
  readonly env: string | undefined;
  readonly label: string;
  readonly rank: number;
}

const RANK = { stored: 1, asked: 2, renamed: 3 };

function collectCandidates(
  { sources, only, renamed }: Wish,
  read: { readonly known: ReadonlyMap<string, Source>; readonly lines: ReadonlyMap<string, EnvEntry> },
): readonly Candidate[] {
  const moved = new Set(renamed.map(({ label }) => label));
  const chosen = (only ?? sources.map(({ label }) => label)).filter((label) => !moved.has(label));
  const rank = only === undefined ? RANK.stored : RANK.asked;
  return [
    ...renamed.map(({ name, label }) => ({ env: name, label, rank: RANK.renamed })),
    ...[...read.lines.values()].flatMap(({ name, value }) =>
      value.kind === 'token' ? [{ env: name, label: value.label, rank: RANK.asked }] : [],
    ),
    ...[...new Set(chosen)].flatMap((label): readonly Candidate[] => {
      const source = read.known.get(label);
      if (source === undefined) return [{ env: undefined, label, rank }];
      return source.variables.map((env) => ({ env, label, rank }));
    }),
  ];
}

interface Decision {
  readonly wish: Wish;
  readonly known: ReadonlyMap<string, Source>;
  readonly isKept: (env: string) => boolean;
}

/** Of all that are for one variable. */
function decide(group: readonly Candidate[], { wish, known, isKept }: Decision): readonly Variable[] {
  const best = Math.max(...group.map(({ rank }) => rank));
  const left = new Map(group.filter(({ rank }) => rank === best).map((each) => [each.label, each]));
  return [...left.values()]
    .slice(0, isKept(group[0]?.env ?? '') ? 1 : undefined)
    .map(({ env = '', label }) => {
      const source = known.get(label);
      const expiresAt = source?.expiresAt;
      const statusOf = (): Status => {
        if (isKept(env)) return 'preserved';
        if (left.size > 1) return 'conflict';
        if (source === undefined) return 'missing';
        if (isRefused(env, wish)) return 'refused';
        return expiresAt !== undefined && expiresAt <= wish.now && !wish.allowExpired ? 'expired' : 'ok';
      };
      return { env, label, status: statusOf(), ...(expiresAt === undefined ? {} : { expiresAt }) };
    });
}

function isRefused(name: string, { platform, allowed }: Wish): boolean {
  return isDangerousName(name, platform) && !allowed.includes(name);
}

function byName(one: Variable, other: Variable): number {
  const names = [one, other].map(({ env = '', label = '' }) => `${env}\0${label}`);
  return (names[0] ?? '') < (names[1] ?? '') ? -1 : 1;
}
