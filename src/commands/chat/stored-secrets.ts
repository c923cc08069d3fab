/**
 * The stored values that are looked for in what leaves. Whoever asks a question is not asked for a passphrase and does
 * not wait for a keychain because of it: where the vault does not open by itself, known formats have to do.
 */
import { existsSync } from 'node:fs';
import type { Context } from '../../context.ts';
import { MiraError, toMiraError } from '../../errors.ts';
import { secretForms } from '../../vault/secret-forms.ts';
import type { StoredValue } from '../scan/stored-values.ts';

export interface StoredSecrets {
  /** As they are, and in the encodings they may have been put through. */
  readonly values: readonly StoredValue[];
  /** Why there are none although some are stored. */
  readonly warning?: string | undefined;
}

const NONE: StoredSecrets = { values: [] };

/** @throws what is no fault of the vault */
export async function readStoredSecrets(context: Context): Promise<StoredSecrets> {
  if (!existsSync(context.paths.credentialsFile)) return NONE;
  const waiting = new AbortController();
  try {
    const opened = open(context);
    // Whoever comes too late is not listened to.
    opened.catch(() => {});
    return await Promise.race([opened, tooLate(context, waiting.signal)]);
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.exitCode !== 10 && failure.exitCode !== 11) throw failure;
    return { values: [], warning: warningOf(failure) };
  } finally {
    waiting.abort();
  }
}

async function open(context: Context): Promise<StoredSecrets> {
  const vault = await context.vault();
  if (!(await vault.hasAny())) return NONE;
  if ((await context.fileProtection()) === 'passphrase' && context.env['MIRA_PASSPHRASE'] === undefined)
    throw new MiraError('input_required', 'their passphrase is not in MIRA_PASSPHRASE.');
  const secrets = (await vault.allValues()).filter(({ value }) => !isAddress(value));
  return {
    values: secrets.flatMap(({ label, value }) => secretForms(value).map((form) => ({ label, value: form }))),
  };
}

const LONGEST_WAIT_MS = 3_000;

async function tooLate(context: Context, signal: AbortSignal): Promise<never> {
  await context.sleep(LONGEST_WAIT_MS, signal);
  throw new MiraError('keychain_timeout', 'the keychain has not answered yet.');
}

function warningOf({ message }: MiraError): string {
  return `Stored values are not looked for in what you send, only keys by their format: ${message}`;
}

/** Where a service is may be asked about; a password in the address may not. */
function isAddress(value: string): boolean {
  const url = /^https?:\/\//i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && url.username === '' && url.password === '' && url.search === '';
}
