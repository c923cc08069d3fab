import { foreignCode, MiraError } from '../errors.ts';

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the limit for the size of a file is reached',
};

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'the system does not permit it',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'a file of that name is in the way',
  EIO: 'the disk reported an error',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the system has too many open files',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its path is a loop of links',
  EBUSY: 'another program is using it',
  ENOENT: 'a folder of its path is gone',
};

/** What a failed system call on a file means to a person; anything but a system error is given back as it is. */
export function storageError(error: unknown, { file, doing }: { file: string; doing: string }): unknown {
  const errno = systemCode(error);
  if (errno === undefined) return error;
  const full = FULL[errno];
  if (full !== undefined) {
    return new MiraError('disk_full', `Cannot ${doing} ${file}: ${full}.`, {
      hint: 'Free some space and run the command again; what was stored before is unchanged.',
      cause: error,
    });
  }
  return new MiraError('storage_failed', `Cannot ${doing} ${file}: ${CAUSES[errno] ?? errno}.`, {
    hint: 'Check the folder and its permissions, or choose others with MIRA_DATA_DIR and MIRA_CONFIG_DIR.',
    cause: error,
  });
}

/** The errno name (`ENOENT`) of a failed system call. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error ? foreignCode(error) : undefined;
}
