/** The fast way to read the preferences: every command does it, and conf takes a tenth of a second to load. */
import { readFileSync } from 'node:fs';
import { MiraError } from '../errors.ts';
import { findConfigFault, type Config } from './config-schema.ts';
import { moveAside } from './shell-quote.ts';
import { storageError, systemCode } from './storage-error.ts';

export type { Config, ConfigKey, ProviderConfig, ProviderKey } from './config-schema.ts';

/**
 * The configuration; an absent or empty file is an empty one.
 * @throws MiraError `invalid_config` naming the place and the fix; `storage_failed`
 */
export async function readConfig(file: string): Promise<Config> {
  return parseConfig({ file, text: readText(file) });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Below something that is no folder there is no file either (HOME=/dev/null).
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return '';
    throw storageError(error, { file, doing: 'read' });
  }
}

async function parseConfig({ file, text }: { file: string; text: string }): Promise<Config> {
  const json = withoutByteOrderMark(text);
  if (json.trim() === '') return {};
  const value = await parseJson({ file, json });
  const fault = findConfigFault(value);
  if (fault === undefined) return value as Config;
  const where = fault.path.length === 0 ? 'its content' : fault.path.join('.');
  throw invalid(file, `${file} is not valid: ${where} must be ${fault.expected}.`);
}

/** Some editors put one in front, and JSON.parse takes none. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

async function parseJson({ file, json }: { file: string; json: string }): Promise<unknown> {
  try {
    return JSON.parse(json);
  } catch (error) {
    const { findJsonFault } = await import('./json-fault.ts');
    const { line, column } = findJsonFault(json);
    throw invalid(file, `${file} is not valid JSON at line ${line}, column ${column}.`, error);
  }
}

function invalid(file: string, message: string, cause?: unknown): MiraError {
  return new MiraError('invalid_config', message, {
    hint: `Correct it in an editor, or move it aside: ${moveAside(file)}`,
    cause,
  });
}
