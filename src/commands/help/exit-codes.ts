import { valueCommand } from '../define.ts';

interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

/** The table of cli.md 1.5; scripts rely on it. */
const EXIT_CODES: readonly ExitCode[] = [
  { code: 0, meaning: 'done; also "already so", and a reader that closed the pipe' },
  { code: 1, meaning: 'a failure that no other row names (a bug)' },
  { code: 2, meaning: 'wrong usage or invalid input: unknown option, malformed key, bad file' },
  { code: 3, meaning: 'not found: label, conversation, profile, model' },
  {
    code: 4,
    meaning:
      'not signed in; credential missing, rejected, expired or revoked; sign-in denied or code expired',
  },
  { code: 5, meaning: 'forbidden: permission, plan, or subscription missing' },
  { code: 6, meaning: 'network: name lookup, refused, TLS, timeout, proxy' },
  { code: 7, meaning: 'rate limited or out of quota, after the retries' },
  { code: 8, meaning: 'blocked by a content filter' },
  { code: 9, meaning: 'the service failed: 5xx, cut or malformed stream (the partial answer is kept)' },
  { code: 10, meaning: 'local storage failed: keychain, unreadable file, full disk' },
  { code: 11, meaning: 'refused by a guard, or an answer is needed and input is not allowed' },
  { code: 126, meaning: 'mira run: the program cannot be run' },
  { code: 127, meaning: 'mira run: there is no such program; 128 + n: it was ended by signal n' },
  { code: 129, meaning: 'the terminal was closed (SIGHUP)' },
  { code: 130, meaning: 'stopped with Ctrl-C (SIGINT)' },
  { code: 143, meaning: 'stopped from outside (SIGTERM)' },
];

export const exitCodes = valueCommand<Record<never, never>, readonly ExitCode[]>({
  summary: 'What each exit status means',
  options: {},
  examples: [{ command: 'mira help exit-codes --json', shows: 'the table for a script' }],
  run: async () => EXIT_CODES,
  human: (rows, style) =>
    rows.map(({ code, meaning }) => `${style.strong(String(code).padStart(3))}  ${meaning}`).join('\n'),
  json: (rows) => ({ schema: 'mira.exit_codes/1', exit_codes: rows }),
});
