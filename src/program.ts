/**
 * Reads a command line: finds the command in the catalog, loads its one module, and lets commander parse by
 * the options declared there. Commander never prints or exits; what it says is turned into our own words,
 * without the values that were typed, since those may be secrets.
 */
import { Command as Parser, CommanderError, Option } from 'commander';
import { CATALOG, isGroup } from './commands/catalog.ts';
import type { Group, Leaf } from './commands/catalog.ts';
import type { Command, Input, JsonObject, OptionSpec, OptionSpecs } from './commands/define.ts';
import { MiraError } from './errors.ts';

export interface Globals {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  readonly input: boolean;
  readonly color: string | undefined;
  readonly profile: string | undefined;
}

export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly input: Input<OptionSpecs>;
      readonly globals: Globals;
    }
  | { readonly kind: 'text'; readonly text: string; readonly object: JsonObject };

const GLOBAL_OPTIONS: readonly Option[] = [
  new Option('--json', 'print JSON only, on success and on failure'),
  new Option('-q, --quiet', 'hide chatter, never errors'),
  new Option('--profile <name>', 'profile to use (MIRA_PROFILE)'),
  new Option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']),
  new Option('--no-input', 'never ask; fail instead (MIRA_NO_INPUT)'),
  new Option('--debug', 'print what happens to stderr, without secrets (MIRA_LOG=debug)'),
];

/** Does the line ask for JSON? Counts also when the rest of it cannot be parsed (cli.md 1.4). */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** @throws MiraError `invalid_usage`, `unknown_option`, `unknown_command`, `invalid_input` (exit 2) */
export async function parseCommandLine(argv: readonly string[], version: string): Promise<Parsed> {
  const line = withoutHelpWord(argv);
  const { path, node, stranger } = locate(line);
  if (isGroup(node)) return parseGroup({ path, node, line, stranger, version });
  const command = await node.load();
  return parseLeaf({ path, command, line });
}

/** `mira help chat` means `mira chat --help`; what `help` has of its own is a command like any other. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  const { path, node, at, stranger } = locate(argv);
  const meansAnother = path.length === 1 && path[0] === 'help' && isGroup(node);
  if (!meansAnother || (!stranger && argv.some(isHelpOption))) return argv;
  return [...argv.toSpliced(at, 1), '--help'];
}

interface Located {
  readonly path: readonly string[];
  readonly node: Leaf | Group;
  /** Where the last word of the path stands on the line. */
  readonly at: number;
  /** The path is followed by a word that is no command. */
  readonly stranger: boolean;
}

/** Walks the words of the line down the catalog, over global options that stand before the command. */
function locate(line: readonly string[]): Located {
  let node: Leaf | Group = CATALOG;
  const path: string[] = [];
  let found = 0;
  for (let at = 0; at < line.length && isGroup(node); at += 1) {
    const word = line[at] ?? '';
    if (word === '--') break;
    if (word === '--profile' || word === '--color') at += 1;
    if (word.startsWith('-')) continue;
    const next: Leaf | Group | undefined = Object.hasOwn(node.commands, word)
      ? node.commands[word]
      : undefined;
    if (!next) return { path, node, at: found, stranger: true };
    path.push(word);
    node = next;
    found = at;
  }
  return { path, node, at: found, stranger: false };
}

interface GroupLine {
  readonly path: readonly string[];
  readonly node: Group;
  readonly line: readonly string[];
  readonly stranger: boolean;
  readonly version: string;
}

/** A line that ends at a group asks for its help, or names something that is not there. */
function parseGroup({ path, node, line, stranger, version }: GroupLine): Parsed {
  const { root, at } = skeleton(path);
  for (const [name, child] of Object.entries(node.commands)) {
    at.addCommand(silent(new Parser(name)).description(child.summary));
  }
  // Help is given before a word is looked at, so with a word that is no command it must not be asked for.
  parseWith({ root, path, line: stranger ? line.filter((word) => !isHelpOption(word)) : line });
  if (root.getOptionValue('version') === true)
    return { kind: 'text', text: `${version}\n`, object: { schema: 'mira.version/1', version } };
  return helpOf({ at, path, summary: node.summary });
}

function isHelpOption(word: string): boolean {
  return word === '-h' || word === '--help';
}

interface LeafLine {
  readonly path: readonly string[];
  readonly command: Command;
  readonly line: readonly string[];
}

function parseLeaf({ path, command, line }: LeafLine): Parsed {
  const { root, at } = skeleton(path);
  at.description(command.description ?? command.summary);
  at.allowExcessArguments(false);
  for (const argument of command.arguments ?? []) at.argument(argument.syntax, argument.summary);
  for (const spec of Object.values(command.options)) at.addOption(toOption(spec));
  at.addHelpText('after', examplesText(command));
  at.action(() => {});
  const askedForHelp = parseWith({ root, path, line });
  if (askedForHelp) return helpOf({ at, path, summary: command.summary, command });
  return { kind: 'run', command, input: readInput(at, command), globals: readGlobals(root) };
}

/** The parsers for `mira` and every word of the path; the last one is the one to fill. */
function skeleton(path: readonly string[]): { readonly root: Parser; readonly at: Parser } {
  const root = silent(new Parser('mira'));
  for (const option of GLOBAL_OPTIONS) root.addOption(option);
  if (path.length === 0) {
    root.description(CATALOG.summary).option('-V, --version', 'print the version');
    root.addHelpText('after', ROOT_HELP);
  }
  let at = root;
  let node: Leaf | Group = CATALOG;
  for (const word of path) {
    if (isGroup(node)) node = node.commands[word] ?? node;
    const child = silent(new Parser(word)).description(node.summary);
    at.addCommand(child);
    at = child;
  }
  return { root, at };
}

const ROOT_HELP = `
Examples:
  mira auth login                          sign in with a code in the browser
  mira chat                                open the chat
  mira chat "Explain device codes"         ask one question
  git diff | mira chat "Write a commit message"
  mira auth status --json                  who is signed in, for a script

Exit codes: mira help exit-codes`;

/** What commander would find out about the streams by loading them: nothing of it is used. */
const NO_OUTPUT = {
  writeOut: () => {},
  writeErr: () => {},
  outputError: () => {},
  getOutHelpWidth: () => HELP_WIDTH,
  getErrHelpWidth: () => HELP_WIDTH,
  getOutHasColors: () => false,
  getErrHasColors: () => false,
};

const HELP_WIDTH = 100;

function silent(parser: Parser): Parser {
  return parser
    .exitOverride()
    .helpCommand(false)
    .configureOutput(NO_OUTPUT)
    .configureHelp({ showGlobalOptions: true, helpWidth: HELP_WIDTH })
    .helpOption('-h, --help', 'show this help');
}

function toOption(spec: OptionSpec): Option {
  const summary = spec.env === undefined ? spec.summary : `${spec.summary} (${spec.env})`;
  const option = new Option(spec.flags, summary);
  if (spec.kind === 'text' && spec.choices) option.choices([...spec.choices]);
  if (spec.kind === 'list')
    option.argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  return option;
}

function examplesText(command: Command): string {
  if (command.examples.length === 0) return '';
  const width = Math.max(...command.examples.map((example) => example.command.length));
  return `\nExamples:\n${command.examples.map((example) => `  ${example.command.padEnd(width)}  ${example.shows}`).join('\n')}`;
}

/** Parses, and says whether the line asked for help. */
function parseWith({
  root,
  path,
  line,
}: {
  readonly root: Parser;
  readonly path: readonly string[];
  readonly line: readonly string[];
}): boolean {
  try {
    root.parse([...line], { from: 'user' });
    return false;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed' || error.code === 'commander.help') return true;
    throw usageError(error, ['mira', ...path].join(' '));
  }
}

interface HelpPage {
  readonly at: Parser;
  readonly path: readonly string[];
  readonly summary: string;
  readonly command?: Command;
}

function helpOf({ at, path, summary, command }: HelpPage): Parsed {
  let text = '';
  at.configureOutput({ writeOut: (part) => (text += part) });
  at.outputHelp();
  const help = at.createHelp();
  const object: JsonObject = {
    schema: 'mira.help/1',
    command: ['mira', ...path].join(' '),
    summary,
    usage: help.commandUsage(at),
    options: [...help.visibleOptions(at), ...GLOBAL_OPTIONS.filter(() => path.length > 0)].map((option) => ({
      flags: option.flags,
      summary: option.description,
    })),
    commands: help.visibleCommands(at).map((child) => ({ name: child.name(), summary: child.description() })),
    examples: command?.examples ?? [],
  };
  return { kind: 'text', text, object };
}

function readInput(at: Parser, command: Command): Input<OptionSpecs> {
  const given = at.opts<Readonly<Record<string, unknown>>>();
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, spec]) => [
      name,
      readOption(spec, given[toOption(spec).attributeName()]),
    ]),
  );
  return { options, args: at.args };
}

function readOption(
  spec: OptionSpec,
  value: unknown,
): boolean | number | string | readonly string[] | undefined {
  switch (spec.kind) {
    case 'flag':
      // `--no-x` is true unless it is given; the specification's name says what true means: noX.
      return spec.flags.startsWith('--no-') ? value === false : value === true;
    case 'list':
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'number':
      return typeof value === 'string' ? readNumber(spec, value) : undefined;
  }
}

function readNumber(spec: OptionSpec & { readonly kind: 'number' }, text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= spec.least && value <= spec.most && (spec.whole !== true || Number.isInteger(value)))
    return value;
  const kind = spec.whole === true ? 'a whole number' : 'a number';
  throw new MiraError(
    'invalid_input',
    `${optionName(spec.flags)} takes ${kind} from ${spec.least} to ${spec.most}.`,
  );
}

function readGlobals(root: Parser): Globals {
  const given = root.opts<Readonly<Record<string, unknown>>>();
  return {
    json: given['json'] === true,
    quiet: given['quiet'] === true,
    debug: given['debug'] === true,
    input: given['input'] !== false,
    color: typeof given['color'] === 'string' ? given['color'] : undefined,
    profile: typeof given['profile'] === 'string' ? given['profile'] : undefined,
  };
}

/* ── Commander's complaints in our own words ── */

function usageError(error: CommanderError, command: string): MiraError {
  const hint = `See what it takes: ${command} --help`;
  const named = optionName(/'([^']*)'/.exec(error.message)?.[1] ?? '');
  const similar = /Did you mean (?:one of )?([^?]+)\?/.exec(error.message)?.[1];
  const suggestion = similar === undefined ? undefined : `Did you mean ${similar}?`;
  switch (error.code) {
    case 'commander.unknownOption':
      // A flag with a value glued to it is unknown too, and then the most similar option is the flag itself.
      if (similar === named) return new MiraError('invalid_usage', `${named} takes no value.`, { hint });
      return new MiraError('unknown_option', `There is no option ${named}.`, { hint: suggestion ?? hint });
    case 'commander.unknownCommand':
      return new MiraError('unknown_command', `There is no ${typedWord(error.message)}.`, {
        hint:
          similar === undefined
            ? `See what there is: ${command} --help`
            : `Did you mean ${command} ${similar}?`,
      });
    case 'commander.optionMissingArgument':
      return new MiraError('invalid_usage', `${named} needs a value.`, { hint });
    case 'commander.missingArgument':
      return new MiraError('invalid_usage', `Something is missing: ${named}.`, { hint });
    case 'commander.excessArguments':
      return new MiraError('invalid_usage', 'There are more words on the line than the command takes.', {
        hint,
      });
    case 'commander.invalidArgument': {
      const choices = /Allowed choices are ([^.]+)\./.exec(error.message)?.[1];
      return new MiraError(
        'invalid_input',
        choices === undefined
          ? `${named} has a value it does not take.`
          : `${named} takes one of: ${choices}.`,
        { hint },
      );
    }
    default:
      return new MiraError('invalid_usage', 'The command line could not be understood.', { hint });
  }
}

/** The name of an option as it may be repeated: without a value that was glued to it. */
function optionName(flags: string): string {
  const long = /--[A-Za-z][\w-]*/.exec(flags)?.[0];
  if (long !== undefined) return long;
  return /^-\w/.exec(flags)?.[0] ?? flags.replaceAll(/[^\w<>[\].-]/g, '');
}

/** The word that was taken for a command, if it can be nothing but a word. */
function typedWord(message: string): string {
  const word = /'([a-z][a-z-]{0,20})'/i.exec(message)?.[1];
  return word === undefined ? 'such command' : `command \`${word}\``;
}
