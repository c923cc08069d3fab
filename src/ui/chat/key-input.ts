/**
 * The keyboard as Ink sees it: the stream itself, but for two spellings of keys that Ink does not know or
 * would drop. Everything else passes as it is.
 */
export function createKeyInput(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
  return new Proxy(stdin, {
    get(target, name) {
      if (name === 'read') {
        return (size?: number): unknown => {
          const chunk: unknown = target.read(size);
          return typeof chunk === 'string' ? knownKeys(chunk) : chunk;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * xterm's form of modified keys (modifyOtherKeys: `CSI 27 ; modifiers ; code ~`), as tmux sends Shift+Enter,
 * becomes `CSI code ; modifiers u`. And Ctrl or Alt with a letter of another script becomes the key in the
 * same place of a Latin keyboard, which kitty's protocol names third: Ctrl-C is Ctrl-С on a Russian one.
 */
export function knownKeys(chunk: string): string {
  if (!chunk.includes(ESC)) return chunk;
  return chunk
    .replace(XTERM_MODIFIED, (_, modifiers: string, code: string) => `${ESC}[${code};${modifiers}u`)
    .replace(KITTY_ALTERNATES, (whole, code: string, base: string, modifiers: string, rest = '') => {
      const isCommand = ((Number(modifiers) - 1) & CTRL_OR_ALT) !== 0;
      return isCommand && Number(code) > LAST_ASCII ? `${ESC}[${base};${modifiers}${rest}u` : whole;
    });
}

/** What a terminal is asked for, so that it tells Shift+Enter from Enter and Esc from the beginning of a key. */
export interface Keyboard {
  /** Kitty's protocol; a terminal that does not know it takes no notice. */
  readonly kitty: boolean;
  /** xterm's modifyOtherKeys. */
  readonly xterm: boolean;
}

export function keyboardOf(env: Readonly<Record<string, string | undefined>>): Keyboard {
  return {
    // Older kernels print what they do not know.
    kitty: env['TERM'] !== 'linux',
    // tmux and xterm know this form alone.
    xterm: env['TMUX'] !== undefined || env['XTERM_VERSION'] !== undefined,
  };
}

const ESC = '\x1b';
const LAST_ASCII = 0x7e;
const CTRL_OR_ALT = 2 | 4;
const XTERM_MODIFIED = new RegExp(`${ESC}\\[27;(\\d{1,3});(\\d{1,7})~`, 'gu');
const KITTY_ALTERNATES = new RegExp(
  `${ESC}\\[(\\d{1,7}):\\d{0,7}:(\\d{1,7});(\\d{1,3})([:;][\\d:;]*)?u`,
  'gu',
);
