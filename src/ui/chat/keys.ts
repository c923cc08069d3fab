/** From what Ink reports of the keyboard to what the chat understands. */
import type { Key } from 'ink';
import { sanitize } from '../sanitize.ts';
import type { Edit } from './composer.ts';

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
  | { readonly kind: 'end_or_delete' };

/** The keys of one event; text that arrived in one piece with other keys is taken apart. */
export function chatKeys(input: string, key: Key): readonly ChatKey[] {
  if (key.escape) return [{ kind: 'stop' }];
  if (key.return && input.length <= 1) {
    return key.meta || key.shift ? [NEWLINE] : [{ kind: 'submit' }];
  }
  const movement = movementOf(key);
  if (movement !== undefined) return [{ kind: 'edit', edit: { kind: movement } }];
  if (key.backspace) return [edit(key.meta || key.ctrl ? 'delete_word' : 'backspace')];
  if (key.ctrl) return controlKey(input);
  if (key.meta) return metaKey(input);
  return key.tab ? [] : typed(input);
}

/** A bracketed paste is text, whatever it holds. */
export function pastedKeys(text: string): readonly ChatKey[] {
  return insert(text.replace(/\r\n?/g, '\n'));
}

const NEWLINE: ChatKey = { kind: 'edit', edit: { kind: 'insert', text: '\n' } };

function edit(kind: Exclude<Edit['kind'], 'insert'>): ChatKey {
  return { kind: 'edit', edit: { kind } };
}

function movementOf(key: Key): Exclude<Edit['kind'], 'insert'> | undefined {
  if (key.leftArrow) return key.ctrl || key.meta ? 'word_left' : 'left';
  if (key.rightArrow) return key.ctrl || key.meta ? 'word_right' : 'right';
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.home) return 'home';
  if (key.end) return 'end';
  return key.delete ? 'delete' : undefined;
}

function controlKey(letter: string): readonly ChatKey[] {
  switch (letter) {
    case 'c':
      return [{ kind: 'interrupt' }];
    case 'd':
      return [{ kind: 'end_or_delete' }];
    case 'j':
      return [NEWLINE];
    case 'o':
      return [{ kind: 'reasoning' }];
    case 'a':
      return [edit('home')];
    case 'e':
      return [edit('end')];
    case 'b':
      return [edit('left')];
    case 'f':
      return [edit('right')];
    case 'p':
      return [edit('up')];
    case 'n':
      return [edit('down')];
    case 'w':
      return [edit('delete_word')];
    case 'u':
      return [edit('kill_to_start')];
    case 'k':
      return [edit('kill_to_end')];
    default:
      return [];
  }
}

function metaKey(letter: string): readonly ChatKey[] {
  if (letter === 'b') return [edit('word_left')];
  return letter === 'f' ? [edit('word_right')] : [];
}

/**
 * Text of one read. Quick typing and pipes bring keys along with the text; a line break in the middle can
 * only be a paste into a terminal that does not mark pastes, and must not send half of it.
 */
function typed(input: string): readonly ChatKey[] {
  const text = input.replace(/\r\n?/g, '\n');
  const breaks = text.split('\n').length - 1;
  if (breaks === 1 && input.length > 1 && input.endsWith('\r')) {
    return [...withControls(text.slice(0, -1)), { kind: 'submit' }];
  }
  return withControls(text);
}

function withControls(text: string): readonly ChatKey[] {
  return text
    .split(CONTROLS)
    .flatMap((part) =>
      CONTROL.test(part) ? controlKey(String.fromCharCode(part.charCodeAt(0) + 0x60)) : insert(part),
    );
}

function insert(text: string): readonly ChatKey[] {
  const safe = sanitize(text);
  return safe === '' ? [] : [{ kind: 'edit', edit: { kind: 'insert', text: safe } }];
}

const CONTROL = new RegExp('^[\\x01-\\x08\\x0b-\\x1a]$', 'u');
const CONTROLS = new RegExp('([\\x01-\\x08\\x0b-\\x1a])', 'u');
