/** What SQLite reports, in words a person can act on. */
import { MiraError } from '../../errors.ts';

const BUSY = 5;
const READ_ONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** The database itself cannot be read: only setting it aside helps. */
export function isBroken(error: unknown): boolean {
  const code = resultCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** A MiraError for an error of SQLite's; anything else is given back as it is. */
export function sqliteFailure(error: unknown, file: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  if (code === FULL) {
    return new MiraError('disk_full', `Cannot write ${file}: the disk is full.`, {
      hint: 'Free some space; what was saved before is unchanged.',
      cause: error,
    });
  }
  if (code === BUSY) {
    return new MiraError('lock_timeout', `Another mira was busy with ${file} for too long.`, {
      hint: 'Run the command again in a moment.',
      cause: error,
    });
  }
  const why =
    code === READ_ONLY
      ? 'it may not be written'
      : code === CANNOT_OPEN
        ? 'it cannot be opened'
        : error instanceof Error
          ? error.message
          : 'unknown cause';
  return new MiraError('storage_failed', `Cannot use ${file}: ${why}.`, {
    hint: 'Check the folder and its permissions, or choose another with MIRA_DATA_DIR.',
    cause: error,
  });
}

/** SQLite's primary result code: the low byte of the extended one. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) & 0xff;
}
