/** The one place that prints a result or an error, and decides the exit status by it. */
import type { Context } from '../context.ts';
import { abortError, MiraError, ReaderGone, toMiraError } from '../errors.ts';
import type { Redactor } from '../log.ts';
import { sanitize, sanitizeLine } from '../ui/sanitize.ts';
import type { Command, Input, JsonObject, OptionSpecs, StreamCommand, ValueCommand } from './define.ts';

export interface Invocation {
  readonly command: Command;
  readonly input: Input<OptionSpecs>;
}

export interface Printer {
  readonly json: boolean;
  readonly redactor: Redactor;
}

/** Runs a command and prints what comes of it. @returns the exit status */
export async function respond(context: Context, invocation: Invocation, printer: Printer): Promise<number> {
  const { command, input } = invocation;
  return command.kind === 'value'
    ? respondWithValue(context, { command, input, printer })
    : respondWithEvents(context, { command, input, printer });
}

interface Job<C> {
  readonly command: C;
  readonly input: Input<OptionSpecs>;
  readonly printer: Printer;
}

async function respondWithValue(
  context: Context,
  { command, input, printer }: Job<ValueCommand>,
): Promise<number> {
  try {
    const refusal = printer.json ? command.refuseJson?.(input) : undefined;
    if (refusal) throw refusal;
    const result = await command.run(context, input);
    // What had to be saved was saved; whoever pressed Ctrl-C wants no result any more, and no 0 either.
    if (context.signal.aborted) throw abortError(context.signal);
    const text = printer.json
      ? (command.jsonText?.(result) ?? jsonLine(command.json(result)))
      : command.human(fitToShow(result), await context.style());
    if (text !== '') context.io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    const failure = command.failure?.(result);
    if (failure) printSentence(context, { error: failure, printer });
    return failure?.exitCode ?? command.exitCode?.(result) ?? 0;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    return printFailure(context, { error: toMiraError(error), printer });
  }
}

/**
 * The result with every text in it made safe for a terminal: names, models and scopes come from servers. Done here,
 * before a renderer adds colours, so that no command can forget it.
 */
function fitToShow<T>(value: T): T {
  return madeSafe(value) as T;
}

function madeSafe(value: unknown): unknown {
  if (typeof value === 'string') return sanitize(value);
  if (Array.isArray(value)) return value.map(madeSafe);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, madeSafe(part)]));
}

async function respondWithEvents(
  context: Context,
  { command, input, printer }: Job<StreamCommand>,
): Promise<number> {
  const lines = numberedLines(context);
  try {
    if (printer.json) {
      for await (const object of command.json(command.run(context, input), input, context))
        lines.write(object);
      return 0;
    }
    const open = await command.interactive?.(context, input);
    if (open) await open();
    else await command.human(command.run(context, input), context, input);
    return 0;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    const failure = toMiraError(error);
    const last = printer.json ? command.failure(failure, input) : undefined;
    if (!last) return printFailure(context, { error: failure, printer });
    return whileSomebodyReads(() => {
      ifPossible(() => lines.write({ ...last, error: errorObject(failure, printer.redactor) }));
      printSentence(context, { error: failure, printer });
      return failure.exitCode;
    });
  }
}

/** Objects whose schema is that of an event get the number and the moment that every event has. */
function numberedLines(context: Context): { write(object: JsonObject): void } {
  let seq = 0;
  return {
    write: (object) => {
      if (!('event' in object)) {
        context.io.stdout.write(jsonLine(object));
        return;
      }
      const { schema, event, ...rest } = object;
      context.io.stdout.write(
        jsonLine({ schema, event, seq: seq++, at: new Date(context.now()).toISOString(), ...rest }),
      );
    },
  };
}

export function printFailure(
  context: Pick<Context, 'io' | 'log'>,
  { error, printer }: { readonly error: MiraError; readonly printer: Printer },
): number {
  return whileSomebodyReads(() => {
    if (printer.json) {
      const object = { schema: 'mira.error/1', error: errorObject(error, printer.redactor) };
      ifPossible(() => context.io.stdout.write(jsonLine(object)));
    }
    printSentence(context, { error, printer });
    return error.exitCode;
  });
}

function printSentence(
  context: Pick<Context, 'io' | 'log'>,
  { error, printer }: { readonly error: MiraError; readonly printer: Printer },
): void {
  const clean = (text: string): string => printer.redactor.redact(sanitizeLine(text, 600));
  context.io.stderr.write(`mira: ${clean(error.message)}\n`);
  if (error.hint !== undefined) context.io.stderr.write(`  ${clean(error.hint)}\n`);
  if (error.code === 'unexpected') context.log(`bug: ${stackOf(error.cause)}`);
}

/** The stack without the message, which may hold anything. */
function stackOf(cause: unknown): string {
  if (!(cause instanceof Error)) return typeof cause;
  const stack = (cause.stack ?? '').replace(cause.message, '');
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  return [cause.name, ...frames].join('\n');
}

function errorObject(error: MiraError, redactor: Redactor): Readonly<Record<string, unknown>> {
  const clean = (text: string): string => redactor.redact(sanitizeLine(text, 600));
  return {
    code: error.code,
    message: clean(error.message),
    exit_code: error.exitCode,
    retryable: error.retryable,
    ...(error.hint === undefined ? {} : { hint: clean(error.hint) }),
    ...(error.next.length === 0 ? {} : { next: error.next }),
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.requestId === undefined ? {} : { request_id: clean(error.requestId) }),
    ...(error.retryAfterS === undefined ? {} : { retry_after: error.retryAfterS }),
    ...(error.partial === undefined
      ? {}
      : {
          partial: {
            text: error.partial.text,
            ...(error.partial.conversationId === undefined
              ? {}
              : { conversation_id: error.partial.conversationId }),
          },
        }),
  };
}

function jsonLine(object: JsonObject): string {
  return `${escapeControls(JSON.stringify(object))}\n`;
}

/** JSON.stringify leaves DEL and the C1 controls as they are; a terminal may act on them. */
function escapeControls(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function whileSomebodyReads(print: () => number): number {
  try {
    return print();
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    throw error;
  }
}

/** What cannot be written to stdout any more (a full disk) is still said on stderr and by the exit status. */
function ifPossible(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
  }
}
