import { existsSync } from 'node:fs';
import type { StoredKey } from '../../auth/service-key.ts';
import type { Context } from '../../context.ts';

/** Looks into the vault when it is asked, which is when nothing is in the environment. */
export function storedKeys(context: Context): (variable: string) => Promise<StoredKey | undefined> {
  return async (variable) => {
    // Whoever has no vault does not load what reads one.
    if (!existsSync(context.paths.credentialsFile)) return undefined;
    const { findStoredKey } = await import('./stored-key.ts');
    return findStoredKey(context, { variable });
  };
}
