/** The environment of a child: what mira was started with, without mira's own credentials, and the chosen secrets. */

export type Variables = Readonly<Record<string, string | undefined>>;

export interface ChildVariables {
  /** What mira was started with. */
  readonly parent: Variables;
  /** Begin with little more than what every program needs. */
  readonly clean: boolean;
  /** Variables of the parent that are kept, whatever else is said of them. */
  readonly preserved: readonly string[];
  readonly platform: NodeJS.Platform;
}

/** Without the chosen secrets: what they are put on top of. */
export function baseVariables({ parent, clean, preserved, platform }: ChildVariables): Map<string, string> {
  const fold = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const kept = new Set(preserved.map(fold));
  const stays = (name: string): boolean =>
    kept.has(fold(name)) || (clean ? isPlain(name, platform) : !isOwnSecret(name));
  return new Map(
    Object.entries(parent).flatMap(([name, value]): [string, string][] =>
      value !== undefined && stays(name) ? [[name, value]] : [],
    ),
  );
}

/** `MIRA_TOKEN`, `MIRA_API_KEY`, `MIRA_PASSPHRASE` and their like; where mira keeps things is no secret. */
export function isOwnSecret(name: string): boolean {
  return /^MIRA_(?:.*_)?(?:TOKEN|KEY|PASSPHRASE|PASSWORD|SECRET)(?:_|$)/i.test(name);
}

const PLAIN = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'TMPDIR', 'TZ'],
  ...['TERM', 'COLORTERM', 'LANG', 'LANGUAGE'],
]);
const PLAIN_ON_WINDOWS = new Set([
  ...['PATH', 'PATHEXT', 'COMSPEC', 'SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'TEMP', 'TMP', 'OS'],
  ...['USERNAME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA'],
  ...['PROGRAMFILES', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE'],
]);

function isPlain(name: string, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return PLAIN_ON_WINDOWS.has(name.toUpperCase());
  return PLAIN.has(name) || name.startsWith('LC_');
}
