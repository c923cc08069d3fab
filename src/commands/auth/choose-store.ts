/**
 * Where a new session will be kept, proven before anyone is sent to a browser (decisions.md 4). `auto` means the
 * keychain; without one, the encrypted file if it has a passphrase or a person agrees to choose one.
 */
import type { Context } from '../../context.ts';
import { MiraError, toMiraError } from '../../errors.ts';
import type { ProtectionForm } from '../../store/protection.ts';
import type { SecretStore } from '../../store/secret-store.ts';
import { askForFile } from '../ask-for-file.ts';

export interface ChosenStore {
  readonly store: SecretStore;
  readonly protection: ProtectionForm;
}

export interface StoreWish {
  /** `auto` or a kind of store. */
  readonly storage: string;
  /** The program goes on afterwards, so that a session in its memory is of use. */
  readonly goesOn: boolean;
}

/** @throws MiraError exit 10 when the store does not take secrets, 2 for a store that cannot outlive the command */
export async function chooseStore(context: Context, { storage, goesOn }: StoreWish): Promise<ChosenStore> {
  switch (storage) {
    case 'auto':
      return chooseByItself(context, goesOn);
    case 'keychain':
      return openKeychain(context);
    case 'file':
      return openFile(context);
    case 'memory':
      if (goesOn) return openMemory(context);
      throw new MiraError('invalid_usage', 'A session kept in memory would end with this command.', {
        hint: 'Use --storage keychain or file; to use mira without keeping anything, set MIRA_API_KEY.',
      });
    default:
      throw new MiraError('invalid_input', 'The storage is none of: auto, keychain, file.', {
        hint: 'Set --storage or MIRA_STORAGE to one of them.',
      });
  }
}

async function chooseByItself(context: Context, goesOn: boolean): Promise<ChosenStore> {
  try {
    return await openKeychain(context);
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.exitCode !== 10) throw failure;
    if (context.env['MIRA_PASSPHRASE'] !== undefined) {
      context.notice(`${failure.message} The session goes into the encrypted file (MIRA_PASSPHRASE).`);
      return openFile(context);
    }
    const protection = context.canPrompt
      ? await askForFile(context, { failure, what: 'the session' })
      : undefined;
    if (protection) return openFile(context, protection);
    if (goesOn) return openMemory(context);
    if (context.canPrompt) throw keptNowhere(failure);
    throw failure.with({
      hint: `${failure.hint ?? 'Use an encrypted file: mira auth login --storage file'} (MIRA_PASSPHRASE gives its passphrase), or set MIRA_API_KEY.`,
      next: [{ command: 'mira auth login --storage file', why: 'keeps the session in an encrypted file' }],
    });
  }
}

function keptNowhere(failure: MiraError): MiraError {
  return failure.with({
    message: 'There is nowhere to keep the session: the keychain cannot be used, and no file is wanted.',
    hint: 'Kept nowhere, it would end with this command. To use mira without keeping anything, set MIRA_API_KEY.',
  });
}

async function openKeychain(context: Context): Promise<ChosenStore> {
  const store = await context.openStore({
    storage: 'keychain',
    protection: 'keychain',
    patient: context.canPrompt,
  });
  await store.probe();
  return { store, protection: 'keychain' };
}

async function openFile(context: Context, wanted?: ProtectionForm): Promise<ChosenStore> {
  const canHavePassphrase = context.env['MIRA_PASSPHRASE'] !== undefined || context.canPrompt;
  const protection = wanted ?? (canHavePassphrase ? 'passphrase' : 'key_file');
  const store = await context.openStore({ storage: 'file', protection });
  await store.probe();
  // A file that exists keeps the seal it has.
  return { store, protection: (await context.fileProtection()) ?? protection };
}

async function openMemory(context: Context): Promise<ChosenStore> {
  const store = await context.openStore({ storage: 'memory', protection: 'memory' });
  return { store, protection: 'memory' };
}
