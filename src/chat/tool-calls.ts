/**
 * The calls of tools in one answer, put together from the pieces in which services send them: numbered or not, the id
 * and the name once or each time, the arguments as JSON in pieces or whole.
 */
import { isRecord, parseJson } from '../json.ts';

export interface ToolCall {
  readonly id?: string | undefined;
  readonly name: string;
  /** A JSON object, or as text what the model wrote in the place of one. */
  readonly arguments: unknown;
}

export interface ToolCallPiece {
  /** Which call it belongs to, where the service numbers them. */
  readonly index?: unknown;
  readonly id?: unknown;
  readonly name?: unknown;
  /** A piece of JSON, or the object itself. */
  readonly arguments?: unknown;
}

export interface ToolCalls {
  add(piece: ToolCallPiece): void;
  /** In the order they began; one that was never named is none. */
  all(): readonly ToolCall[];
  /** What each is called with is all there. */
  readonly areWhole: boolean;
}

export function createToolCalls(): ToolCalls {
  const calls: Collected[] = [];
  const latest = new Map<number, Collected>();

  return {
    add(written) {
      const piece = pieceOf(written);
      const before = piece.index === undefined ? calls.at(-1) : latest.get(piece.index);
      const call = before !== undefined && belongsTo(before, piece) ? before : { json: '' };
      if (call !== before) calls.push(call);
      if (piece.index !== undefined) latest.set(piece.index, call);
      call.id ??= piece.id;
      call.name ??= piece.name;
      if (typeof piece.arguments === 'string') call.json += piece.arguments;
      else call.value ??= piece.arguments;
    },
    all: () =>
      calls.flatMap((call) => {
        const { id, name } = call;
        if (name === undefined) return [];
        return [{ ...(id === undefined ? {} : { id }), name, arguments: argumentsOf(call) }];
      }),
    get areWhole() {
      return calls.every((call) => call.name === undefined || isRecord(argumentsOf(call)));
    },
  };
}

/** Seen: the same number for every call, no number at all, the id and the name once or in each piece. */
function belongsTo(call: Collected, { id, name }: Piece): boolean {
  if (id !== undefined && call.id !== undefined) return id === call.id;
  if (name === undefined || call.name === undefined) return true;
  return name === call.name && !hasArguments(call);
}

function hasArguments({ json, value }: Collected): boolean {
  return value !== undefined || isRecord(parseJson(json));
}

interface Collected {
  id?: string | undefined;
  name?: string | undefined;
  json: string;
  value?: Readonly<Record<string, unknown>> | undefined;
}

interface Piece {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly arguments: string | Readonly<Record<string, unknown>> | undefined;
}

function pieceOf({ index, id, name, arguments: written }: ToolCallPiece): Piece {
  return {
    index: typeof index === 'number' ? index : undefined,
    id: textOf(id),
    name: textOf(name),
    arguments: typeof written === 'string' || isRecord(written) ? written : undefined,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A tool that takes nothing is called with nothing. */
function argumentsOf({ json, value }: Collected): unknown {
  if (json.trim() === '') return value ?? {};
  const parsed = parseJson(json);
  return isRecord(parsed) ? parsed : json.toWellFormed();
}
