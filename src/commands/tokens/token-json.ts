/** A token as the contract writes it (cli.md 5): never its value. */
import type { Token } from '../../vault/vault.ts';
import { momentWriter, secondsUntil } from '../moments.ts';

/** Put together field by field: ten thousand of them may be written at once. */
export function tokenWriter(now: number): (token: Token) => Readonly<Record<string, unknown>> {
  const moment = momentWriter();
  return ({ label, env, kind, addedAt, lastUsedAt, expiresAt, rotatedAt }) => {
    const json: Record<string, unknown> = { label, env, kind, added_at: moment(addedAt) };
    if (lastUsedAt !== undefined) json['last_used_at'] = moment(lastUsedAt);
    if (expiresAt !== undefined) {
      json['expires_at'] = moment(expiresAt);
      json['expires_in'] = secondsUntil(expiresAt, now);
    }
    if (rotatedAt !== undefined) json['previous_kept_since'] = moment(rotatedAt);
    return json;
  };
}
