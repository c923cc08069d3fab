/**
 * The key of a service other than the platform: from the variable the service itself reads, else from the vault's token
 * of that name, sent there and nowhere else.
 */
import { ANTHROPIC_API, MIRRA_API, OPENAI_API, PLATFORM_ORIGIN } from '../addresses.ts';
import type { Bearer, BearerSource } from '../api/bearer.ts';
import { isLoopback } from '../api/url.ts';
import { MiraError } from '../errors.ts';
import { findKeyFamily, KEY_FAMILIES, requireKeyText } from './key-format.ts';
import type { KeyFamily } from './key-format.ts';

export interface ServiceKeyUse {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly variable: string;
  /** The variable that says where the service is, if one does. */
  readonly addressFrom?: string | undefined;
  /** The vault's token of a variable's name. */
  readonly findStored?: ((variable: string) => Promise<StoredKey | undefined>) | undefined;
  /** Keys of this family and of no known one may be sent; undefined for a service whose keys have no format. */
  readonly family: KeyFamily['id'] | undefined;
  /** Where the key is sent. */
  readonly url: URL;
  /** Where such keys are made. */
  readonly keysPage?: string | undefined;
  /** Send it although it looks like another vendor's. */
  readonly force: boolean;
  /** Nothing will be sent, so that `NO_CREDENTIAL` does for a key that is not there. */
  readonly mayLack?: boolean | undefined;
  readonly keepOut: (secret: string) => void;
}

export interface StoredKey {
  readonly label: string;
  /** Where it is kept, for a person: "the token work (vault)". */
  readonly source: string;
  /** The command that mends a refused one. */
  readonly mend: string;
  /** Opens the vault. */
  read(): Promise<string>;
}

/** Stands for a credential that is not there, in what is shown and never sent. */
export const NO_CREDENTIAL = '<no credential>';

/**
 * A key of the environment is looked at now, one of the vault when it is read.
 * @throws MiraError `credential_missing` (4), `malformed_key` (2), `other_vendor` (11); never repeats the value
 */
export async function requireServiceKey(use: ServiceKeyUse): Promise<BearerSource> {
  const { env, variable, findStored, keepOut } = use;
  const mend = `read -rs ${variable} && export ${variable}`;
  const key = env[variable];
  if (key !== undefined) {
    keepOut(key);
    requireSendableKey(key, { ...use, source: variable });
    const bearer = { value: key, source: variable, mend, refreshable: false };
    return { get: async () => bearer };
  }
  const stored = await findStored?.(variable);
  if (stored !== undefined) return storedSource(stored, use);
  if (use.mayLack === true)
    return { get: async () => ({ value: NO_CREDENTIAL, source: variable, mend, refreshable: false }) };
  throw keyMissing(use, mend);
}

/** A key that was kept for a variable, checked when it is read. */
function storedSource({ source, mend, read }: StoredKey, use: ServiceKeyUse): BearerSource {
  let bearer: Bearer | undefined;
  return {
    get: async () => {
      if (bearer !== undefined) return bearer;
      const value = await read();
      use.keepOut(value);
      requireSendableKey(value, { ...use, source });
      requireAtHome(value, { ...use, source });
      return (bearer = { value, source, mend, refreshable: false });
    },
  };
}

function keyMissing({ url, variable, keysPage, findStored }: ServiceKeyUse, mend: string): MiraError {
  const keep = `mira tokens add --label NAME --env ${variable}`;
  return new MiraError('credential_missing', `There is no key for ${url.host}: ${variable} is not set.`, {
    hint: keysPage === undefined ? `Set it: ${mend}` : `Make a key at ${keysPage}, then: ${mend}`,
    next: [
      { command: mend, why: 'type the key, unseen, and keep it in this shell' },
      ...(findStored === undefined ? [] : [{ command: keep, why: 'keep the key in the vault' }]),
    ],
  });
}

export type SendableKeyUse = Pick<ServiceKeyUse, 'variable' | 'family' | 'url' | 'force'> & {
  /** Where the key came from: a variable, "the token work (vault)". */
  readonly source: string;
};

/** @throws MiraError `malformed_key` (2), `other_vendor` (11); never repeats the value */
export function requireSendableKey(key: string, use: SendableKeyUse): void {
  const { source, variable, url, force } = use;
  requireKeyText(key, source);
  const other = findOtherVendor(key, use);
  if (other === undefined || force) return;
  const own = KEY_FAMILIES.find(({ id }) => id === use.family);
  throw new MiraError(
    'other_vendor',
    `The key from ${source} looks like ${other.label}; it was not sent to ${url.host}.`,
    {
      hint: `Set ${own?.label ?? 'a key of that service'} in ${variable}, or add --force if you are sure.`,
    },
  );
}

export interface StoredKeyUse {
  readonly source: string;
  readonly url: URL;
  /** The variable that says where the service is, if one does. */
  readonly addressFrom?: string | undefined;
  readonly force?: boolean | undefined;
}

/**
 * What was stored goes to where it is from, whatever a variable of the shell it is used in says (decisions.md 14); an
 * address of the configuration is a person's own word. On this machine it stays here.
 * @throws MiraError `other_origin` (11)
 */
export function requireAtHome(key: string, { source, url, addressFrom, force }: StoredKeyUse): void {
  const home = findHome(key);
  if (force === true || addressFrom === undefined || home === undefined) return;
  if (home === url.origin || isLoopback(url.hostname)) return;
  throw new MiraError(
    'other_origin',
    `The key from ${source} belongs to ${new URL(home).host}; it was not sent to ${url.host} (${addressFrom}).`,
    {
      hint: `Unset ${addressFrom}, or make that address a provider of your own (mira config set providers.NAME.base_url URL); --force sends the key all the same.`,
    },
  );
}

/** The vendor's address, for a format that no other vendor has. */
function findHome(key: string): string | undefined {
  const id = findKeyFamily(key)?.id;
  if (id === undefined || (id === 'openai' && !isOpenAiAlone(key))) return undefined;
  return HOMES[id];
}

/** `sk-` alone is what many vendors begin their keys with. */
export function isOpenAiAlone(key: string): boolean {
  return /^sk-(?:proj|svcacct|admin)-/.test(key);
}

/** A key whose own vendor is at that address is at home there, in whatever format it is asked. */
function findOtherVendor(key: string, { family, url }: SendableKeyUse): KeyFamily | undefined {
  const found = findKeyFamily(key);
  if (found === undefined || found.id === family || HOMES[found.id] === url.origin) return undefined;
  return found;
}

const HOMES: Partial<Readonly<Record<KeyFamily['id'], string>>> = {
  mira: PLATFORM_ORIGIN,
  openai: new URL(OPENAI_API).origin,
  anthropic: new URL(ANTHROPIC_API).origin,
  mirra: new URL(MIRRA_API).origin,
};
