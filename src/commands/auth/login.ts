import type { LoginEvent } from '../../auth/login-event.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { streamCommand } from '../define.ts';
import type { JsonObject } from '../define.ts';
import { moment, secondsUntil } from '../moments.ts';
import { loginEvents } from './login-events.ts';

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
  qr: { kind: 'flag', flags: '--qr', summary: 'show the address as a QR code at once' },
  withKey: {
    kind: 'flag',
    flags: '--with-key',
    summary: 'read an API key from stdin or a hidden prompt instead of signing in',
  },
  force: { kind: 'flag', flags: '--force', summary: 'keep a key although it looks like another vendor’s' },
} as const;

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
  run: (context, { options: chosen }) => loginEvents(context, chosen),
  human: async (events, context, input) => {
    if (context.isCi && !input.options.withKey) {
      throw new MiraError('input_required', 'Nobody can approve a code in CI.', {
        hint: 'Set MIRA_API_KEY instead, or add --json if something reads the code and approves it.',
      });
    }
    const { showSignIn } = await import('./show-sign-in.ts');
    await showSignIn(events, { context, look: input.options, cancel: context.interrupt });
  },
  json: async function* (events, _input, context) {
    for await (const event of events) {
      const line = toJson(event, context);
      if (line !== undefined) yield line;
    }
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

function toJson(event: LoginEvent, context: Pick<Context, 'now'>): JsonObject | undefined {
  const schema = 'mira.auth.login/1';
  switch (event.kind) {
    case 'asking':
    case 'approved':
      return undefined;
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
