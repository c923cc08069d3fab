/**
 * All secrets of this machine into one store: sessions one by one, and what is sealed in the credentials file by
 * sealing it under another key. Every step leaves each secret readable, a note says that the whole is under way, and
 * whoever finds that note clears away what a stopped run has left.
 */
import { rm } from 'node:fs/promises';
import { moveSession, removeStaleCopy, type MoveDeps, type Place } from '../../auth/move-session.ts';
import type { Context } from '../../context.ts';
import { isRecord, parseJson } from '../../json.ts';
import type { KeyKind } from '../../store/credentials-format.ts';
import { withOtherWayOut } from '../../store/keychain-failure.ts';
import type { ProtectionForm } from '../../store/protection.ts';
import type { SessionEntry } from '../../store/session-entry.ts';

export interface MigrationPlan {
  readonly from: Place['storage'];
  readonly to: Place['storage'];
  /** How it is protected there. */
  readonly form: KeyKind;
  /** The profiles whose sessions change their place or their seal. */
  readonly sessions: readonly string[];
  /** How many tokens and other sealed records change their seal. */
  readonly secrets: number;
}

/** Where to: a kind of store, or for the file also how it is sealed. */
export type Destination = 'keychain' | 'file' | 'passphrase' | 'key-file';

/** What would be moved. Needs no key and no keychain. @throws MiraError exit 10 for an index or a file that cannot be read */
export async function planMigration(context: Context, destination: Destination): Promise<MigrationPlan> {
  const file = await context.credentialsFile();
  const sealedWith = await file.sealedWith();
  const form = formFor(context, { destination, sealedWith });
  const to = form === 'keychain' ? 'keychain' : 'file';
  const entries = await storedEntries(context);
  const listed = (await file.list()).length;
  const changesSeal = sealedWith !== undefined && sealedWith !== form;
  const sessions = entries.filter(({ storage }) => storage !== to || (to === 'file' && changesSeal));
  const leavesKeychain = sealedWith === 'keychain' || entries.some(({ storage }) => storage === 'keychain');
  const secrets = changesSeal ? listed : 0;
  const isThere = sessions.length === 0 && secrets === 0;
  return {
    from: isThere ? to : to === 'keychain' || !leavesKeychain ? 'file' : 'keychain',
    to,
    form,
    sessions: sessions.map(({ profile }) => profile),
    secrets,
  };
}

/** @returns what was moved, after it is moved. @throws MiraError exit 10, 11; run again, it goes on where it stopped */
export async function migrate(context: Context, destination: Destination): Promise<MigrationPlan> {
  return context.withSessionLock('migration', async () => {
    const plan = await planMigration(context, destination);
    const stopped = await readNote(context);
    if (plan.sessions.length === 0 && plan.secrets === 0 && stopped === undefined) return plan;
    await proveTarget(context, plan);
    const usesKeychain = plan.from === 'keychain' || plan.to === 'keychain' || stopped?.usesKeychain === true;
    await writeNote(context, { usesKeychain });
    await moveAll(context, plan);
    if (stopped !== undefined) await removeStaleCopies(context, { plan, usesKeychain });
    await forgetKeys(context, { plan, usesKeychain });
    await rm(context.paths.migrationFile, { force: true });
    return plan;
  });
}

interface FormRequest {
  readonly destination: Destination;
  readonly sealedWith: KeyKind | undefined;
}

/** A file keeps the seal it has, as at sign-in, unless it is asked for another. */
function formFor(context: Context, { destination, sealedWith }: FormRequest): KeyKind {
  switch (destination) {
    case 'keychain':
      return 'keychain';
    case 'passphrase':
      return 'passphrase';
    case 'key-file':
      return 'key_file';
    case 'file': {
      if (sealedWith === 'passphrase' || sealedWith === 'key_file') return sealedWith;
      return context.env['MIRA_PASSPHRASE'] !== undefined || context.canPrompt ? 'passphrase' : 'key_file';
    }
  }
}

/** Before anything is changed: it takes secrets. The file is read and written as it is sealed now. */
async function proveTarget(context: Context, plan: MigrationPlan): Promise<void> {
  try {
    await (await openPlace(context, placeFor(plan))).probe();
  } catch (error) {
    throw withOtherWayOut(error);
  }
}

async function moveAll(context: Context, plan: MigrationPlan): Promise<void> {
  const file = await context.credentialsFile();
  const to = placeFor(plan);
  // A file that is left empty goes; only what stays in it needs another key.
  if (plan.to === 'file') await resealFile();
  for (const profile of plan.sessions) await moveSession(moveDeps(context), { profile, to });
  if (plan.to === 'keychain') await resealFile();

  async function resealFile(): Promise<void> {
    await file.reseal(plan.form);
    await context.index.update((entries) => {
      for (const [profile, entry] of entries) {
        if (entry.storage === 'file' && entry.protection !== plan.form)
          entries.set(profile, { ...entry, protection: plan.form });
      }
    });
  }
}

interface Cleaning {
  readonly plan: MigrationPlan;
  /** Whoever never used the keychain need not have one. */
  readonly usesKeychain: boolean;
}

async function removeStaleCopies(context: Context, { plan, usesKeychain }: Cleaning): Promise<void> {
  if (!usesKeychain) return;
  const other: Place =
    plan.to === 'keychain'
      ? { storage: 'file', protection: 'key_file' }
      : { storage: 'keychain', protection: 'keychain' };
  // A locked keychain says of everything that it is gone.
  if (other.storage === 'keychain') await (await openPlace(context, other)).probe();
  for (const { profile } of await storedEntries(context)) {
    await removeStaleCopy(moveDeps(context), { profile, other });
  }
}

/** A key that nothing is sealed with any more would open old copies of the file, such as those of a backup. */
async function forgetKeys(context: Context, { plan, usesKeychain }: Cleaning): Promise<void> {
  const file = await context.credentialsFile();
  if (plan.form !== 'key_file') await file.forgetKey('key_file');
  if (plan.form !== 'keychain' && usesKeychain) await file.forgetKey('keychain');
}

interface Note {
  readonly usesKeychain: boolean;
}

/** Undefined when no run was stopped. One that cannot be made out is taken for the worst. */
async function readNote({ paths, uid }: Context): Promise<Note | undefined> {
  const { readPrivateFile } = await import('../../store/private-file.ts');
  const bytes = await readPrivateFile({ file: paths.migrationFile, maxBytes: 4_096, uid });
  if (bytes === undefined) return undefined;
  const note = parseJson(bytes.toString());
  return { usesKeychain: !isRecord(note) || note['uses_keychain'] !== false };
}

async function writeNote({ paths }: Context, { usesKeychain }: Note): Promise<void> {
  const { writeFileAtomically } = await import('../../store/atomic-file.ts');
  const data = `${JSON.stringify({ uses_keychain: usesKeychain })}\n`;
  await writeFileAtomically({ file: paths.migrationFile, data });
}

async function storedEntries(context: Context): Promise<readonly SessionEntry[]> {
  return [...(await context.index.read()).values()].filter(({ storage }) => storage !== 'memory');
}

function placeFor({ to, form }: MigrationPlan): Place {
  return { storage: to, protection: form };
}

function openPlace(context: Context, { storage, protection }: Place): ReturnType<Context['openStore']> {
  return context.openStore({ storage, protection, patient: context.canPrompt });
}

function moveDeps(context: Context): MoveDeps {
  return { ...context, openStore: (place) => openPlace(context, place) };
}

/** In words, for a person. */
export const FORM_NAMES: Readonly<Record<KeyKind, string>> = {
  keychain: 'the keychain of this system',
  passphrase: 'the encrypted file, under a passphrase',
  key_file: 'the encrypted file, under a key file',
} satisfies Readonly<Partial<Record<ProtectionForm, string>>>;
