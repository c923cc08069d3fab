/**
 * What can be wrong with a keychain, as named states. The library reports by message alone, so messages are all there
 * is to tell the states apart by; the patterns were collected by running into each state (spec/auth.md 1.2, 1.4, 1.5).
 */
import { MiraError, type ErrorCode } from '../errors.ts';

export type KeychainState =
  | 'library_missing'
  | 'no_bus'
  | 'no_service'
  | 'not_initialised'
  | 'locked'
  | 'denied'
  | 'timeout'
  | 'too_large'
  | 'other';

/** First match wins; the first four describe the machine, so they come before what one call ran into. */
const PATTERNS: readonly (readonly [KeychainState, readonly RegExp[]])[] = [
  [
    'library_missing',
    [
      /Failed to load keytar/i,
      /libsecret-1/i,
      /shared object file/i,
      /Cannot find (?:module|package) '?keytar/i,
    ],
  ],
  [
    'no_bus',
    [
      /Cannot autolaunch D-Bus/i,
      /Cannot spawn a message bus/i,
      /Could not connect: /i,
      /dbus-launch/i,
      /The connection is closed/i,
    ],
  ],
  [
    'no_service',
    [/was not provided by any \.service files/i, /ServiceUnknown/i, /org\.freedesktop\.secrets.*exited/i],
  ],
  [
    'not_initialised',
    [
      /Object does not exist at path/i,
      /No such (?:secret )?collection/i,
      /default keychain could not be found/i,
    ],
  ],
  ['locked', [/locked collection/i, /IsLocked/i, /User interaction is not allowed/i, /is locked/i]],
  ['timeout', [/Timeout was reached/i, /NoReply/i, /did not receive a reply/i]],
  ['too_large', [/stub received bad data/i]],
  [
    'denied',
    [/dismissed/i, /cancel/i, /denied/i, /passphrase you entered is not correct/i, /not permitted/i],
  ],
];

const CODES: Readonly<Record<KeychainState, ErrorCode>> = {
  library_missing: 'keychain_unavailable',
  no_bus: 'keychain_unavailable',
  no_service: 'keychain_unavailable',
  not_initialised: 'keychain_unavailable',
  locked: 'keychain_locked',
  denied: 'keychain_denied',
  timeout: 'keychain_timeout',
  too_large: 'keychain_unavailable',
  other: 'keychain_unavailable',
};

const SENTENCES: Readonly<Record<KeychainState, string>> = {
  library_missing: 'The keychain library libsecret is not installed.',
  no_bus: 'There is no D-Bus session here, so the keychain cannot be reached.',
  no_service: 'No keychain service is running in this session.',
  not_initialised: 'The keychain has never been set up for this user.',
  locked: 'The keychain is locked.',
  denied: 'The keychain refused access.',
  timeout: 'The keychain did not answer in time; it may be waiting for its password.',
  too_large: 'The keychain cannot hold a secret of this size.',
  other: 'The keychain failed.',
};

const SIGN_IN_ELSEWHERE = 'in an encrypted file: mira auth login --storage file';

/** What mends the keychain itself. */
const REMEDIES: Readonly<Record<KeychainState, string | undefined>> = {
  library_missing: 'Install it (Debian and Ubuntu: libsecret-1-0; Fedora and Arch: libsecret)',
  no_bus: 'Run mira in a desktop session or under dbus-run-session',
  no_service: 'Install and start gnome-keyring or KWallet',
  not_initialised: 'Log in on the desktop once, or create a default keyring with Seahorse',
  locked: 'Unlock it and run the command again (macOS: security unlock-keychain)',
  denied: 'Run the command again and allow the access',
  timeout: 'Look for its password prompt and run the command again',
  too_large: undefined,
  other: 'Run the command again with --debug to see why',
};

/** The state in which a call failed, kept as the cause of the MiraError. */
class KeychainFailure extends Error {
  override readonly name = 'KeychainFailure';
  readonly state: KeychainState;

  constructor(state: KeychainState, detail: string) {
    super(detail);
    this.state = state;
  }
}

/** Translates what the keychain library said; `platform` adds what its wording alone does not tell. */
export function keychainError(detail: string, platform: NodeJS.Platform): MiraError {
  return keychainErrorIn(classify(detail, platform), detail);
}

export function keychainErrorIn(state: KeychainState, detail: string): MiraError {
  return new MiraError(CODES[state], SENTENCES[state], {
    hint:
      REMEDIES[state] === undefined
        ? `Keep the secret ${SIGN_IN_ELSEWHERE}`
        : `${REMEDIES[state]}, or keep secrets ${SIGN_IN_ELSEWHERE}`,
    cause: new KeychainFailure(state, detail),
  });
}

/**
 * The same failure with another way out than to sign in with a file, or with none: for what is kept in the keychain
 * already, or is no session. What is no failure of a keychain is given back as it is.
 */
export function withOtherWayOut(error: unknown, wayOut?: string): unknown {
  const state = keychainStateOf(error);
  if (state === undefined || !(error instanceof MiraError)) return error;
  const ways = [REMEDIES[state], wayOut].filter((way) => way !== undefined);
  return error.with({ hint: ways.length === 0 ? undefined : ways.join(', or ') });
}

/** The state behind an error that a keychain call threw; undefined when it has another origin. */
export function keychainStateOf(error: unknown): KeychainState | undefined {
  return error instanceof MiraError && error.cause instanceof KeychainFailure ? error.cause.state : undefined;
}

export function classify(detail: string, platform: NodeJS.Platform): KeychainState {
  const found = PATTERNS.find(([, patterns]) => patterns.some((pattern) => pattern.test(detail)));
  const state = found?.[0] ?? 'other';
  // Only Linux needs libsecret; elsewhere a module that does not load is a broken installation.
  return state === 'library_missing' && platform !== 'linux' ? 'other' : state;
}
