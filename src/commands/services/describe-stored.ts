import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { dayOf, findToken } from './stored-key.ts';
import type { Wanted } from './stored-key.ts';

export interface StoredFacts {
  /** There is one that would be used. */
  readonly present: boolean;
  readonly detail: string;
}

/** What the vault has for a variable, in words; a vault that cannot be read says why. */
export async function describeStored(
  context: Pick<Context, 'vault' | 'now'>,
  wanted: Wanted,
): Promise<StoredFacts> {
  const { variable } = wanted;
  try {
    const { token, others } = await findToken(context, wanted);
    if (token === undefined) return { present: false, detail: `no token for ${variable}` };
    const { label, expiresAt } = token;
    if (others.length > 0) {
      const labels = [token, ...others].map((one) => one.label).join(', ');
      return { present: false, detail: `several tokens for ${variable}, of which none is chosen: ${labels}` };
    }
    return expiresAt !== undefined && expiresAt <= context.now()
      ? { present: false, detail: `the token ${label} expired on ${dayOf(expiresAt)}` }
      : { present: true, detail: `the token ${label}` };
  } catch (error) {
    if (error instanceof MiraError) return { present: false, detail: error.message.replace(/\.$/, '') };
    throw error;
  }
}
