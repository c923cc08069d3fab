/** A word as a shell takes it, for commands that hints offer to type. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that takes a file out of the way and keeps it. */
export function moveAside(file: string): string {
  return `mv ${shellQuote(file)} ${shellQuote(`${file}.aside`)}`;
}
