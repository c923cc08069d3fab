/** The settings of providers of one's own: `providers.NAME.KEY`, for every profile. */
import { parseServiceUrl } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';
import type { Settings } from '../../settings.ts';
import { isBuiltIn, PROVIDER_KEYS } from '../../store/config-schema.ts';
import type { ProviderConfig, ProviderKey } from '../../store/config-schema.ts';
import type { SettingRow } from './settings-rows.ts';

export interface ProviderSetting {
  readonly provider: string;
  readonly key: ProviderKey;
}

/**
 * The setting that is meant; undefined for a name that is none of a provider's.
 * @throws MiraError `invalid_input` for a name that no provider can have, or a key that there is not
 */
export function findProviderSetting(name: string): ProviderSetting | undefined {
  const [first, provider = '', wanted, ...rest] = name.split('.');
  if (first !== 'providers') return undefined;
  const key = keys().find((one) => one === wanted);
  if (key === undefined || rest.length > 0) {
    throw new MiraError('invalid_input', 'There is no setting of that name.', {
      hint: `The settings of a provider of your own are: ${keys()
        .map((one) => `providers.NAME.${one}`)
        .join(', ')}.`,
    });
  }
  if (isBuiltIn(provider) || RESERVED.includes(provider)) {
    throw new MiraError(
      'invalid_input',
      `mira knows ${provider} already; a provider of your own needs another name.`,
    );
  }
  if (!/^[a-z0-9][a-z0-9_-]{0,31}$/.test(provider)) {
    throw new MiraError('invalid_input', 'That is no name for a provider.', {
      hint: 'Use up to 32 small letters, digits, dashes or underscores, beginning with a letter or digit.',
    });
  }
  return { provider, key };
}

/** Names that mean something else in commands. */
const RESERVED: readonly string[] = ['aws'];

/** @throws MiraError `invalid_input`, `invalid_url` */
export function parseProviderValue(
  { provider, key }: ProviderSetting,
  text: string,
): string | readonly string[] {
  const { choices, isList, pattern, form } = PROVIDER_KEYS[key];
  const name = `providers.${provider}.${key}`;
  if (isList === true) {
    const items = text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
    if (items.length > 0) return items;
    throw new MiraError('invalid_input', `${name} takes names, separated by commas.`);
  }
  if (key === 'base_url') parseServiceUrl(text, { name, from: 'user', mayBePlain: true });
  if (choices && !choices.includes(text))
    throw new MiraError('invalid_input', `${name} takes one of: ${choices.join(', ')}.`);
  if (pattern && !pattern.test(text)) throw new MiraError('invalid_input', `${name} takes ${form}.`);
  return text;
}

/** Without what somebody wrote of a provider that mira knows, which has no effect. */
export function providerRows({ providers }: Settings): readonly SettingRow[] {
  const own = Object.entries(providers).filter(([provider]) => !isBuiltIn(provider));
  return own.flatMap(([provider, config]) =>
    keys().flatMap((key) => {
      const value = textOf(config[key]);
      if (value === undefined) return [];
      return [{ key: `providers.${provider}.${key}`, value, origin: 'config' as const, from: 'config.json' }];
    }),
  );
}

function textOf(value: ProviderConfig[ProviderKey]): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(',');
}

function keys(): readonly ProviderKey[] {
  // The keys of a literal whose type is the union itself.
  return Object.keys(PROVIDER_KEYS) as ProviderKey[];
}
