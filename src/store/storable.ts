/**
 * Refuses values that one of the stores would keep differently from what was given: keychains cut text at NUL,
 * replace lone surrogates, and take no empty value. Secrets are JSON text, which holds none of these.
 * @throws TypeError, because only a bug in mira gets here
 */
export function requireStorable(value: string): void {
  if (value === '') throw new TypeError('An empty value cannot be stored as a secret.');
  if (value.includes('\0')) throw new TypeError('A value with a NUL character cannot be stored as a secret.');
  if (!value.isWellFormed())
    throw new TypeError('A value that is not valid Unicode cannot be stored as a secret.');
}
