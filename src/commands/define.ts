/**
 * The two shapes of a command. A value command gives one result; a stream command gives events. Neither
 * prints, prompts, colours or exits, and neither sees `--json`: the renderers beside `run` do the showing.
 * An option is declared once; parsing and help read that declaration.
 */
import type { Context } from '../context.ts';
import type { MiraError } from '../errors.ts';
import type { Style } from '../ui/style.ts';

interface OptionBase {
  /** As commander writes them: "-m, --model <name>". */
  readonly flags: string;
  readonly summary: string;
  /** The variable that sets the same thing, named in the help. */
  readonly env?: string;
}

export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
}
export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly choices?: readonly string[];
}
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}
export interface ListOption extends OptionBase {
  readonly kind: 'list';
}
export type OptionSpec = FlagOption | TextOption | NumberOption | ListOption;
/** By the name the parsed value has: `--system-file` is `systemFile`. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<S extends OptionSpec> = S extends FlagOption
  ? boolean
  : S extends NumberOption
    ? number | undefined
    : S extends ListOption
      ? readonly string[]
      : string | undefined;

export interface Input<O extends OptionSpecs> {
  readonly options: { readonly [K in keyof O]: OptionValue<O[K]> };
  readonly args: readonly string[];
}

export interface ArgumentSpec {
  /** As commander writes them: "<key>", "[prompt...]". */
  readonly syntax: string;
  readonly summary: string;
}

export interface Example {
  readonly command: string;
  readonly shows: string;
}

/** A JSON object of cli.md, its `schema` first. */
export type JsonObject = { readonly schema: string } & Readonly<Record<string, unknown>>;

interface CommandBase<O extends OptionSpecs> {
  readonly summary: string;
  /** A paragraph for the help, where the summary does not say enough. */
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: O;
  readonly examples: readonly Example[];
}

export interface ValueCommand<O extends OptionSpecs = OptionSpecs, R = unknown> extends CommandBase<O> {
  readonly kind: 'value';
  run(context: Context, input: Input<O>): Promise<R>;
  /** Text for stdout, ending without a newline; empty for nothing. */
  human(result: R, style: Style): string;
  json(result: R): JsonObject;
  /** A text that is JSON already, such as the body of a service, to print in place of the object; ends without a newline. */
  jsonText?(result: R): string | undefined;
  /** Exit status of a result that is an answer and bad news at once; 0 when left out. */
  exitCode?(result: R): number;
  /** The same where there is more to say: the sentence goes to stderr after the result. */
  failure?(result: R): MiraError | undefined;
  /** Why a line cannot be answered in JSON, where stdout is not mira's own. */
  refuseJson?(input: Input<O>): MiraError | undefined;
}

export interface StreamCommand<O extends OptionSpecs = OptionSpecs, E = unknown> extends CommandBase<O> {
  readonly kind: 'stream';
  run(context: Context, input: Input<O>): AsyncIterable<E>;
  /** Shows the events to a person; the answer goes to stdout, everything else to stderr. */
  human(events: AsyncIterable<E>, context: Context, input: Input<O>): Promise<void>;
  /** The events as JSON objects: one a line, or collected into one at the end. `seq` and `at` are added to lines by the printer. */
  json(events: AsyncIterable<E>, input: Input<O>, context: Context): AsyncIterable<JsonObject>;
  /** The event that a failure ends the lines with; undefined when the failure is printed as `mira.error/1`. */
  failure(error: MiraError, input: Input<O>): JsonObject | undefined;
  /** The interface for a person who gave nothing to do, where there is one. */
  interactive?(context: Context, input: Input<O>): Promise<(() => Promise<void>) | undefined>;
}

export type Command = ValueCommand | StreamCommand;

export function valueCommand<O extends OptionSpecs, R>(
  definition: Omit<ValueCommand<O, R>, 'kind'>,
): ValueCommand<O, R> {
  return { kind: 'value', ...definition };
}

export function streamCommand<O extends OptionSpecs, E>(
  definition: Omit<StreamCommand<O, E>, 'kind'>,
): StreamCommand<O, E> {
  return { kind: 'stream', ...definition };
}
