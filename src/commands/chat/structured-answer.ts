/**
 * An answer that is JSON of a given shape (`--schema`). The model is told the schema, what it says is checked, and it may
 * mend it once. Nothing is given out before it is right: who asked for a shape wants that or an error.
 */
import type { Validate } from '../../chat/json-schema.ts';
import type { ChatEvent, ChatRequest, FinishReason, Usage } from '../../chat/provider.ts';
import { MiraError } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { escapeUnsafe } from '../../ui/sanitize.ts';

export interface AnswerSchema {
  readonly schema: object | boolean;
  readonly validate: Validate;
}

/** @throws MiraError `invalid_input` for a file that cannot be read, is no JSON, or no schema */
export async function readAnswerSchema(file: string): Promise<AnswerSchema> {
  const { readTextFile } = await import('./question.ts');
  const text = await readTextFile(file, '--schema');
  const schema = parseJson(text);
  if (schema === undefined) {
    const { findJsonFault } = await import('../../store/json-fault.ts');
    const { line, column } = findJsonFault(text);
    throw new MiraError('invalid_input', `--schema: ${file} is no JSON (line ${line}, column ${column}).`);
  }
  if (typeof schema !== 'boolean' && (typeof schema !== 'object' || schema === null || Array.isArray(schema)))
    throw new MiraError('invalid_input', `--schema: ${file} holds no JSON Schema, which is an object.`);
  const { compileSchema } = await import('../../chat/json-schema.ts');
  return { schema, validate: compileSchema(schema, `--schema: ${file}`) };
}

/** What the model is told, after what it is told anyway. */
export function withInstruction(system: string | undefined, { schema }: AnswerSchema): string {
  const instruction = `Answer with one JSON value that is valid against the JSON Schema below, and with nothing else: no explanation, no Markdown.\n\n${JSON.stringify(schema)}`;
  return system === undefined ? instruction : `${system}\n\n${instruction}`;
}

type Ask = (request: ChatRequest) => AsyncIterable<ChatEvent>;

/** @throws MiraError `schema_mismatch` with what was answered as `partial`, and whatever `ask` throws */
export async function* structuredAnswer(
  ask: Ask,
  { request, wanted }: { readonly request: ChatRequest; readonly wanted: AnswerSchema },
): AsyncGenerator<ChatEvent, void> {
  const first = yield* gathered(askEither(ask, request));
  const checked = check(first, wanted);
  if (checked.faults.length === 0) {
    yield* told(first, checked.json);
    return;
  }
  yield { kind: 'retry', attempt: 1, afterMs: 0, reason: 'The answer does not match the schema.' };
  const second = yield* gathered(
    ask(mending(request, { answer: first.text, faults: checked.faults, wanted })),
  );
  const mended = check(second, wanted);
  const both = { ...second, usage: sum(first.usage, second.usage) };
  if (mended.faults.length > 0) throw mismatch(both, mended.faults);
  yield* told(both, mended.json);
}

/** Not every model takes a schema where the service does: then the words have to do. */
async function* askEither(ask: Ask, request: ChatRequest): AsyncGenerator<ChatEvent, void> {
  try {
    yield* ask(request);
  } catch (error) {
    const isAboutSchema =
      error instanceof MiraError &&
      error.code === 'invalid_request' &&
      /response_format|json_schema|\bformat\b/i.test(error.message);
    if (request.answerSchema === undefined || !isAboutSchema) throw error;
    yield* ask({ ...request, answerSchema: undefined });
  }
}

interface Gathered {
  readonly text: string;
  readonly usage: Usage | undefined;
  readonly finishReason: FinishReason;
}

/** Everything but the answer passes. */
async function* gathered(events: AsyncIterable<ChatEvent>): AsyncGenerator<ChatEvent, Gathered> {
  let text = '';
  let usage: Usage | undefined;
  let finishReason: FinishReason = 'other';
  for await (const event of events) {
    if (event.kind === 'text') text += event.text;
    else if (event.kind === 'usage') usage = event.usage;
    else if (event.kind === 'finish') finishReason = event.finishReason;
    else yield event;
  }
  return { text, usage, finishReason };
}

function* told({ usage, finishReason }: Gathered, json: string): Generator<ChatEvent, void> {
  yield { kind: 'text', text: escapeUnsafe(json) };
  if (usage !== undefined) yield { kind: 'usage', usage };
  yield { kind: 'finish', finishReason };
}

interface Checked {
  readonly json: string;
  readonly faults: readonly string[];
}

/** The answer itself, or the one fenced block in it. */
function check({ text }: Gathered, { validate }: AnswerSchema): Checked {
  const json = text.trim();
  const value = parseJson(json);
  if (value !== undefined) return { json, faults: validate(value) };
  const blocks = [...json.matchAll(/^```[^\n`]*\n(.*?)\n?```[ \t]*$/gms)];
  const block = blocks.length === 1 ? (blocks[0]?.[1] ?? '').trim() : '';
  const inside = parseJson(block);
  return inside === undefined
    ? { json, faults: ['the answer is not JSON'] }
    : { json: block, faults: validate(inside) };
}

interface Mistake {
  readonly answer: string;
  readonly faults: readonly string[];
  readonly wanted: AnswerSchema;
}

/** With the schema once more: some services drop what stands in a system message. */
function mending(request: ChatRequest, { answer, faults, wanted }: Mistake): ChatRequest {
  const said = answer === '' ? [] : [{ role: 'assistant' as const, text: answer }];
  const again = `That does not match the schema: ${faults.join('; ')}. ${withInstruction(undefined, wanted)}`;
  return { ...request, messages: [...request.messages, ...said, { role: 'user', text: again }] };
}

function sum(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const reasoningTokens = (a.reasoningTokens ?? 0) + (b.reasoningTokens ?? 0);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(reasoningTokens === 0 ? {} : { reasoningTokens }),
  };
}

function mismatch({ text, finishReason }: Gathered, faults: readonly string[]): MiraError {
  return new MiraError('schema_mismatch', `The answer does not match the schema: ${faults.join('; ')}.`, {
    hint:
      finishReason === 'length'
        ? 'It was cut at the longest the model gives; ask for more with --max-tokens.'
        : 'Say in the question what belongs into which field, or try another model; --json shows the answer.',
    partial: { text },
  });
}
