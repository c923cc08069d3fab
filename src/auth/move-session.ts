/**
 * A session from one store to another, so that a crash at any moment leaves it readable: written, read back and
 * compared, then switched in the list of sessions in one step, and only then removed where it was. Its lock is held
 * meanwhile, so nobody renews it between the reading and the switch.
 */
import { MiraError } from '../errors.ts';
import type { ProtectionForm } from '../store/protection.ts';
import type { SecretStore, StorageKind } from '../store/secret-store.ts';
import type { SessionEntry } from '../store/session-entry.ts';
import type { SessionIndex } from '../store/session-index.ts';
import { parseSession } from './session.ts';
import { missingSecret } from './sessions.ts';

export interface Place {
  readonly storage: Exclude<StorageKind, 'memory'>;
  readonly protection: ProtectionForm;
}

export interface MoveDeps {
  readonly index: SessionIndex;
  readonly openStore: (place: Place) => Promise<SecretStore>;
  readonly withSessionLock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly withoutInterruption: <T>(work: () => Promise<T>) => Promise<T>;
  readonly keepOut: (secret: string) => void;
}

/**
 * False when there is nothing to move: the profile was signed out meanwhile, or its session is there already.
 * @throws MiraError exit 10, 11; the session then is where the list of sessions says
 */
export async function moveSession(
  deps: MoveDeps,
  { profile, to }: { readonly profile: string; readonly to: Place },
): Promise<boolean> {
  const seen = await deps.index.find(profile);
  if (seen === undefined) return false;
  return deps.withSessionLock(seen.name, async () => {
    const entry = await deps.index.find(profile);
    if (entry?.name !== seen.name || !isElsewhere(entry, to)) return false;
    const [source, target] = [await deps.openStore(placeOf(entry)), await deps.openStore(to)];
    const text = await readSession(deps, { entry, source });
    await deps.withoutInterruption(async () => {
      await copy(target, { name: entry.name, text });
      await deps.index.update((entries) => {
        const current = entries.get(profile);
        if (current?.name === entry.name) entries.set(profile, { ...current, ...to });
      });
      await removeCopy({ name: entry.name, from: source, keptIn: target });
    });
    return true;
  });
}

/**
 * What an earlier move that was stopped may have left: a copy of the session where it is no more, or not yet.
 * @throws MiraError exit 10 when it cannot be removed
 */
export async function removeStaleCopy(
  deps: MoveDeps,
  { profile, other }: { readonly profile: string; readonly other: Place },
): Promise<void> {
  const seen = await deps.index.find(profile);
  if (seen === undefined) return;
  await deps.withSessionLock(seen.name, async () => {
    const entry = await deps.index.find(profile);
    if (entry?.name !== seen.name || !isElsewhere(entry, other)) return;
    const [from, keptIn] = [await deps.openStore(other), await deps.openStore(placeOf(entry))];
    // Whichever is the copy, one of the two stays.
    if ((await keptIn.read(entry.name)) === undefined) throw missingSecret(entry);
    await deps.withoutInterruption(() => removeCopy({ name: entry.name, from, keptIn }));
  });
}

function isElsewhere(entry: SessionEntry, { storage }: Place): boolean {
  return entry.storage !== 'memory' && entry.storage !== storage;
}

function placeOf({ storage, protection }: SessionEntry): Place {
  return { storage: storage === 'keychain' ? 'keychain' : 'file', protection };
}

async function readSession(
  deps: MoveDeps,
  { entry, source }: { readonly entry: SessionEntry; readonly source: SecretStore },
): Promise<string> {
  const text = await source.read(entry.name);
  if (text === undefined) throw missingSecret(entry);
  const { accessToken, refreshToken } = parseSession(text);
  deps.keepOut(accessToken);
  if (refreshToken !== undefined) deps.keepOut(refreshToken);
  return text;
}

async function copy(
  target: SecretStore,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<void> {
  await target.write(name, text);
  if ((await target.read(name)) === text) return;
  throw new MiraError('storage_failed', `The ${target.kind} does not hold what was written to it.`, {
    hint: 'Nothing was removed; run the command again.',
  });
}

interface Removal {
  readonly name: string;
  readonly from: SecretStore;
  readonly keptIn: SecretStore;
}

async function removeCopy({ name, from, keptIn }: Removal): Promise<void> {
  // Where a keychain seals in the file what is too large for it, the two are one place.
  if (await keptIn.overflow?.holds(name)) return;
  if (await from.overflow?.holds(name)) await from.overflow?.letGo(name);
  else await from.remove(name);
  if ((await from.read(name)) === undefined) return;
  throw new MiraError('storage_failed', `A copy of the session is still in the ${from.kind}.`, {
    hint: 'It is kept where it should be as well; run the command again to remove the copy.',
  });
}
