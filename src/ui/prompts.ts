/**
 * Questions on a terminal. They are asked on stderr and answered on a terminal's stdin, so that stdout may be
 * a pipe meanwhile. The caller has made sure that a person may be asked at all (cli.md 1.6).
 */
import { abortError, MiraError } from '../errors.ts';
import { openRawKeys, type RawInput, type RawKey } from './raw-keys.ts';
import { sanitizeLine } from './sanitize.ts';

export interface Question {
  /** As shown, without a trailing space. */
  readonly question: string;
  readonly stdin: RawInput;
  readonly stderr: NodeJS.WritableStream;
  /** Bounds the wait. */
  readonly signal: AbortSignal;
}

/**
 * A secret, typed or pasted. Nothing is echoed, not even its length.
 * @throws MiraError `interrupted` after Ctrl-C, Esc or the end of input
 */
export async function askHidden(options: Question): Promise<string> {
  let secret = '';
  // Asking for bracketed pastes keeps a key with a line break in it from being sent half.
  const shown = `${options.question} ${PASTE_ON}`;
  try {
    return await ask({ ...options, shown }, (key) => {
      if (key.kind === 'enter') return secret.replace(/\r?\n$/, '');
      if (key.kind === 'text' || key.kind === 'paste') {
        if (secret.length < LONGEST_SECRET) secret += key.text;
      } else if (key.kind === 'backspace') {
        secret = [...secret].slice(0, -1).join('');
      } else if (key.kind === 'ctrl' && key.letter === 'u') {
        secret = '';
      } else if (key.kind === 'ctrl' && key.letter === 'd' && secret === '') {
        throw interrupted();
      }
      return undefined;
    });
  } finally {
    secret = '';
    options.stderr.write(`${PASTE_OFF}\n`);
  }
}

/** Yes or no by one key; Enter takes `byDefault` (no). Throws like `askHidden`. */
export async function confirm(options: Question & { readonly byDefault?: boolean }): Promise<boolean> {
  const byDefault = options.byDefault ?? false;
  let given = '';
  try {
    const answer = await ask(
      { ...options, shown: `${options.question} ${byDefault ? '[Y/n]' : '[y/N]'} ` },
      (key) => {
        if (key.kind === 'enter') return byDefault;
        if (key.kind === 'ctrl' && key.letter === 'd') throw interrupted();
        if (key.kind !== 'text') return undefined;
        if (/^y(es)?$/i.test(key.text)) return true;
        return /^no?$/i.test(key.text) ? false : undefined;
      },
    );
    given = answer ? 'yes' : 'no';
    return answer;
  } finally {
    options.stderr.write(`${given}\n`);
  }
}

export interface Choice<T> {
  /** One character. */
  readonly key: string;
  readonly label: string;
  readonly value: T;
}

/** One of a few, by its key; Enter takes the first. Throws like `askHidden`. */
export async function choose<T>(
  options: Question & { readonly choices: readonly [Choice<T>, ...Choice<T>[]] },
): Promise<T> {
  const { choices, question } = options;
  const lines = choices.map(({ key, label }) => `  ${key}  ${sanitizeLine(label)}\n`);
  let given = '';
  try {
    const shown = `${question}\n${lines.join('')}Your choice [${choices[0].key}]: `;
    const chosen = await ask({ ...options, shown }, (key): Choice<T> | undefined => {
      if (key.kind === 'enter') return choices[0];
      if (key.kind === 'ctrl' && key.letter === 'd') throw interrupted();
      return key.kind === 'text'
        ? choices.find((choice) => choice.key === key.text.toLowerCase())
        : undefined;
    });
    given = chosen.key;
    return chosen.value;
  } finally {
    options.stderr.write(`${given}\n`);
  }
}

const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const LONGEST_SECRET = 64 * 1024;

/** Keys until `answer` gives a value; the terminal is restored however it ends. */
function ask<T>(
  { stdin, stderr, signal, shown }: Question & { readonly shown: string },
  answer: (key: RawKey) => T | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(abortError(signal));
      return;
    }
    const keys = openRawKeys(stdin, (key) => {
      try {
        if (key.kind === 'interrupt' || key.kind === 'escape' || key.kind === 'end') throw interrupted();
        const value = answer(key);
        if (value === undefined) return;
        finish();
        resolve(value);
      } catch (error) {
        finish();
        reject(error);
      }
    });
    const onAbort = (): void => {
      finish();
      reject(abortError(signal));
    };
    const finish = (): void => {
      signal.removeEventListener('abort', onAbort);
      keys.close();
    };
    signal.addEventListener('abort', onAbort);
    // Only now: whoever answers as soon as the question is there must not find the echo still on.
    stderr.write(shown);
  });
}

function interrupted(): MiraError {
  return new MiraError('interrupted', 'Stopped: the question was not answered.');
}
