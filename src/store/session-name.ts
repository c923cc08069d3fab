import { sha256 } from './hash.ts';

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
  const { profile, issuer = null, clientId = null, dataDir } = session;
  return `${profile}.${twelveHexOf([issuer, clientId, dataDir])}`;
}

/** The name of the item by which a keychain is tried for a profile, always the same. */
export function probeName({
  profile,
  dataDir,
}: {
  readonly profile: string;
  readonly dataDir: string;
}): string {
  return `probe.${twelveHexOf(['probe', profile, dataDir])}`;
}

/** The name of the keychain item that seals the credentials file of a data folder: each folder has its own. */
export function sealingKeyName(dataDir: string): string {
  return `sealing-key.${twelveHexOf(['sealing-key', dataDir])}`;
}

function twelveHexOf(identity: readonly (string | null)[]): string {
  return sha256(JSON.stringify(identity)).slice(0, 12);
}
