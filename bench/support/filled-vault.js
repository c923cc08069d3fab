/** A home whose vault is sealed under a key file, written at once: ten thousand writes would take an hour. */
import { createCredentialsFile } from '../../src/store/credentials-file.ts';
import { resolvePaths } from '../../src/store/paths.ts';
import { isolatedHome } from '../../test/support/isolated-home.ts';

export async function filledVault(count) {
  const home = await isolatedHome();
  const paths = resolvePaths({
    platform: process.platform,
    env: home.env,
    homeDir: home.path,
    cwd: home.path,
  });
  const file = createCredentialsFile({
    file: paths.credentialsFile,
    storeLockFile: paths.storeLockFile,
    uid: process.geteuid?.(),
    sources: { keyFile: paths.keyFile },
    createWith: 'key_file',
  });
  const added = Date.UTC(2026, 0, 1);
  await file.update(({ values, meta }) => {
    for (let at = 0; at < count; at += 1) {
      const name = `token/${labelOf(at)}`;
      values.set(name, valueOf(at));
      meta.set(name, {
        label: name,
        kind: 'openai',
        env: variableOf(at),
        added: added + at,
        expires: added * 2,
      });
    }
  });
  return home;
}

export const labelOf = (at) => `label-${String(at).padStart(5, '0')}`;
export const variableOf = (at) => `SERVICE_${at}_API_KEY`;
/** As long as the keys of projects are. */
export const valueOf = (at) => `${String(at).padStart(8, '0')}${'v'.repeat(156)}`;
