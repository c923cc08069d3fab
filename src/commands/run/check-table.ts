import type { Style } from '../../ui/style.ts';
import type { Status, Variable } from '../../vault/choose-variables.ts';

/** One line a variable: its name, the label it comes from, and what is the matter if something is. */
export function checkTable(variables: readonly Variable[], style: Style): string {
  if (variables.length === 0) return 'No variable would be set. Keep a token: mira tokens add';
  const names = variables.map(({ env = '–' }) => env);
  const labels = variables.map(({ label = '–' }) => label);
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  return variables
    .map(({ status }, index) => {
      const name = (names[index] ?? '').padEnd(width(names));
      const label = (labels[index] ?? '').padEnd(width(labels));
      return `${style.strong(name)}  ${label}  ${style.dim(WORDS[status])}`.trimEnd();
    })
    .join('\n');
}

const WORDS: Readonly<Record<Status, string>> = {
  ok: 'ok',
  preserved: 'not set: your environment has it (--preserve-env)',
  missing: 'missing: there is no such token',
  expired: 'expired',
  conflict: 'conflict: several tokens are for this variable',
  refused: 'refused: it changes how programs load or run (--allow-name)',
};
