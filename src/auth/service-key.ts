/** The key of a service other than the platform: from the variable the service itself reads, sent there and nowhere else. */
import { ANTHROPIC_API, OPENAI_API, PLATFORM_ORIGIN } from '../addresses.ts';
import type { BearerSource } from '../api/bearer.ts';
import { MiraError } from '../errors.ts';
import { findKeyFamily, KEY_FAMILIES, requireKeyText } from './key-format.ts';
import type { KeyFamily } from './key-format.ts';

export interface ServiceKeyUse {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly variable: string;
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

/** Stands for a credential that is not there, in what is shown and never sent. */
export const NO_CREDENTIAL = '<no credential>';

/** @throws MiraError `credential_missing` (4), `malformed_key` (2), `other_vendor` (11); never repeats the value */
export function requireServiceKey(use: ServiceKeyUse): BearerSource {
  const { variable, url } = use;
  const key = use.env[variable];
  const mend = `read -rs ${variable} && export ${variable}`;
  if (key === undefined) {
    if (use.mayLack === true)
      return { get: async () => ({ value: NO_CREDENTIAL, source: variable, mend, refreshable: false }) };
    throw new MiraError('credential_missing', `There is no key for ${url.host}: ${variable} is not set.`, {
      hint: use.keysPage === undefined ? `Set it: ${mend}` : `Make a key at ${use.keysPage}, then: ${mend}`,
      next: [{ command: mend, why: 'type the key, unseen, and keep it in this shell' }],
    });
  }
  use.keepOut(key);
  requireKeyText(key, variable);
  const other = findOtherVendor(key, use);
  if (other !== undefined && !use.force) {
    const own = KEY_FAMILIES.find(({ id }) => id === use.family);
    throw new MiraError(
      'other_vendor',
      `The key from ${variable} looks like ${other.label}; it was not sent to ${url.host}.`,
      {
        hint: `Set ${own?.label ?? 'a key of that service'} in ${variable}, or add --force if you are sure.`,
      },
    );
  }
  const bearer = { value: key, source: variable, mend, refreshable: false };
  return { get: async () => bearer };
}

/** A key whose own vendor is at that address is at home there, in whatever format it is asked. */
function findOtherVendor(key: string, { family, url }: ServiceKeyUse): KeyFamily | undefined {
  const found = findKeyFamily(key);
  if (found === undefined || found.id === family || HOMES[found.id] === url.origin) return undefined;
  return found;
}

const HOMES: Partial<Readonly<Record<KeyFamily['id'], string>>> = {
  mira: PLATFORM_ORIGIN,
  openai: new URL(OPENAI_API).origin,
  anthropic: new URL(ANTHROPIC_API).origin,
};
