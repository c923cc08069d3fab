/** Signing in from the command's side: settings, the store, the session that is replaced, a pasted key. */
import { KEYS_PAGE, PLATFORM_ORIGIN } from '../../addresses.ts';
import { apiBase, parseServiceUrl } from '../../api/url.ts';
import { requirePlatformKey } from '../../auth/key-format.ts';
import type { LoginEvent } from '../../auth/login-event.ts';
import type { PreviousSession } from '../../auth/sign-in.ts';
import type { Context } from '../../context.ts';
import { MiraError, toMiraError } from '../../errors.ts';
import type { Settings } from '../../settings.ts';
import { readStdin } from '../read-stdin.ts';
import { chooseStore } from './choose-store.ts';

const LONGEST_KEY = 64 * 1024;

/** What `auth login` is told, by its options or by a chat. */
export interface LoginChoice {
  readonly issuer: string | undefined;
  readonly apiUrl: string | undefined;
  readonly clientId: string | undefined;
  readonly scope: string | undefined;
  readonly storage: string | undefined;
  readonly withKey: boolean;
  readonly force: boolean;
  /** The program goes on with the session, which may then live in its memory. */
  readonly goesOn?: boolean | undefined;
}

/**
 * Signs in, or keeps a key: the questions that have to be asked first, then the events (auth/login-event.ts).
 * @throws MiraError for every way of not signing in, `interrupted` included
 */
export async function* loginEvents(context: Context, options: LoginChoice): AsyncGenerator<LoginEvent> {
  const settings = await context.settings();
  const { signIn: start, keepKey } = await import('../../auth/sign-in.ts');
  const apiSetting = settings.get('api_url', options.apiUrl);
  const apiUrl = apiBase(
    parseServiceUrl(settings.value('api_url', options.apiUrl), { name: apiSetting.from, from: 'user' }),
  );
  const issuer = issuerOf(settings, options.issuer);
  const key = options.withKey ? await readKey(context, { apiUrl, force: options.force }) : undefined;
  const { store, protection } = await chooseStore(context, {
    storage: settings.value('storage', options.storage),
    goesOn: options.goesOn ?? false,
  });
  const request = {
    profile: settings.profile,
    store,
    protection,
    apiUrl,
    apiUrlGiven: apiSetting.origin !== 'default',
    issuer,
    clientId: settings.value('client_id', options.clientId),
    scopes: settings
      .value('scopes', options.scope)
      .split(/\s+/)
      .filter((scope) => scope !== ''),
    resource: settings.get('resource').value,
    previous: await findPrevious(context, settings.profile),
    openPreviousStore: context.openStore,
  };
  const http = await context.http();
  http.allow(issuer === undefined ? [apiUrl] : [apiUrl, issuer]);
  const deps = {
    ...context,
    http,
    dataDir: context.paths.dataDir,
    keysPage: KEYS_PAGE,
  };
  if (key === undefined) yield { kind: 'asking', host: (issuer ?? apiUrl).host };
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
