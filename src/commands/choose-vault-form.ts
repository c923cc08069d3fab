/**
 * How the file of the vault is sealed when it has to be made: under a key in the keychain, or, where there is none, in
 * the form that a sign-in would choose (decisions.md 4). One that exists keeps the form it has.
 */
import type { Context } from '../context.ts';
import { MiraError, toMiraError } from '../errors.ts';
import type { KeyKind } from '../store/credentials-format.ts';
import { withOtherWayOut } from '../store/keychain-failure.ts';
import { askForFile } from './ask-for-file.ts';

const FILE_INSTEAD =
  'keep it in an encrypted file: set MIRA_STORAGE=file (MIRA_PASSPHRASE gives its passphrase; without one a key file is made)';

/** @throws MiraError exit 10 when there is nowhere to keep a secret, 2 for a store that cannot outlive the command */
export async function chooseVaultForm(context: Context, existing: KeyKind | undefined): Promise<KeyKind> {
  const storage = (await context.settings()).value('storage');
  switch (storage) {
    case 'auto':
      return existing ?? chooseByItself(context);
    case 'keychain':
      return existing ?? proveKeychain(context);
    case 'file':
      return existing ?? formOfFile(context);
    case 'memory':
      throw new MiraError('invalid_usage', 'What is kept in memory would end with this command.', {
        hint: 'Set MIRA_STORAGE to keychain or file, or unset it.',
      });
    default:
      throw new MiraError('invalid_input', 'The storage is none of: auto, keychain, file.', {
        hint: 'Set MIRA_STORAGE to one of them.',
      });
  }
}

async function chooseByItself(context: Context): Promise<KeyKind> {
  try {
    return await proveKeychain(context);
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.exitCode !== 10) throw failure;
    if (context.env['MIRA_PASSPHRASE'] !== undefined) {
      context.notice(`${failure.message} What you store goes into the encrypted file (MIRA_PASSPHRASE).`);
      return 'passphrase';
    }
    const form = context.canPrompt ? await askForFile(context, { failure, what: 'your tokens' }) : undefined;
    if (form !== undefined) return form;
    throw failure;
  }
}

async function proveKeychain(context: Context): Promise<KeyKind> {
  const patient = context.canPrompt;
  try {
    await (await context.openStore({ storage: 'keychain', protection: 'keychain', patient })).probe();
    return 'keychain';
  } catch (error) {
    throw withOtherWayOut(error, FILE_INSTEAD);
  }
}

function formOfFile(context: Context): KeyKind {
  return context.env['MIRA_PASSPHRASE'] !== undefined || context.canPrompt ? 'passphrase' : 'key_file';
}
