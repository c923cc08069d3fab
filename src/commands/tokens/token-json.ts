/** A token as the contract writes it (cli.md 5): never its value. */
import type { Token } from '../../vault/vault.ts';
import { moment, secondsUntil } from '../moments.ts';

export function tokenJson(token: Token, now: number): Readonly<Record<string, unknown>> {
  const { label, env, kind, addedAt, lastUsedAt, expiresAt, rotatedAt } = token;
  return {
    label,
    env,
    kind,
    added_at: moment(addedAt),
    ...(lastUsedAt === undefined ? {} : { last_used_at: moment(lastUsedAt) }),
    ...(expiresAt === undefined
      ? {}
      : { expires_at: moment(expiresAt), expires_in: secondsUntil(expiresAt, now) }),
    ...(rotatedAt === undefined ? {} : { previous_kept_since: moment(rotatedAt) }),
  };
}
