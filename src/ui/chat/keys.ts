/** From what Ink reports of the keyboard to what the chat understands. */
import type { Key } from 'ink';
import { sanitize } from '../sanitize.ts';
import type { Edit } from './edit.ts';

export type ChatKey =
  | { readonly kind: 'edit'; readonly edit: Edit }
  | { readonly kind: 'submit' }
  /** Esc. */
  | { readonly kind: 'stop' }
  /** Ctrl-C. */
  | { readonly kind: 'interrupt' }
  /** Ctrl-O: shows what the model thought, or folds it. */
  | { readonly kind: 'reasoning' }
  /** Ctrl-D: leaves when nothing is written, deletes otherwise. */
  | { readonly kind: 'end_or_delete' }
  /** Ctrl-G: on with an editor, or out of a search. */
  | { readonly kind: 'editor' }
  /** Ctrl-L. */
  | { readonly kind: 'redraw' };

/** The keys of one event; text that arrived in one piece with other keys is taken apart. */
export function chatKeys(input: string, key: Key): readonly ChatKey[] {
  // A command key of the desktop is not meant for the text, and neither is letting go of a key.
  if (key.eventType === 'release' || key.super || key.hyper) return [];
  if (key.escape) return [{ kind: 'stop' }];
  if (key.return && input.length <= 1) {
    return key.meta || key.shift || key.ctrl ? [NEWLINE] : [{ kind: 'submit' }];
  }
  const movement = movementOf(key);
  if (movement !== undefined) return [edit(movement)];
  if (key.backspace) return [edit(key.meta || key.ctrl ? 'kill_word_before' : 'backspace')];
  if (key.tab) return key.shift || key.ctrl || key.meta ? [] : [edit('complete')];
  if (key.ctrl) return key.shift ? shiftedControlKey(input) : controlKey(input);
  return key.meta ? metaKey(input) : typed(input);
}

/** A bracketed paste is text, whatever it holds. */
export function pastedKeys(pasted: string): readonly ChatKey[] {
  const text = sanitize(pasted.replace(/\r\n?/g, '\n'));
  return text === '' ? [] : [{ kind: 'edit', edit: { kind: 'paste', text } }];
}

type EditName = Exclude<Edit['kind'], 'insert' | 'paste'>;

const NEWLINE: ChatKey = { kind: 'edit', edit: { kind: 'insert', text: '\n' } };

function edit(kind: EditName): ChatKey {
  return { kind: 'edit', edit: { kind } };
}

function movementOf(key: Key): EditName | undefined {
  const far = key.ctrl || key.meta;
  if (key.leftArrow) return far ? 'word_left' : 'left';
  if (key.rightArrow) return far ? 'word_right' : 'right';
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.home) return key.ctrl ? 'text_start' : 'home';
  if (key.end) return key.ctrl ? 'text_end' : 'end';
  if (key.delete) return far ? 'kill_word_after' : 'delete';
  return undefined;
}

function controlKey(letter: string): readonly ChatKey[] {
  switch (letter) {
    case 'c':
      return [{ kind: 'interrupt' }];
    case 'd':
      return [{ kind: 'end_or_delete' }];
    case 'g':
      return [{ kind: 'editor' }];
    case 'j':
      return [NEWLINE];
    case 'o':
      return [{ kind: 'reasoning' }];
    case 'l':
      return [{ kind: 'redraw' }];
    default: {
      const name = CONTROL_EDITS[letter];
      return name === undefined ? [] : [edit(name)];
    }
  }
}

const CONTROL_EDITS: Readonly<Record<string, EditName>> = {
  a: 'home',
  b: 'left',
  e: 'end',
  f: 'right',
  h: 'backspace',
  k: 'kill_to_end',
  n: 'down',
  p: 'up',
  r: 'search_older',
  s: 'search_newer',
  t: 'transpose',
  u: 'kill_to_start',
  w: 'kill_space_word',
  y: 'yank',
  z: 'undo',
  _: 'undo',
  '/': 'undo',
};

/** Only terminals that tell Ctrl+Shift from Ctrl get here; Ctrl+_ is then Ctrl+Shift+- of a US keyboard. */
function shiftedControlKey(letter: string): readonly ChatKey[] {
  switch (letter.toLowerCase()) {
    case 'z':
      return [edit('redo')];
    case '-':
    case '_':
      return [edit('undo')];
    default:
      return [];
  }
}

function metaKey(letter: string): readonly ChatKey[] {
  switch (letter) {
    case 'b':
      return [edit('word_left')];
    case 'f':
      return [edit('word_right')];
    case 'd':
      return [edit('kill_word_after')];
    case 'y':
      return [edit('yank_older')];
    case 'z':
      return [edit('redo')];
    case '<':
      return [edit('text_start')];
    case '>':
      return [edit('text_end')];
    default:
      return [];
  }
}

/**
 * Text of one read. Quick typing and pipes bring keys along with the text; a line break in the middle can
 * only be a paste into a terminal that does not mark pastes, and must not send half of it.
 */
function typed(input: string): readonly ChatKey[] {
  if (ONLY_ENTER.test(input)) return [...input].map(() => ({ kind: 'submit' }) as const);
  const text = input.replace(/\r\n?/g, '\n');
  const breaks = text.split('\n').length - 1;
  if (breaks === 1 && input.length > 1 && input.endsWith('\r')) {
    return [...withControls(text.slice(0, -1)), { kind: 'submit' }];
  }
  return withControls(text);
}

const ONLY_ENTER = /^\r+$/u;

function withControls(text: string): readonly ChatKey[] {
  return text
    .split(CONTROLS)
    .flatMap((part) => (CONTROL.test(part) ? controlKey(controlName(part.charCodeAt(0))) : insert(part)));
}

function controlName(code: number): string {
  return String.fromCharCode(code + (code <= 0x1a ? 0x60 : 0x40));
}

function insert(text: string): readonly ChatKey[] {
  const safe = sanitize(text);
  return safe === '' ? [] : [{ kind: 'edit', edit: { kind: 'insert', text: safe } }];
}

const CONTROL = new RegExp('^[\\x01-\\x08\\x0b-\\x1a\\x1c-\\x1f]$', 'u');
const CONTROLS = new RegExp('([\\x01-\\x08\\x0b-\\x1a\\x1c-\\x1f])', 'u');
