/**
 * The one way diagnostics leave the program. Two layers keep secrets out: values the program has handled
 * are registered and replaced exactly; whatever looks like a credential is replaced by its pattern.
 * Bodies and headers are never logged in the first place.
 */

const PATTERNS: readonly RegExp[] = [
  /sk-mira-[0-9a-zA-Z]{6,}/g,
  /mira_live_\w{6,}/g,
  /mirra_(?:script_|install_|test_)?[\w-]{6,}/g,
  /sk-(?:ant-|proj-)?[\w-]{16,}/g,
  /(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  /eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)*/g,
  /gh[pousr]_\w{20,}/g,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|$)/g,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  // A header's value ends with its line, or with its quotes: schemes and cookies have several parts.
  /(?<=\b(?:authorization|cookie)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\][^"'\\\r\n]*/gi,
  // A quote may be escaped: JSON inside a quoted fact.
  /(?<=\b(?:x-api-key|device_code|refresh_token|access_token|id_token|client_secret|password|passphrase)\\?["']?\s*[:=]\s*\\?["']?)(?:[^\s"',;&\\]|\\(?!["']))+/gi,
];

const SHORTEST_SECRET = 8;

export interface Redactor {
  /** Remember a value that must never be printed. Values under 8 characters are left to the patterns. */
  add(secret: string | undefined): void;
  redact(text: string): string;
}

export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  return {
    add(secret) {
      if (secret !== undefined && secret.length >= SHORTEST_SECRET) secrets.add(secret);
    },
    redact(text) {
      let clean = text;
      for (const secret of longestFirst(secrets)) clean = clean.replaceAll(secret, '[redacted]');
      for (const pattern of PATTERNS) clean = clean.replace(pattern, '[redacted]');
      return clean;
    },
  };
}

/** A secret that begins with another must not leave its end behind. */
function longestFirst(secrets: ReadonlySet<string>): readonly string[] {
  return [...secrets].sort((a, b) => b.length - a.length);
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Diagnostics for `--debug`: an event in a few words, and facts that are safe to show. */
export type Log = (event: string, fields?: LogFields) => void;

export const silentLog: Log = () => {};

export function createLog(sink: { write(line: string): void; now(): number; redactor: Redactor }): Log {
  const { redact } = sink.redactor;
  return (event, fields = {}) => {
    const facts = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      // Before it is quoted, because quoting changes a secret that has quotes in it.
      .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(redact(value)) : value}`)
      .join('');
    const time = new Date(sink.now()).toISOString().slice(11, 23);
    sink.write(`debug ${time} ${redact(event + facts)}\n`);
  };
}
