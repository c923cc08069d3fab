/** What a command is handed: the world, with every costly part behind a function that loads it at first use. */
import type { Credentials } from './auth/credential.ts';
import type { Sessions } from './auth/sessions.ts';
import type { Http } from './api/http.ts';
import type { MiraError } from './errors.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';
import type { History } from './store/history.ts';
import type { CredentialsFile } from './store/credentials-file.ts';
import type { Paths } from './store/paths.ts';
import type { ProtectionForm } from './store/protection.ts';
import type { SecretStore, StorageKind } from './store/secret-store.ts';
import type { SessionIndex } from './store/session-index.ts';
import type { Style } from './ui/style.ts';
import type { Vault } from './vault/vault.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface Output {
  readonly isTerminal: boolean;
  /** Writes at once. @throws ReaderGone when nobody reads any more; MiraError `disk_full` or `storage_failed` */
  write(text: string): void;
}

export interface Input {
  readonly isTerminal: boolean;
  /** A pipe, a file or a terminal; a closed stdin reads as an empty file. */
  readonly kind: 'terminal' | 'pipe' | 'file';
  /** The bytes as they come. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Io {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The streams themselves, for what draws on a screen or reads keys. */
  terminal(): Terminal;
}

/** What mira was started with and stands between: a program that it runs is to find it as if mira were not there. */
export interface Inherited {
  /** With the empty variables, and with those of our own. */
  readonly env: Env;
  /** Somebody may read in the memory of this process (`--inspect`). */
  readonly isInspected: boolean;
  /** Starts something with the umask that mira was started with. */
  withOwnUmask<T>(start: () => Promise<T>): Promise<T>;
  /** Gives the signals that come to `listener` instead of acting on them, until the returned function is called. */
  relaySignals(listener: (name: NodeJS.Signals) => void): () => void;
  /** Stops as Ctrl-Z does; returns when somebody lets mira go on. */
  pause(): void;
  /** While `isHanging`, the process is to exit without waiting for its own threads. */
  exitAround(isHanging: () => boolean): void;
}

export interface StoreChoice {
  readonly storage: StorageKind;
  /** How a credentials file is sealed if it has to be made. */
  readonly protection: ProtectionForm;
  readonly patient?: boolean | undefined;
}

export interface NetworkHost {
  readonly host: string;
  /** Everything that names it; nothing when it was contacted once and is named no longer. */
  readonly reasons: readonly string[];
  /** Milliseconds since the epoch; left out when it never was contacted. */
  readonly firstSeen?: number | undefined;
  readonly lastSeen?: number | undefined;
}

export interface NetworkHosts {
  readonly hosts: readonly NetworkHost[];
  /** Addresses that cannot be used, and so name no host. */
  readonly faults: readonly MiraError[];
}

export interface Context {
  readonly io: Io;
  /** Without the empty ones. */
  readonly env: Env;
  readonly platform: NodeJS.Platform;
  /** Owner of our files; undefined where files have none. */
  readonly uid: number | undefined;
  readonly version: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** Monotonic clock, milliseconds. */
  readonly elapsed: () => number;
  readonly random: () => number;
  /** Ends early when the signal does. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Aborted by SIGINT, SIGTERM and SIGHUP, with the MiraError to end with. */
  readonly signal: AbortSignal;
  readonly interrupt: () => void;
  /** Gives the next Ctrl-Cs to `listener` instead, until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void;
  /** Tells when a stopped program goes on, until the returned function is called. */
  readonly onContinue: (listener: () => void) => () => void;
  /** From now on the engine takes as little memory as it can: for what runs long or reads much; what draws keeps a fast layout. May be called again. */
  readonly keepMemorySteady: (work?: 'drawing') => void;
  /** For a program that is run in mira's place. */
  readonly inherited: Inherited;
  readonly log: Log;
  /** A line for a person on stderr; `--quiet` hides it. */
  readonly notice: (message: string) => void;
  /** A line for a person on stderr that `--quiet` does not hide. */
  readonly warn: (message: string) => void;
  readonly keepOut: (secret: string) => void;
  /** A question may be asked: stdin and stderr are terminals and nothing forbids it. */
  readonly canPrompt: boolean;
  readonly isCi: boolean;
  /** The style of a stream; `stdout` unless said otherwise. */
  readonly style: (stream?: 'stdout' | 'stderr') => Promise<Style>;

  readonly paths: Paths;
  readonly settings: () => Promise<Settings>;
  readonly index: SessionIndex;
  /** The store that holds, or is to hold, a session; `patient` waits for a person to unlock a keychain. */
  readonly openStore: (where: StoreChoice) => Promise<SecretStore>;
  /** The one credentials file, whichever of its keys opens it. */
  readonly credentialsFile: () => Promise<CredentialsFile>;
  /** How the credentials file on disk is sealed; undefined when there is none. */
  readonly fileProtection: () => Promise<ProtectionForm | undefined>;
  /** Removes the credentials file whole, without its key, if nothing but sessions is in it. */
  readonly abandonFile: () => Promise<boolean>;
  readonly sessions: () => Promise<Sessions>;
  readonly credentials: () => Promise<Credentials>;
  readonly http: () => Promise<Http>;
  readonly networkHosts: () => Promise<NetworkHosts>;
  /** The conversations on this machine; the database is opened when something of it is asked for. */
  readonly history: () => Promise<History>;
  /** Labelled tokens and other sealed records; the file is opened when something of it is asked for. */
  readonly vault: () => Promise<Vault>;
  readonly withSessionLock: <T>(
    name: string,
    work: () => Promise<T>,
    until?: () => Promise<T | undefined>,
  ) => Promise<T>;
  /** Signals are held back until the work is done, five seconds at most. */
  readonly withoutInterruption: <T>(work: () => Promise<T>) => Promise<T>;
}
