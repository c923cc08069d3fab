import { hostname } from 'node:os';
import { KEYS_PAGE, PLATFORM_ORIGIN } from '../../addresses.ts';
import { apiBase, parseServiceUrl } from '../../api/url.ts';
import { requirePlatformKey } from '../../auth/key-format.ts';
import type { LoginEvent } from '../../auth/login-event.ts';
import type { PreviousSession } from '../../auth/sign-in.ts';
import type { Context } from '../../context.ts';
import { MiraError, toMiraError } from '../../errors.ts';
import type { Settings } from '../../settings.ts';
import type { Opened } from '../../ui/browser.ts';
import { streamCommand } from '../define.ts';
import type { Input, JsonObject } from '../define.ts';
import { moment, secondsUntil } from '../moments.ts';
import { readStdin } from '../read-stdin.ts';
import { chooseStore } from './choose-store.ts';

const LONGEST_KEY = 64 * 1024;

const options = {
  issuer: {
    kind: 'text',
    flags: '--issuer <url>',
    summary: 'OpenID or OAuth issuer to sign in at; found by itself when left out',
    env: 'MIRA_ISSUER',
  },
  apiUrl: {
    kind: 'text',
    flags: '--api-url <url>',
    summary: 'base URL of the chat API',
    env: 'MIRA_API_URL',
  },
  clientId: { kind: 'text', flags: '--client-id <id>', summary: 'OAuth client id', env: 'MIRA_CLIENT_ID' },
  scope: {
    kind: 'text',
    flags: '--scope <scopes>',
    summary: 'scopes to ask for, separated by spaces',
    env: 'MIRA_SCOPES',
  },
  storage: {
    kind: 'text',
    flags: '--storage <kind>',
    summary: 'where to keep the session',
    choices: ['auto', 'keychain', 'file', 'memory'],
    env: 'MIRA_STORAGE',
  },
  noBrowser: { kind: 'flag', flags: '--no-browser', summary: 'never open a browser' },
  noCopy: { kind: 'flag', flags: '--no-copy', summary: 'do not copy the code' },
  withKey: {
    kind: 'flag',
    flags: '--with-key',
    summary: 'read an API key from stdin or a hidden prompt instead of signing in',
  },
  force: { kind: 'flag', flags: '--force', summary: 'keep a key although it looks like another vendor’s' },
} as const;

type LoginInput = Input<typeof options>;

export const login = streamCommand<typeof options, LoginEvent>({
  summary: 'Sign in with a code in the browser, or keep an API key',
  description:
    'Sign in: mira shows an address and a code, you approve the code in a browser, on this machine or another, and the session is kept in the keychain of this system.',
  options,
  examples: [
    { command: 'mira auth login', shows: 'sign in to the Mira platform' },
    {
      command: 'mira auth login --issuer https://id.example --api-url https://api.example/v1',
      shows: 'sign in somewhere else',
    },
    { command: 'mira auth login --with-key < key.txt', shows: 'keep an API key' },
    { command: 'mira auth login --json', shows: 'the same for a script, an event a line' },
  ],
  run: signIn,
  human: async (events, context, input) => {
    if (context.isCi && !input.options.withKey) {
      throw new MiraError('input_required', 'Nobody can approve a code in CI.', {
        hint: 'Set MIRA_API_KEY instead, or add --json if something reads the code and approves it.',
      });
    }
    await showEvents(events, { context, input });
  },
  json: async function* (events, _input, context) {
    for await (const event of events) yield toJson(event, context);
  },
  failure: (error) => ({ schema: 'mira.auth.login/1', event: LAST_EVENT[error.code] ?? 'error' }),
});

const LAST_EVENT: Readonly<Record<string, string>> = {
  access_denied: 'denied',
  device_code_expired: 'expired',
  interrupted: 'cancelled',
  terminated: 'cancelled',
  hung_up: 'cancelled',
};

async function* signIn(context: Context, input: LoginInput): AsyncGenerator<LoginEvent> {
  const settings = await context.settings();
  const { signIn: start, keepKey } = await import('../../auth/sign-in.ts');
  const apiSetting = settings.get('api_url', input.options.apiUrl);
  const apiUrl = apiBase(
    parseServiceUrl(settings.value('api_url', input.options.apiUrl), { name: apiSetting.from, from: 'user' }),
  );
  const issuer = issuerOf(settings, input.options.issuer);
  const key = input.options.withKey
    ? await readKey(context, { apiUrl, force: input.options.force })
    : undefined;
  const { store, protection } = await chooseStore(context, settings.value('storage', input.options.storage));
  const request = {
    profile: settings.profile,
    store,
    protection,
    apiUrl,
    apiUrlGiven: apiSetting.origin !== 'default',
    issuer,
    clientId: settings.value('client_id', input.options.clientId),
    scopes: settings
      .value('scopes', input.options.scope)
      .split(/\s+/)
      .filter((scope) => scope !== ''),
    resource: settings.get('resource').value,
    previous: await findPrevious(context, settings.profile),
    openPreviousStore: context.openStore,
  };
  const deps = {
    ...context,
    http: await context.http(),
    dataDir: context.paths.dataDir,
    keysPage: KEYS_PAGE,
  };
  const events = key === undefined ? start(deps, request) : keepKey(deps, { request, key });
  for await (const event of events) {
    yield event.kind === 'authorized'
      ? { ...event, notices: [...event.notices, ...shadowedBy(context)] }
      : event;
  }
}

function issuerOf(settings: Settings, option: string | undefined): URL | undefined {
  const { value, from } = settings.get('issuer', option);
  return value === undefined ? undefined : parseServiceUrl(value, { name: from, from: 'user' });
}

/** A variable in the environment goes before what was just stored; better said now than found out. */
function shadowedBy({ env }: Context): readonly string[] {
  const variable = ['MIRA_TOKEN', 'MIRA_API_KEY'].find((name) => env[name] !== undefined);
  return variable === undefined
    ? []
    : [`${variable} is set and is used before this session; unset it to use the session.`];
}

/** What is replaced after a success; a store that does not give it out now does not keep anyone from signing in. */
async function findPrevious(context: Context, profile: string): Promise<PreviousSession | undefined> {
  const entry = await context.index.find(profile);
  if (!entry) return undefined;
  try {
    return (await (await context.sessions()).find(profile)) ?? { entry, secret: undefined };
  } catch (error) {
    const failure = toMiraError(error);
    if (failure.code === 'unexpected') throw failure;
    context.log('sign-in: the session there was cannot be read', { code: failure.code });
    return { entry, secret: undefined };
  }
}

interface KeyUse {
  readonly apiUrl: URL;
  readonly force: boolean;
}

async function readKey(context: Context, { apiUrl, force }: KeyUse): Promise<string> {
  const text = context.io.stdin.isTerminal ? await askKey(context) : await readPiped(context);
  return requirePlatformKey(text.replace(/\r?\n$/, ''), {
    source: context.io.stdin.isTerminal ? 'the prompt' : 'standard input',
    documentedHost: apiUrl.origin === PLATFORM_ORIGIN,
    force,
  });
}

async function askKey(context: Context): Promise<string> {
  if (!context.canPrompt) {
    throw new MiraError('input_required', 'A key is needed, and nobody can be asked for it.', {
      hint: 'Give it on stdin: mira auth login --with-key < key.txt',
    });
  }
  const { askHidden } = await import('../../ui/prompts.ts');
  const { stdin, stderr } = context.io.terminal();
  return askHidden({ question: `API key (from ${KEYS_PAGE}):`, stdin, stderr, signal: context.signal });
}

function readPiped(context: Context): Promise<string> {
  return readStdin(context, {
    waiting: 'Waiting for the key on standard input.',
    hint: 'Give it on stdin: mira auth login --with-key < key.txt',
    mostBytes: LONGEST_KEY,
    tooLarge: () => new MiraError('malformed_key', 'What standard input holds is too long to be a key.'),
  });
}

async function showEvents(
  events: AsyncIterable<LoginEvent>,
  { context, input }: { readonly context: Context; readonly input: LoginInput },
): Promise<void> {
  const { showLogin } = await import('../../ui/login-screen.ts');
  const { env, io } = context;
  const style = await context.style('stderr');
  const { stdin, stderr } = io.terminal();
  const live = io.stderr.isTerminal && env['TERM'] !== 'dumb';
  const spinner = live
    ? (await import('../../ui/spinner.ts')).createSpinner({ stream: stderr, style })
    : undefined;
  const shown = showLogin(events, {
    stderr,
    style,
    spinner,
    ...(live && context.canPrompt ? { stdin } : {}),
    machine: hostname(),
    copy: live ? await clipboard(context) : undefined,
    copyAtOnce: !input.options.noCopy,
    open: await browserOpener(context, input),
    now: context.now,
    every: (intervalMs, tick) => {
      const timer = setInterval(tick, intervalMs);
      return () => clearInterval(timer);
    },
    cancel: context.interrupt,
  });
  for await (const event of shown) {
    if (event.kind === 'authorized') context.notice(`The session is kept in: ${STORES[event.storage]}.`);
  }
}

const STORES = {
  keychain: 'the keychain of this system',
  file: 'the encrypted file credentials.json',
  memory: 'memory, until this command ends',
} as const;

async function clipboard(context: Context): Promise<(text: string) => Promise<string | undefined>> {
  const { copyText } = await import('../../ui/clipboard.ts');
  const { env, platform, io } = context;
  const isSsh = env['SSH_CONNECTION'] !== undefined || env['SSH_TTY'] !== undefined;
  return (text) =>
    copyText(text, { env, platform, isSsh, writeToTerminal: (sequence) => io.stderr.write(sequence) });
}

async function browserOpener(
  context: Context,
  input: LoginInput,
): Promise<((url: URL) => Promise<Opened>) | undefined> {
  const { openUrl, canOpenBrowser } = await import('../../ui/browser.ts');
  const { env, platform } = context;
  const browser = (await context.settings()).get('browser').value;
  if (input.options.noBrowser || !canOpenBrowser({ env, platform, browser })) return undefined;
  return (url) => openUrl(url, { env, browser });
}

function toJson(event: LoginEvent, context: Pick<Context, 'now'>): JsonObject {
  const schema = 'mira.auth.login/1';
  switch (event.kind) {
    case 'device_code':
      return {
        schema,
        event: 'device_code',
        verification_uri: event.verificationUri,
        ...(event.verificationUriComplete === undefined
          ? {}
          : { verification_uri_complete: event.verificationUriComplete }),
        user_code: event.userCode,
        expires_at: moment(event.expiresAt),
        expires_in: secondsUntil(event.expiresAt, context.now()),
        interval: event.interval,
      };
    case 'pending':
      return { schema, event: 'pending' };
    case 'slow_down':
      return { schema, event: 'slow_down', interval: event.interval };
    case 'offline':
      return { schema, event: 'offline', error: { code: event.error.code, message: event.error.message } };
    case 'authorized':
      return {
        schema,
        event: 'authorized',
        profile: event.profile,
        ...(event.account === undefined ? {} : { account: event.account }),
        ...(event.expiresAt === undefined
          ? {}
          : {
              expires_at: moment(event.expiresAt),
              expires_in: secondsUntil(event.expiresAt, context.now()),
            }),
        storage: event.storage,
        ...(event.notices.length === 0 ? {} : { notices: event.notices }),
      };
  }
}
