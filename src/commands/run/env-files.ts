import type { EnvEntry } from '../../vault/env-file.ts';

const MOST_BYTES = 1024 * 1024;

interface EnvFiles {
  readonly files: readonly string[];
  /** That they were named with. */
  readonly option: string;
}

/** The entries of all files, in the order of the command line. @throws MiraError `invalid_input`, `input_too_large` */
export async function readEnvFiles({ files, option }: EnvFiles): Promise<readonly EnvEntry[]> {
  if (files.length === 0) return [];
  const [{ readAtMost }, { parseEnvFile }] = await Promise.all([
    import('../chat/question.ts'),
    import('../../vault/env-file.ts'),
  ]);
  const entries: EnvEntry[] = [];
  for (const file of files) {
    const bytes = await readAtMost(file, { most: MOST_BYTES, option });
    entries.push(...parseEnvFile({ text: bytes.toString('utf8'), file }));
  }
  return entries;
}
