import { describe, expect, it } from 'vitest';

import { configuredHosts, sessionHosts } from '../../../src/api/configured-hosts.ts';
import { proxiesOf, proxyHosts } from '../../../src/api/http/proxy.ts';
import { resolveSettings } from '../../../src/settings.ts';
import type { Config } from '../../../src/store/config-file.ts';

type Env = Readonly<Record<string, string>>;

function hostsOf(env: Env, config: Config = {}) {
  const settings = resolveSettings({ profile: 'work', profileGiven: false, env, config });
  return configuredHosts({ env, settings });
}

/** As a person reads them. */
function rowsOf(env: Env, config: Config = {}): readonly string[] {
  return hostsOf(env, config).hosts.map(({ origin, why }) => `${origin} ${why}`);
}

describe('the hosts of a configuration', () => {
  it('are the documented ones where nothing is set', () => {
    expect(rowsOf({})).toEqual([
      'https://api.vmira.ai Mira API (default)',
      'https://api.fxn.world the Mirra SDK (default)',
      'https://api.openai.com OpenAI (default)',
      'https://api.anthropic.com Anthropic (default)',
      'http://localhost:11434 Ollama (default)',
    ]);
  });

  it('take the places that variables give them', () => {
    const env = {
      MIRA_API_URL: 'http://127.0.0.1:1/v1',
      MIRA_ISSUER: 'https://id.example/realm',
      OPENAI_BASE_URL: 'https://openai.example/v1',
      ANTHROPIC_BASE_URL: 'https://anthropic.example:8443',
      MIRRA_BASE_URL: 'https://mirra.example',
      MIRA_MEETINGS_URL: 'https://meetings.example/api/v1',
      OLLAMA_HOST: '192.168.1.5',
    };
    expect(rowsOf(env)).toEqual([
      'http://127.0.0.1:1 Mira API (MIRA_API_URL)',
      'https://id.example sign-in (MIRA_ISSUER)',
      'https://meetings.example Mira meetings (MIRA_MEETINGS_URL)',
      'https://mirra.example the Mirra SDK (MIRRA_BASE_URL)',
      'https://openai.example OpenAI (OPENAI_BASE_URL)',
      'https://anthropic.example:8443 Anthropic (ANTHROPIC_BASE_URL)',
      'http://192.168.1.5:11434 Ollama (OLLAMA_HOST)',
    ]);
  });

  it('come from the profile in use and from the providers that were added', () => {
    const config: Config = {
      profiles: {
        work: { api_url: 'https://work.example', issuer: 'https://id.work.example' },
        other: { api_url: 'https://other.example' },
      },
      providers: {
        lab: { base_url: 'http://lab.example:8000/v1' },
        keyed: { base_url: 'https://keyed.example/v1', env: 'KEYED_KEY' },
        unplaced: { kind: 'openai' },
      },
    };
    expect(rowsOf({}, config)).toEqual([
      'https://work.example Mira API (profile work)',
      'https://id.work.example sign-in (profile work)',
      'https://api.fxn.world the Mirra SDK (default)',
      'https://api.openai.com OpenAI (default)',
      'https://api.anthropic.com Anthropic (default)',
      'http://localhost:11434 Ollama (default)',
      'http://lab.example:8000 provider lab (providers.lab.base_url)',
      'https://keyed.example provider keyed (providers.keyed.base_url)',
    ]);
  });

  it('leave out what is no address that may be used, and say so', () => {
    const env = {
      OPENAI_BASE_URL: 'https://api.openai.com@evil.example',
      MIRRA_BASE_URL: 'http://mirra.example',
    };
    const config: Config = { providers: { keyed: { base_url: 'http://keyed.example', env: 'KEYED_KEY' } } };
    const { hosts, faults } = hostsOf(env, config);
    expect(hosts.map(({ host }) => host)).toEqual(['api.vmira.ai', 'api.anthropic.com', 'localhost:11434']);
    expect(faults.map(({ message }) => message)).toEqual([
      'MIRRA_BASE_URL would be used without encryption (http to mirra.example).',
      'OPENAI_BASE_URL contains a user name or password.',
      'providers.keyed.base_url would be used without encryption (http to keyed.example).',
    ]);
  });
});

it('every session names the hosts that it remembers, without a scheme', () => {
  const entries = [
    { profile: 'default', hosts: ['id.example', 'api.example'] },
    { profile: 'dev', hosts: ['127.0.0.1:3000'] },
  ];
  expect(sessionHosts(entries)).toEqual([
    { host: 'id.example', why: 'session of profile default' },
    { host: 'api.example', why: 'session of profile default' },
    { host: '127.0.0.1:3000', why: 'session of profile dev' },
  ]);
});

it('proxies are named by their variables in either case, without what signs in there', () => {
  const password = 'pw'.repeat(4);
  const env = {
    https_proxy: `http://me:${password}@proxy.example:3128`,
    HTTP_PROXY: 'proxy.example:3129',
    ALL_PROXY: `ftp://me:${password}@x`,
  };
  const { hosts, faults } = proxyHosts(proxiesOf(env));
  expect(hosts).toEqual([
    { host: 'proxy.example:3128', origin: 'http://proxy.example:3128', why: 'proxy (HTTPS_PROXY)' },
    { host: 'proxy.example:3129', origin: 'http://proxy.example:3129', why: 'proxy (HTTP_PROXY)' },
  ]);
  expect(faults.map(({ message }) => message)).toEqual([
    'The proxy address in the environment is not one mira can use.',
  ]);
});
