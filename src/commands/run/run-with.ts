import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { awsVariables, readAwsRecord } from '../../vault/aws-record.ts';
import type { Choice } from '../../vault/choose-variables.ts';
import { SHORTEST_MASKED } from '../../vault/secret-forms.ts';
import type { RecordName } from '../../vault/sealed-records.ts';
import type { OpenVault, StoredSecret, Vault } from '../../vault/vault.ts';
import { AWS_LABEL, AWS_RIVALS } from './stored-sources.ts';

export interface RunRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** With nothing in it that stands in the way. */
  readonly choice: Choice;
  /** The label `aws` stands for the credentials of AWS. */
  readonly hasAws: boolean;
  /** Variables that keep the value they have. */
  readonly preserved: readonly string[];
  /** What the program has without the vault. */
  readonly base: ReadonlyMap<string, string>;
  readonly masking: boolean;
}

/** Runs the program with what was chosen. @returns its exit status */
export async function runWith(context: Context, request: RunRequest): Promise<number> {
  const { io, inherited, elapsed, log } = context;
  requireUnobserved(context);
  // The library that starts the program is read while the vault is opened.
  const loading = Promise.all([import('../../vault/run-child.ts'), import('../../vault/masker.ts')]);
  const vault = await context.vault();
  const masked = request.masking
    ? ([1, 2] as const).filter((each) => !outputOf(context, each).isTerminal)
    : [];
  const labels = tokenLabels(request);
  const needsVault = masked.length > 0 || request.choice.variables.length > 0;
  const opened = needsVault ? await vault.open(labels) : undefined;
  const secrets = masked.length === 0 ? [] : (opened?.secrets() ?? []).map(asShown);
  const env = await fillEnvironment(context, { request, vault, opened });
  const [{ runChild }, { createMasker }] = await loading;
  tellShort(context, secrets);
  const { command, args } = request;
  let marking = Promise.resolve();
  const status = await runChild({
    command,
    args,
    env: Object.fromEntries(env),
    masked: secrets.length === 0 ? [] : masked,
    createMasker: () => createMasker(secrets),
    hasTerminal: io.stdin.isTerminal || io.stdout.isTerminal || io.stderr.isTerminal,
    world: {
      ...inherited,
      elapsed,
      onStart: () => {
        log('run: started', { variables: request.choice.variables.length, masked: masked.join(' and ') });
        marking = vault.markUsed(labels);
      },
    },
  });
  await marking;
  return status;
}

/** @throws MiraError `inspected` */
function requireUnobserved({ inherited }: Context): void {
  if (!inherited.isInspected) return;
  throw new MiraError('inspected', 'mira itself runs under --inspect, where its memory can be read.', {
    hint: 'Give the option to the program alone: mira run -- env NODE_OPTIONS=--inspect node app.js',
  });
}

function outputOf({ io }: Context, descriptor: 1 | 2): { readonly isTerminal: boolean } {
  return descriptor === 1 ? io.stdout : io.stderr;
}

/** What is masked is named as it is asked for. */
function asShown(secret: StoredSecret): StoredSecret {
  return secret.kind === AWS_LABEL ? { ...secret, label: AWS_LABEL } : secret;
}

function tellShort(context: Context, secrets: readonly StoredSecret[]): void {
  const short = secrets.filter(({ value }) => Buffer.byteLength(value) < SHORTEST_MASKED);
  const labels = [...new Set(short.map(({ label }) => label))].join(', ');
  if (labels === '') return;
  context.notice(
    `Under ${SHORTEST_MASKED} characters nothing is masked in the output, which leaves out: ${labels}.`,
  );
}

function tokenLabels({ choice, hasAws }: RunRequest): readonly string[] {
  const chosen = choice.variables.flatMap(({ label, status }) =>
    status === 'ok' && label !== undefined ? [label] : [],
  );
  return [...new Set(chosen)].filter((label) => !hasAws || label !== AWS_LABEL);
}

interface Filling {
  readonly request: RunRequest;
  readonly vault: Vault;
  /** Undefined where nothing of it is needed. */
  readonly opened: OpenVault | undefined;
}

async function fillEnvironment(
  context: Context,
  { request, vault, opened }: Filling,
): Promise<Map<string, string>> {
  const { choice, base, hasAws, preserved } = request;
  const isKept = (name: string): boolean => base.has(name) && preserved.includes(name);
  const env = new Map([...base, ...[...choice.texts].filter(([name]) => !isKept(name))]);
  const chosen = choice.variables.filter(({ status }) => status === 'ok');
  const wantsAws = hasAws && chosen.some(({ label }) => label === AWS_LABEL);
  const { list } = vault.records;
  const read = async (name: RecordName): Promise<string | undefined> => opened?.record(name);
  const record = wantsAws ? await readAwsRecord({ list, read }) : undefined;
  const ofAws = record === undefined ? {} : awsVariables(record);
  if (record !== undefined) for (const name of AWS_RIVALS) if (!isKept(name)) env.delete(name);
  for (const { env: name = '', label = '' } of chosen) {
    const value = opened?.values.get(label) ?? ofAws[name];
    if (value === undefined) throw new MiraError('not_found', `There is no ${label} any more.`);
    const before = base.get(name);
    if (before !== undefined && before !== value) {
      context.notice(
        `${name} comes from ${label}, not from your environment (--preserve-env ${name} keeps yours).`,
      );
    }
    setVariable(env, { name, value, platform: context.platform });
  }
  return env;
}

interface Setting {
  readonly name: string;
  readonly value: string;
  readonly platform: NodeJS.Platform;
}

/** On Windows the case of a name does not matter, and two spellings of one name must not both be given. */
function setVariable(env: Map<string, string>, { name, value, platform }: Setting): void {
  if (platform === 'win32') {
    for (const each of [...env.keys()]) if (each.toUpperCase() === name.toUpperCase()) env.delete(each);
  }
  env.set(name, value);
}
