/**
 * The live region, the only part that is ever drawn twice: the growing row of the answer, what is waited for,
 * what is queued, the composer, the status line. Always shorter than the window, every row narrower than it.
 */
import { liveMarkdown } from '../markdown/growing-markdown.ts';
import { composerRows } from './composer-rows.ts';
import { liveRow } from './growing-text.ts';
import { row, type Row } from '../rows.ts';
import { proseWidth, type ChatState, type Turn } from './state.ts';
import { cellWidth, cutToWidth, wrapWords } from '../text-rows.ts';
import { INDENT } from '../theme.ts';

/** What the status line says besides the state. */
export interface ChatFacts {
  readonly profile: string;
  readonly account?: string | undefined;
  /** Said only when it is worth a warning. */
  readonly storage?: string | undefined;
}

export interface Picture {
  readonly rows: readonly Row[];
  /** Cell of the caret, from the upper left of the live region. */
  readonly caret: { readonly x: number; readonly y: number };
}

export function layout(state: ChatState, facts: ChatFacts, now: number): Picture {
  const width = proseWidth(state.columns);
  // One row less than the window: a frame that fills it would scroll with every drawing.
  const space = Math.max(1, state.rows - 1);
  const composer = composerRows(state.composer, { width, space: Math.max(1, space - 2) });
  let left = space - composer.rows.length;
  const take = (rows: readonly Row[]): readonly Row[] => {
    const taken = rows.slice(0, left);
    left -= taken.length;
    return taken;
  };
  // What gives way first in a small window: air, what goes along, the queue, the answer, the status line.
  const status = take([statusRow(state, { facts, width })]);
  const answer = take(answerRows(state, { width, now, most: left }));
  const queued = take(queuedRows(state, width));
  const along = take(alongRows(state, width));
  const air = take(state.turn !== undefined && space >= AIRY ? [row('')] : []);
  const above = [...answer, ...queued, ...air, ...along];
  return {
    rows: [...above, ...composer.rows, ...status],
    caret: { x: composer.caret.x, y: above.length + composer.caret.y },
  };
}

const AIRY = 10;

function statusRow(
  state: ChatState,
  { facts, width }: { readonly facts: ChatFacts; readonly width: number },
): Row {
  const { notice } = state;
  return row(
    cutToWidth(notice?.text ?? statusText(state, facts), width),
    notice === undefined ? 'dim' : 'warn',
  );
}

function answerRows(
  state: ChatState,
  { width, now, most }: { readonly width: number; readonly now: number; readonly most: number },
): readonly Row[] {
  const { turn, errand } = state;
  if (errand !== undefined) {
    const seconds = secondsSince(errand.startedAt, now);
    return [row(cutToWidth(`/${errand.name} — ${seconds} s · Esc stops`, width), 'dim')];
  }
  if (turn === undefined) return [];
  if (turn.phase === 'answering') return liveMarkdown(turn.growing, { width, most });
  const waiting = row(cutToWidth(waitingText(turn, { model: state.talk.model, width, now }), width), 'dim');
  if (turn.phase !== 'thinking' || turn.thought === undefined) return [waiting];
  if (state.showsReasoning) return [row(liveRow(turn.thought.growing, width), 'dim'), waiting];
  return [waiting, ...glanceRows(turn.thought.text, width)];
}

/** The end of what the model thinks, folded. */
function glanceRows(text: string, width: number): readonly Row[] {
  const glance = text
    .slice(-width * GLANCE_ROWS)
    .replace(/\s+/gu, ' ')
    .trim();
  return wrapWords(glance, width - INDENT.length)
    .slice(-GLANCE_ROWS)
    .map((line) => row(`${INDENT}${line}`, 'dim'));
}

const GLANCE_ROWS = 2;
const SHORTEST_REASON = 8;

function secondsSince(startedAt: number, now: number): number {
  return Math.max(0, Math.floor((now - startedAt) / 1_000));
}

function waitingText(
  turn: Turn,
  { model, width, now }: { readonly model: string; readonly width: number; readonly now: number },
): string {
  const { retry } = turn;
  if (retry !== undefined) {
    const left = Math.max(0, Math.ceil((retry.at - now) / 1_000));
    const trying = `trying again in ${left} s (attempt ${retry.attempt}) · Esc stops`;
    // A long reason must not hide what is counted.
    const room = width - cellWidth(trying) - 2;
    return room < SHORTEST_REASON ? trying : `${cutToWidth(retry.reason, room)}: ${trying}`;
  }
  const doing = turn.phase === 'thinking' ? 'thinking' : `waiting for ${model}`;
  return `${doing} — ${secondsSince(turn.startedAt, now)} s · Esc stops`;
}

function alongRows({ talk: { attachments } }: ChatState, width: number): readonly Row[] {
  if (attachments.length === 0) return [];
  return [row(cutToWidth(`goes along: ${attachments.map(({ name }) => name).join(', ')}`, width), 'dim')];
}

function queuedRows({ queue }: ChatState, width: number): readonly Row[] {
  const [first] = queue;
  if (first === undefined) return [];
  const more = queue.length > 1 ? ` (and ${queue.length - 1} more)` : '';
  const text = first.replace(/\s+/g, ' ');
  return [row(cutToWidth(`queued${more}: ${text}`, width), 'dim')];
}

function statusText(state: ChatState, facts: ChatFacts): string {
  const { turn, talk, spent, account } = state;
  return [
    turn?.phase === 'answering' ? 'Esc stops' : undefined,
    talk.model,
    facts.profile === 'default' ? undefined : facts.profile,
    account === undefined ? facts.account : account.name,
    facts.storage === undefined ? undefined : `session: ${facts.storage}`,
    spent.tokens === 0 ? undefined : `${spent.tokens.toLocaleString('en')} tokens`,
    spent.rateLimit === undefined ? undefined : `${spent.rateLimit.remaining} requests left`,
    turn === undefined && talk.messages.length === 0 ? '/help' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}
