/** The keys that /help lists. */
export const KEY_HELP: readonly string[] = [
  'Enter sends · Shift+Enter, Alt+Enter, Ctrl+J or a backslash at the end begins a new line · Esc stops an answer',
  '@ and a path attaches a file · Ctrl+G opens your editor · Ctrl+R searches what was sent before',
  'Ctrl+W, Ctrl+U and Ctrl+K take words and lines away, Ctrl+Y brings them back · Ctrl+Z undoes, Alt+Z redoes',
  'Ctrl-O shows what the model thought · up and down: what was sent before',
];
