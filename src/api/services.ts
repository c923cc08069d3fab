/**
 * The services that mira sends keys to, a row each: where the service is, which header carries the key, what a request
 * costs least that only a working key gets an answer to, and where keys are managed. What is asked of a service, what
 * is tested and what is said of its failures all read this table.
 */
import {
  ANTHROPIC_API,
  ANTHROPIC_KEYS_PAGE,
  KEYS_PAGE,
  MIRRA_API,
  MIRRA_KEYS_PAGE,
  OLLAMA,
  OPENAI_API,
  OPENAI_KEYS_PAGE,
  PLATFORM_API,
} from '../addresses.ts';
import { ollamaBase } from './ollama-address.ts';
import { apiBase } from './url.ts';
import { withoutVersion } from './without-version.ts';

export interface Service {
  /** As `--service` and JSON name it; of a provider of one's own, the name it has in the configuration. */
  readonly id: string;
  /** As a sentence names it. */
  readonly name: string;
  /** Undefined for one that is not asked by plain requests. */
  readonly address: ServiceAddress | undefined;
  /** The family of its keys (auth/key-format.ts); undefined where keys have no format, or there are none. */
  readonly keyKind: 'mira' | 'meetings' | 'mirra' | 'openai' | 'anthropic' | 'aws' | undefined;
  /** The variables that hold its key; the first that is set counts. */
  readonly keyVariables: readonly string[];
  /** What carries the key. Other headers never do. */
  readonly keyHeader: (key: string) => Readonly<Record<string, string>>;
  /** What every request needs besides. */
  readonly headers: Readonly<Record<string, string>>;
  /** GET requests that cost nothing and are answered to a working key; where one is absent the next is asked. */
  readonly tests: readonly ServiceTest[];
  /** Where a person makes and revokes keys: a page, or the way there. */
  readonly keysAt: string | undefined;
  /** What no key begins with but those made there, wherever they are sent. */
  readonly keyBegins: RegExp | undefined;
  /** How its documents wrap an answer, and an error, which may then come with any status. */
  readonly envelope: 'mirra' | 'meetings' | undefined;
  /** The right that a refused request would have needed. */
  readonly permission: ServicePermission | undefined;
  /** How the next page of a list is asked for, where answers alone do not say it. */
  readonly paging: ServicePaging | undefined;
  /** Seconds to wait at a 429 that does not say how long. */
  readonly waitS: number | undefined;
}

interface ServiceAddress {
  /** The variable or the setting that says where it is. */
  readonly from: string;
  /** Undefined where nothing but the configuration can know it. */
  readonly fallback: string | undefined;
  /** What is below: ends in a slash, the version in it. */
  readonly base: (url: URL) => URL;
}

export interface ServiceTest {
  /** Below the base or, with a slash, at the origin. */
  readonly path: string;
  /** Some answer it to everybody, so that a success has to be compared with what nobody gets. */
  readonly mayBePublic?: true;
}

export interface ServicePermission {
  /** Where its own words name it: in the one group that took part. */
  readonly said: RegExp;
  /** What the documents say a method needs, for when the service does not say. */
  readonly documented?: (method: string) => string;
  /** It is also said with 401, the status of a key that the service does not know. */
  readonly mayBe401?: true;
}

export interface ServicePaging {
  /** The parameter that takes the id of the last entry. */
  readonly after?: string;
  /** Entries of a page that is followed by another, unless the request names its own `limit`. */
  readonly limit?: number;
}

export type ServiceId = 'mira' | 'meetings' | 'mirra' | 'openai' | 'anthropic' | 'bedrock' | 'ollama';

/** A bare host stands for the path that the documents have. */
const below =
  (path: string) =>
  (url: URL): URL => {
    const own = url.pathname.replace(/\/+$/, '');
    return new URL(`${own === '' ? path : own}/`, url.origin);
  };

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

const PLAIN = {
  keyHeader: bearer,
  headers: {},
  keyBegins: undefined,
  envelope: undefined,
  permission: undefined,
  paging: undefined,
  waitS: undefined,
} as const;

/** Sources: the customer's pages for the first three, and the vendors' references (platforms.md A to D, providers.md 3). */
export const SERVICES: Readonly<Record<ServiceId, Service>> = {
  mira: {
    ...PLAIN,
    id: 'mira',
    name: 'the Mira platform',
    address: { from: 'MIRA_API_URL', fallback: PLATFORM_API, base: apiBase },
    keyKind: 'mira',
    keyVariables: ['MIRA_API_KEY'],
    tests: [{ path: '/api/v1/auth/me' }, { path: '/v1/quota' }, { path: 'models', mayBePublic: true }],
    keysAt: KEYS_PAGE,
    keyBegins: /^sk-mira-/,
  },
  meetings: {
    ...PLAIN,
    id: 'meetings',
    name: 'Mira meetings',
    address: { from: 'MIRA_MEETINGS_URL', fallback: undefined, base: below('/api/v1') },
    keyKind: 'meetings',
    // Its own documents read the variable of the platform; which of the two a value is for, its prefix says.
    keyVariables: ['MIRA_MEETINGS_API_KEY', 'MIRA_API_KEY'],
    tests: [{ path: 'meetings?limit=1' }],
    keysAt: 'Settings → API Keys in Mira meetings',
    envelope: 'meetings',
    permission: {
      said: /\b(read|write|admin)\b(?=["'`’]?[\s_-]+(?:permission|access|scope|role))|(?:permission|scope)(?:(?!\.\s).){0,40}?\b(read|write|admin)\b|\b(?:requires?|needs?)\b(?:(?!\.\s).){0,20}?\b(read|write|admin)\b/i,
      documented: (method) => (method === 'GET' || method === 'HEAD' ? 'read' : 'write'),
    },
    paging: { limit: 20 },
    waitS: 60,
  },
  mirra: {
    ...PLAIN,
    id: 'mirra',
    name: 'the Mirra SDK',
    address: { from: 'MIRRA_BASE_URL', fallback: MIRRA_API, base: below('/api/sdk/v1') },
    keyKind: 'mirra',
    keyVariables: ['MIRRA_API_KEY'],
    keyHeader: (key) => ({ 'x-api-key': key }),
    tests: [{ path: 'resources' }],
    keysAt: MIRRA_KEYS_PAGE,
    keyBegins: /^mirra_/,
    envelope: 'mirra',
  },
  openai: {
    ...PLAIN,
    id: 'openai',
    name: 'OpenAI',
    address: { from: 'OPENAI_BASE_URL', fallback: OPENAI_API, base: apiBase },
    keyKind: 'openai',
    keyVariables: ['OPENAI_API_KEY'],
    tests: [{ path: 'models' }],
    keysAt: OPENAI_KEYS_PAGE,
    // `sk-` alone is what many vendors begin their keys with.
    keyBegins: /^sk-(?:proj|svcacct|admin)-/,
    permission: { said: /\bmissing scopes?: ([\w.:]+\w)/i, mayBe401: true },
  },
  anthropic: {
    ...PLAIN,
    id: 'anthropic',
    name: 'Anthropic',
    address: {
      from: 'ANTHROPIC_BASE_URL',
      fallback: ANTHROPIC_API,
      base: (url) => new URL('v1/', withoutVersion(url)),
    },
    keyKind: 'anthropic',
    keyVariables: ['ANTHROPIC_API_KEY'],
    keyHeader: (key) => ({ 'x-api-key': key }),
    // The version that every server knows which speaks this format.
    headers: { 'anthropic-version': '2023-06-01' },
    tests: [{ path: 'models?limit=1' }],
    paging: { after: 'after_id' },
    keysAt: ANTHROPIC_KEYS_PAGE,
    keyBegins: /^sk-ant-/,
  },
  bedrock: {
    ...PLAIN,
    id: 'bedrock',
    name: 'Amazon Bedrock',
    address: undefined,
    keyKind: 'aws',
    keyVariables: ['AWS_ACCESS_KEY_ID'],
    keyHeader: () => ({}),
    tests: [],
    keysAt: 'the IAM console (Users → Security credentials)',
  },
  ollama: {
    ...PLAIN,
    id: 'ollama',
    name: 'Ollama',
    address: { from: 'OLLAMA_BASE_URL', fallback: OLLAMA, base: ollamaBase },
    keyKind: undefined,
    keyVariables: [],
    tests: [{ path: 'api/version' }],
    keysAt: undefined,
  },
};

export function isServiceId(name: string): name is ServiceId {
  return Object.hasOwn(SERVICES, name);
}
