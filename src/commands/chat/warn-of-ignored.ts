import type { Context } from '../../context.ts';
import { isBuiltIn } from '../../store/config-schema.ts';

/** Says that what somebody wrote into config.json about a provider that mira knows has no effect. */
export async function warnOfIgnored(context: Context, provider: string): Promise<void> {
  if (!isBuiltIn(provider) || !Object.hasOwn((await context.settings()).providers, provider)) return;
  context.warn(
    `providers.${provider} in config.json is not used: mira knows ${provider} itself, and its own variables say where it is. ` +
      'A provider of your own needs another name.',
  );
}
