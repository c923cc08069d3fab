/** The keys that /help lists. */
export const KEY_HELP: readonly string[] = [
  'Enter sends · Ctrl+J or a backslash at the end begins a new line · Esc stops an answer',
  'Ctrl-O shows what the model thought · up and down: what was sent before',
];
