import type { Context } from '../context.ts';
import { MiraError } from '../errors.ts';
import { chooseVariables } from '../vault/choose-variables.ts';
import type { Variable } from '../vault/choose-variables.ts';
import { baseVariables, isOwnSecret } from '../vault/child-variables.ts';
import { requireVariableName } from '../vault/variable-names.ts';
import type { EnvEntry } from '../vault/env-file.ts';
import { valueCommand } from './define.ts';
import type { Input } from './define.ts';
import { checkTable } from './run/check-table.ts';
import { choiceFailure } from './run/choice-failure.ts';
import { readEnvFiles } from './run/env-files.ts';
import { readNames, readRenames, readVariables } from './run/names.ts';
import type { RunRequest } from './run/run-with.ts';
import { readSources, refuseOtherNames } from './run/stored-sources.ts';

const options = {
  only: {
    kind: 'list',
    flags: '--only <labels>',
    summary: 'only these tokens (labels, with commas between them; `aws`: the credentials of AWS)',
  },
  as: {
    kind: 'list',
    flags: '--as <NAME=label>',
    summary: 'give a token to the program under this name, not under its own',
  },
  envFile: {
    kind: 'list',
    flags: '--env-file <path>',
    summary: 'file of NAME=value and NAME=mira://LABEL lines; the last file wins',
  },
  // Node takes `--env-file` for its own wherever it stands on a line, and obeys NODE_OPTIONS in the file before mira can
  // refuse it (nodejs/node#54232).
  envFrom: {
    kind: 'list',
    flags: '--env-from <path>',
    summary: 'the same, for a file that you do not trust: Node obeys NODE_OPTIONS in an --env-file',
  },
  cleanEnv: {
    kind: 'flag',
    flags: '--clean-env',
    summary: 'of your environment, only PATH, HOME, TERM, LANG and their like',
  },
  preserveEnv: {
    kind: 'list',
    flags: '--preserve-env <names>',
    summary: 'variables of your environment that stay as they are',
  },
  allowName: {
    kind: 'list',
    flags: '--allow-name <names>',
    summary: 'set these names although they change how programs load or run',
  },
  allowExpired: { kind: 'flag', flags: '--allow-expired', summary: 'give tokens that have expired, too' },
  noMasking: {
    kind: 'flag',
    flags: '--no-masking',
    summary: 'leave stored values in output that does not go to a terminal',
  },
  check: {
    kind: 'flag',
    flags: '--check',
    summary: 'run nothing: print which variable would come from which token',
  },
} as const;

type RunInput = Input<typeof options>;

type Outcome =
  | { readonly kind: 'ended'; readonly status: number }
  | {
      readonly kind: 'checked';
      readonly variables: readonly Variable[];
      readonly failure: MiraError | undefined;
    };

export const run = valueCommand<typeof options, Outcome>({
  summary: 'Run a program with tokens in its environment',
  description:
    'Run a program with the stored tokens in its environment, each under the variable it is for; all of them, or those of --only. ' +
    'A token wins over a variable of the same name (--preserve-env keeps yours), --as over an env file, and that over a token under its own name. ' +
    "mira's own credentials are taken out. The program has your terminal, your input and your signals, and its exit status is passed on " +
    '(126: cannot be run, 127: not found, 128 + n: ended by signal n). Stored values are masked in what it writes to a pipe or a file, ' +
    'not in what goes to a terminal.',
  arguments: [{ syntax: '[-- command...]', summary: 'the program and its arguments' }],
  options,
  examples: [
    { command: 'mira run -- npm start', shows: 'with all tokens' },
    { command: 'mira run --only github-work -- gh pr list', shows: 'with one' },
    { command: 'mira run --as OPENAI_API_KEY=team-key -- ./ask.py', shows: 'under another name' },
    { command: 'mira run --env-file .env -- docker compose up', shows: 'with mira://LABEL references' },
    { command: 'mira run --only aws -- aws s3 ls', shows: 'the credentials of AWS' },
    { command: 'mira run --check --json', shows: 'what would be set, without any value' },
  ],
  run: async (context, input) => {
    const [command, ...args] = input.args;
    if (!input.options.check && command === undefined) {
      throw new MiraError('invalid_usage', 'The program to run is missing.', {
        hint: 'It stands after two dashes: mira run -- env',
      });
    }
    const { failure, ...chosen } = await choose(context, input);
    if (command === undefined || input.options.check)
      return { kind: 'checked', variables: chosen.choice.variables, failure };
    if (failure !== undefined) throw failure;
    const { runWith } = await import('./run/run-with.ts');
    const masking = !input.options.noMasking;
    return { kind: 'ended', status: await runWith(context, { ...chosen, command, args, masking }) };
  },
  human: (outcome, style) => (outcome.kind === 'checked' ? checkTable(outcome.variables, style) : ''),
  json: (outcome) => ({
    schema: 'mira.run.check/1',
    variables:
      outcome.kind === 'checked'
        ? outcome.variables.map(({ env = null, label = null, status }) => ({ env, label, status }))
        : [],
  }),
  exitCode: (outcome) => (outcome.kind === 'ended' ? outcome.status : 0),
  failure: (outcome) => (outcome.kind === 'checked' ? outcome.failure : undefined),
  refuseJson: ({ options: { check } }) =>
    check
      ? undefined
      : new MiraError('invalid_usage', '--json goes with --check: what a program prints is its own.', {
          hint: 'Leave out --json, or put it behind the program if it is meant for that: mira run -- gh api user --json',
        }),
});

interface Chosen extends Pick<RunRequest, 'choice' | 'hasAws' | 'base' | 'preserved'> {
  readonly failure: MiraError | undefined;
}

async function choose(context: Context, { options: given }: RunInput): Promise<Chosen> {
  const { platform } = context;
  const preserved = readVariables(given.preserveEnv, '--preserve-env');
  const allowed = readVariables(given.allowName, '--allow-name');
  const parent = context.inherited.env;
  // Credentials of mira's own are dangerous names like others, also where they would only stay.
  for (const name of preserved.filter(isOwnSecret)) requireVariableName(name, { platform, allowed });
  const base = baseVariables({ parent, clean: given.cleanEnv, preserved, platform });
  const renamed = readRenames(given.as, platform);
  const entries = [
    ...(await readEnvFiles({ files: given.envFile, option: '--env-file' })),
    ...(await readEnvFiles({ files: given.envFrom, option: '--env-from' })),
  ];
  const stored = await readSources(await context.vault());
  const { sources, hasAws } = stored;
  refuseOtherNames([...renamed.map(({ label }) => label), ...entries.flatMap(labelIn)], stored);
  const choice = chooseVariables({
    sources,
    only: given.only.length === 0 ? undefined : readNames(given.only),
    renamed,
    entries,
    present: new Set(base.keys()),
    preserved,
    allowed,
    allowExpired: given.allowExpired,
    now: context.now(),
    platform,
  });
  const labels = sources.map(({ label }) => label);
  return { choice, failure: choiceFailure({ choice, labels, platform }), base, hasAws, preserved };
}

function labelIn({ value }: EnvEntry): readonly string[] {
  return value.kind === 'token' ? [value.label] : [];
}
