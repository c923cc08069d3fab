/** One live line on a terminal. Only this file knows ora. */
import ora from 'ora';
import type { Style } from './style.ts';

export interface Spinner {
  /** Shows the line, or replaces its text. */
  show(text: string): void;
  /** Takes the line away. */
  stop(): void;
}

/** `stream` must be a terminal: without one, the caller prints lines. Texts are the caller's own or sanitized. */
export function createSpinner(options: {
  readonly stream: NodeJS.WritableStream;
  readonly style: Style;
}): Spinner {
  const { stream, style } = options;
  const line = ora({
    stream,
    // The caller has decided; ora would also look at CI and TERM.
    isEnabled: true,
    color: style.color ? 'cyan' : false,
    // Keys belong to whoever shows the spinner.
    discardStdin: false,
  });
  return {
    show(text) {
      line.text = text;
      if (!line.isSpinning) line.start();
    },
    stop() {
      line.stop();
    },
  };
}
