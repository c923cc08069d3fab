/**
 * Which names a token may have in a child's environment. Names that change how programs load or run code, whom they
 * trust or where they send things are refused on saving and on running (security.md T48, 3.4; decisions.md 20).
 */
import { MiraError } from '../errors.ts';

const SHAPE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

const PREFIXES = [
  // Loaders and their options
  'LD_',
  'DYLD_',
  'MALLOC_',
  // Functions that bash takes from the environment
  'BASH_FUNC_',
  // Settings of programs, scripts to run among them
  'NPM_CONFIG_',
  'GIT_CONFIG',
  // Our own settings, which decide where credentials go
  'MIRA_',
];

const NAMES = new Set([
  // Where programs are found, and who the user is
  ...['PATH', 'HOME', 'SHELL', 'USER', 'LOGNAME', 'TMPDIR', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'],
  ...['WINDIR', 'SYSTEMROOT', 'COMSPEC', 'PATHEXT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA'],
  // Shells
  ...['IFS', 'PS1', 'PS4', 'ENV', 'BASH_ENV', 'SHELLOPTS', 'BASHOPTS', 'PROMPT_COMMAND', 'ZDOTDIR', 'CDPATH'],
  ...['GLOBIGNORE', 'FPATH', 'PSMODULEPATH'],
  // What programs start
  ...['EDITOR', 'VISUAL', 'PAGER', 'BROWSER', 'LESSOPEN', 'LESSCLOSE', 'MANPAGER', 'TERMINFO', 'TERMCAP'],
  ...['GIT_SSH', 'GIT_SSH_COMMAND', 'GIT_EXTERNAL_DIFF', 'GIT_EXEC_PATH', 'GIT_ASKPASS', 'GIT_EDITOR'],
  ...['GIT_PAGER', 'GIT_PROXY_COMMAND', 'GIT_TEMPLATE_DIR', 'GIT_DIR', 'SSH_ASKPASS'],
  // Runtimes
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ...['NODE_REPL_EXTERNAL_MODULE', 'NODE_V8_COVERAGE'],
  ...['PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONHOME', 'PYTHONWARNINGS', 'PYTHONBREAKPOINT', 'PYTHONUSERBASE'],
  ...['PYTHONINSPECT', 'PERL5LIB', 'PERLLIB', 'PERL5OPT', 'PERL5DB', 'RUBYOPT', 'RUBYLIB', 'LUA_INIT'],
  ...['JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS', 'CLASSPATH', 'PHPRC', 'PHP_INI_SCAN_DIR'],
  ...['DOTNET_STARTUP_HOOKS', 'CORECLR_PROFILER_PATH', 'CORECLR_ENABLE_PROFILING', 'RUSTC_WRAPPER'],
  // Whom programs trust, and through whom they speak
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'GIT_SSL_NO_VERIFY'],
  ...['OPENSSL_CONF', 'OPENSSL_ENGINES', 'OPENSSL_MODULES', 'SSLKEYLOGFILE', 'HOSTALIASES'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'CURL_HOME'],
  // The C library
  ...['GCONV_PATH', 'GLIBC_TUNABLES', 'LOCPATH', 'NLSPATH', 'RES_OPTIONS', 'RESOLV_HOST_CONF'],
]);

/** Names of our own that hold a key and no setting. */
const KEYS_OF_OUR_OWN = new Set(['MIRA_API_KEY', 'MIRA_MEETINGS_API_KEY']);

/** Lower-case forms that programs read as well; elsewhere than on Windows other spellings are other variables. */
const LOWER_CASE_PREFIXES = ['npm_config_'];
const LOWER_CASE_NAMES = new Set(['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']);

export interface VariableUse {
  readonly platform: NodeJS.Platform;
  /** Names that are wanted all the same (`--allow-name`). */
  readonly allowed?: readonly string[] | undefined;
}

/** @throws MiraError `invalid_input` (2) for what is no name, `unsafe_variable` (11) for one that is refused */
export function requireVariableName(name: string, { platform, allowed = [] }: VariableUse): string {
  if (!isVariableName(name)) {
    throw new MiraError('invalid_input', 'That is no name for an environment variable.', {
      hint: 'Use up to 128 letters, digits and underscores, not beginning with a digit, such as OPENAI_API_KEY.',
    });
  }
  if (!isDangerousName(name, platform) || allowed.includes(name)) return name;
  throw new MiraError(
    'unsafe_variable',
    `${name} changes how programs load or run, or what they trust; a token is not put there.`,
    { hint: `If you are sure: --allow-name ${name}` },
  );
}

export function isVariableName(name: string): boolean {
  return SHAPE.test(name);
}

/** On Windows the case of a name does not matter. */
export function isDangerousName(name: string, platform: NodeJS.Platform): boolean {
  const read = platform === 'win32' ? name.toUpperCase() : name;
  if (KEYS_OF_OUR_OWN.has(read)) return false;
  if (NAMES.has(read) || LOWER_CASE_NAMES.has(read)) return true;
  return [...PREFIXES, ...LOWER_CASE_PREFIXES].some((prefix) => read.startsWith(prefix));
}
