/**
 * The name of a session's keychain item and of its lock: `<profile>.<12 hex>`. Sessions of another issuer, client or
 * data folder have another name, so that they never share a token or a lock (decisions.md 8).
 */
export async function sessionName(session: {
  readonly profile: string;
  /** Undefined where no issuer took part: a pasted key. */
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly dataDir: string;
}): Promise<string> {
  const { createHash } = await import('node:crypto');
  const identity = JSON.stringify([session.issuer ?? null, session.clientId ?? null, session.dataDir]);
  return `${session.profile}.${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`;
}
