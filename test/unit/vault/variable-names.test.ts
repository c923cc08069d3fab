import { describe, expect, test } from 'vitest';
import { isDangerousName, requireVariableName } from '../../../src/vault/variable-names.ts';

/** security.md 3.4, entry by entry; of the prefixes one name each. */
const DANGEROUS =
  `LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES BASH_FUNC_x npm_config_registry GIT_CONFIG_COUNT
  GIT_CONFIG GIT_CONFIG_KEY_0 PATH HOME SHELL USER IFS PS1 PS4 ENV BASH_ENV SHELLOPTS BASHOPTS PROMPT_COMMAND ZDOTDIR CDPATH
  GLOBIGNORE TERMINFO TERMCAP EDITOR VISUAL PAGER BROWSER NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS
  NODE_TLS_REJECT_UNAUTHORIZED NODE_REPL_EXTERNAL_MODULE NODE_V8_COVERAGE PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTHONWARNINGS
  PERL5LIB PERL5OPT PERL5DB RUBYOPT RUBYLIB JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS PHPRC PHP_INI_SCAN_DIR GIT_SSH
  GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_EXEC_PATH GIT_ASKPASS SSH_ASKPASS SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
  REQUESTS_CA_BUNDLE OPENSSL_CONF OPENSSL_ENGINES HTTP_PROXY HTTPS_PROXY ALL_PROXY http_proxy https_proxy all_proxy GCONV_PATH
  GLIBC_TUNABLES HOSTALIASES LOCPATH MALLOC_CHECK_ WINDIR SYSTEMROOT COMSPEC PATHEXT USERPROFILE XDG_CONFIG_HOME
  MIRA_TOKEN MIRA_API_URL MIRA_PASSPHRASE MIRA_MEETINGS_URL`.split(/\s+/);

const HARMLESS =
  `OPENAI_API_KEY ANTHROPIC_API_KEY MIRA_API_KEY MIRA_MEETINGS_API_KEY MIRRA_API_KEY MIRRA_BASE_URL
  OLLAMA_BASE_URL GITHUB_TOKEN AWS_ACCESS_KEY_ID DATABASE_URL _x A LDAP_PASSWORD PATHS HOME_ASSISTANT_TOKEN NPM_TOKEN
  GIT_TOKEN`.split(/\s+/);

describe('the name of a variable', () => {
  test.each(DANGEROUS)('that changes how programs run is refused: %s', (name) => {
    expect(() => requireVariableName(name, { platform: 'linux' })).toThrow(
      expect.objectContaining({
        code: 'unsafe_variable',
        exitCode: 11,
        hint: `If you are sure: --allow-name ${name}`,
      }),
    );
    expect(requireVariableName(name, { platform: 'linux', allowed: ['X', name] })).toBe(name);
  });

  test.each(HARMLESS)('that does nothing of the kind is taken: %s', (name) => {
    expect(requireVariableName(name, { platform: 'linux' })).toBe(name);
    expect(requireVariableName(name, { platform: 'win32' })).toBe(name);
  });

  test.each(['', 'A=B', 'é', 'A\0', '1A', 'A B', 'A-B', 'A.B', 'x'.repeat(129), 'ＰＡＴＨ'])(
    'that is none is called that, and not repeated (%#)',
    (name) => {
      for (const allowed of [[], [name]]) {
        expect(() => requireVariableName(name, { platform: 'linux', allowed })).toThrow(
          expect.objectContaining({ exitCode: 2, message: 'That is no name for an environment variable.' }),
        );
      }
    },
  );

  test('has no case on Windows', () => {
    for (const name of ['Path', 'path', 'Node_Options', 'npm_Config_x', 'mira_token', 'Https_Proxy']) {
      expect([name, isDangerousName(name, 'win32')]).toEqual([name, true]);
      expect([name, isDangerousName(name, 'linux')]).toEqual([name, false]);
    }
    expect(isDangerousName('mira_api_key', 'win32')).toBe(false);
  });
});
