/**
 * The waiting screen of signing in (cli.md 3.1). It watches the events on their way to the caller and changes
 * none of them. On a terminal it is drawn with Ink, which is loaded while the server is asked for the code;
 * elsewhere the same is said once, in plain lines that a script or a log can hold.
 */
import type { LoginEvent } from '../../auth/login-event.ts';
import type { Opened } from '../browser.ts';
import type { Reflow } from '../chat/live-region.ts';
import { wrapWords } from '../text-rows.ts';
import { row, type Row } from '../rows.ts';
import { sanitizeLine } from '../sanitize.ts';
import type { Spinner } from '../spinner.ts';
import type { Style } from '../style.ts';
import { paint } from '../theme.ts';
import { plainScreen } from './plain-screen.ts';
import { signedIn } from './words.ts';

export interface LoginScreen {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly style: Style;
  /** Both are terminals, keys can be read one by one, and a person may be asked. */
  readonly isLive: boolean;
  /** What the terminal does with rows when its window changes. */
  readonly reflow: Reflow;
  /** Name of this computer, so that a person recognises what they started. */
  readonly machine: string;
  /** Copies a text and says how (clipboard.ts); absent when nothing can. */
  readonly copy?: ((text: string) => Promise<string | undefined>) | undefined;
  /** False for --no-copy: the code is copied only when `c` is pressed. */
  readonly copyAtOnce: boolean;
  readonly qrAtOnce: boolean;
  /** Opens an address (browser.ts); absent for --no-browser and where none would be seen. */
  readonly open?: ((url: URL) => Promise<Opened>) | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Takes the screen away at once: something else may want to write. */
  readonly signal: AbortSignal;
  /** Esc and Ctrl-C: ends the events with `interrupted`. */
  cancel(): void;
}

/** A form of the screen. */
export interface LoginView {
  show(event: LoginEvent): void | Promise<void>;
  /** Gives the terminal back; more than once is as good as once. */
  close(): void | Promise<void>;
}

/** Shows the events as they pass. The terminal is as before once the last event is handed on, or the caller stops. */
export async function* showLogin(
  events: AsyncIterable<LoginEvent>,
  screen: LoginScreen,
): AsyncGenerator<LoginEvent, void, undefined> {
  const view = screen.isLive ? liveView(screen) : plainScreen(screen);
  try {
    for await (const event of events) {
      await view.show(event);
      yield event;
    }
  } finally {
    await view.close();
  }
}

function liveView(screen: LoginScreen): LoginView {
  const asking = askingLine(screen);
  let loading: Promise<typeof import('./live-screen.tsx')> | undefined;
  let live: LoginView | undefined;
  let host: string | undefined;

  return {
    async show(event) {
      switch (event.kind) {
        case 'asking':
          loading = import('./live-screen.tsx');
          asking.begin(`asking ${sanitizeLine(event.host)} for a code`);
          return;
        case 'device_code': {
          asking.end();
          host = event.host;
          const { openLiveScreen } = await (loading ??= import('./live-screen.tsx'));
          live ??= openLiveScreen(screen);
          await live.show(event);
          return;
        }
        case 'approved':
          // What follows may ask for a keychain to be unlocked, in lines of its own.
          await live?.close();
          return;
        case 'authorized':
          screen.stderr.write(
            resultRows(event, { host, columns: screen.stderr.columns || 80 })
              .map((row) => `${paint(row, screen.style)}\n`)
              .join(''),
          );
          return;
        default:
          await live?.show(event);
      }
    },
    async close() {
      asking.end();
      await live?.close();
    },
  };
}

interface AskingLine {
  begin(text: string): void;
  end(): void;
}

/** Shown when the server takes its time; most do not. */
function askingLine({ stderr, style }: LoginScreen): AskingLine {
  let spinner: Spinner | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;

  async function show(text: string): Promise<void> {
    const { createSpinner } = await import('../spinner.ts');
    if (!isAsking) return;
    spinner = createSpinner({ stream: stderr, style });
    spinner.show(text);
  }

  return {
    begin(text) {
      isAsking = true;
      timer = setTimeout(() => void show(text), PATIENCE_MS);
    },
    end() {
      isAsking = false;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}

const PATIENCE_MS = 300;

function resultRows(
  { account, notices }: Extract<LoginEvent, { readonly kind: 'authorized' }>,
  { host, columns }: { readonly host: string | undefined; readonly columns: number },
): readonly Row[] {
  return [
    ...wrapWords(`✓ ${signedIn(account, host)}`, columns).map((line) => row(line, 'good')),
    ...notices.flatMap((notice) => wrapWords(sanitizeLine(notice), columns).map((line) => row(line, 'warn'))),
  ];
}
