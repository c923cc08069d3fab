/** The keys that /help lists. */
export const KEY_HELP: readonly string[] = [
  'Enter sends · Shift-Enter, Alt-Enter, Ctrl-J or a backslash at the end begins a new line · Esc stops an answer',
  '@ and a path attaches a file · Ctrl-G opens your editor · up, down and Ctrl-R find what was sent before',
  'Ctrl-W, Ctrl-U and Ctrl-K take words and lines away, Ctrl-Y brings them back · Ctrl-Z undoes, Alt-Z redoes',
  'Ctrl-O shows what the model thought, or folds it',
];
