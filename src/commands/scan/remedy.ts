/** What a find is called, and what takes the danger out of it; a key that was seen is revoked before anything else. */
import { AWS_KEYS_PAGE, GITHUB_TOKENS_PAGE } from '../../addresses.ts';
import { SERVICES } from '../../api/services.ts';
import { keyLabel, type KeyKind } from '../../auth/find-keys.ts';
import { shellQuote } from '../../store/shell-quote.ts';

/** `stored`: a value of the vault in no known format. `env_file`: a file of variables that git does not ignore. */
export type FindingKind = KeyKind | 'stored' | 'env_file';

export function findingLabel(kind: FindingKind, label?: string): string {
  if (kind === 'env_file') return 'a file of variables that git does not ignore';
  const name = kind === 'stored' ? 'a stored value' : keyLabel(kind);
  return label === undefined ? name : `${name} (stored as ${label})`;
}

/** A sentence without its capital and its stop. */
export function remedyFor(kind: FindingKind, label?: string): string {
  const place = revokedAt(kind);
  if (place !== undefined) return `revoke it: ${place}`;
  switch (kind) {
    case 'jwt':
      return 'sign out where it came from, or let it expire';
    case 'private_key':
      return 'make a new one, and take this one out wherever it is trusted';
    case 'env_file':
      return 'add it to .gitignore, and if it is tracked: git rm --cached';
    default:
      return label === undefined
        ? 'exchange it where it came from'
        : `exchange it where it came from, then: mira tokens rotate ${shellQuote(label)}`;
  }
}

/** Where keys of that kind are revoked: a page, or the way there. */
export function revokedAt(kind: FindingKind): string | undefined {
  switch (kind) {
    case 'mira':
    case 'meetings':
    case 'mirra':
    case 'openai':
    case 'anthropic':
      return SERVICES[kind].keysAt;
    case 'aws':
    case 'aws_secret':
      return AWS_KEYS_PAGE;
    case 'github':
      return GITHUB_TOKENS_PAGE;
    default:
      return undefined;
  }
}
