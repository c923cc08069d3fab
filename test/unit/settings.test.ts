import { describe, expect, test } from 'vitest';
import { resolveSettings } from '../../src/settings.ts';
import type { Settings, SettingsSources } from '../../src/settings.ts';
import type { ConfigKey } from '../../src/store/config-file.ts';

function settings(sources: Partial<SettingsSources> = {}): Settings {
  return resolveSettings({ profile: 'default', profileGiven: false, env: {}, config: {}, ...sources });
}

const config = {
  default_profile: 'work',
  profiles: { work: { model: 'from-profile' }, default: { model: 'from-default', api_url: '' } },
};

describe('a setting', () => {
  test('comes from the option, then the environment, then the profile, then the default', () => {
    const env = { MIRA_MODEL: 'from-env' };
    const all = settings({ profile: 'work', env, config });

    expect(all.get('model', 'from-option')).toEqual({
      value: 'from-option',
      origin: 'option',
      from: '--model',
    });
    expect(all.get('model')).toEqual({ value: 'from-env', origin: 'environment', from: 'MIRA_MODEL' });
    expect(settings({ profile: 'work', config }).get('model')).toEqual({
      value: 'from-profile',
      origin: 'profile',
      from: 'profile work',
    });
    expect(settings({ profile: 'other', config }).get('model')).toEqual({
      value: 'mira',
      origin: 'default',
      from: 'default',
    });
  });

  test('is read from the profile in use and no other', () => {
    expect(settings({ config }).value('model')).toBe('from-default');
    expect(settings({ profile: 'work', config }).value('model')).toBe('from-profile');
  });

  test('that is empty in the profile counts as unset', () => {
    expect(settings({ config }).get('api_url')).toEqual({
      value: 'https://api.vmira.ai/v1',
      origin: 'default',
      from: 'default',
    });
  });

  test.each<[ConfigKey, string]>([
    ['api_url', 'MIRA_API_URL'],
    ['issuer', 'MIRA_ISSUER'],
    ['client_id', 'MIRA_CLIENT_ID'],
    ['scopes', 'MIRA_SCOPES'],
    ['model', 'MIRA_MODEL'],
    ['provider', 'MIRA_PROVIDER'],
    ['storage', 'MIRA_STORAGE'],
    ['browser', 'MIRA_BROWSER'],
    ['browser', 'BROWSER'],
  ])('%s is set by %s', (key, variable) => {
    expect(settings({ env: { [variable]: 'given' } }).get(key)).toEqual({
      value: 'given',
      origin: 'environment',
      from: variable,
    });
  });

  test('names the browser of mira before that of everyone', () => {
    const env = { BROWSER: 'firefox', MIRA_BROWSER: 'none' };

    expect(settings({ env }).get('browser')).toEqual({
      value: 'none',
      origin: 'environment',
      from: 'MIRA_BROWSER',
    });
  });

  test.each<[ConfigKey, string | undefined]>([
    ['api_url', 'https://api.vmira.ai/v1'],
    ['issuer', undefined],
    ['client_id', 'mira-cli'],
    ['scopes', 'openid profile email offline_access'],
    ['resource', undefined],
    ['model', 'mira'],
    ['provider', 'mira'],
    ['storage', 'auto'],
    ['browser', undefined],
  ])('%s is %j when nothing sets it', (key, value) => {
    expect(settings().get(key)).toEqual({ value, origin: 'default', from: 'default' });
  });

  test.each<[ConfigKey, string]>([
    ['api_url', '--api-url'],
    ['client_id', '--client-id'],
    ['scopes', '--scope'],
    ['issuer', '--issuer'],
    ['storage', '--storage'],
  ])('%s names its option as it is typed: %s', (key, from) => {
    expect(settings().get(key, 'given')).toEqual({ value: 'given', origin: 'option', from });
  });

  test('a variable of another program is not read', () => {
    const env = { MIRA_BASE_URL: 'https://other.example', OPENAI_BASE_URL: 'https://other.example' };

    expect(settings({ env }).value('api_url')).toBe('https://api.vmira.ai/v1');
  });
});

describe('the settings', () => {
  test('know their profile and whether it was asked for', () => {
    const { profile, profileGiven } = settings({ profile: 'work', profileGiven: true });

    expect({ profile, profileGiven }).toEqual({ profile: 'work', profileGiven: true });
  });
});
