import { ollamaAddress } from '../../api/ollama-address.ts';
import type { StoredKey } from '../../auth/service-key.ts';
import type { Context, Env } from '../../context.ts';
import { MiraError } from '../../errors.ts';

/**
 * The environment with the address of Ollama that the vault has, where the environment has none: the desktop keeps it
 * among its tokens too.
 * @throws MiraError what opening the vault throws, `invalid_url` for what is kept and no address
 */
export async function ollamaEnvironment(context: Context): Promise<Env> {
  const { env } = context;
  if ((env['OLLAMA_BASE_URL'] ?? env['OLLAMA_HOST']) !== undefined) return env;
  const stored = await findAddress(context);
  if (stored === undefined) return env;
  const found = { ...env, OLLAMA_BASE_URL: await stored.read() };
  (await context.http()).allow([ollamaAddress(found).baseUrl]);
  return found;
}

/** A vault that cannot say is none, because Ollama answers without one. */
async function findAddress(context: Context): Promise<StoredKey | undefined> {
  try {
    const { findStoredKey } = await import('./stored-key.ts');
    return await findStoredKey(context, { variable: 'OLLAMA_BASE_URL' });
  } catch (error) {
    if (!(error instanceof MiraError)) throw error;
    context.log('vault: no address of Ollama', { code: error.code });
    return undefined;
  }
}
