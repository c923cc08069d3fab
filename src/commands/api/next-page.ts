/**
 * Where the next page of a list is, in the ways services say it: a Link header (RFC 8288), an address in the body, the
 * number of this page and of all, or that there is more after the last one.
 */
import { isRecord } from '../../json.ts';

export interface Page {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, parsed; undefined when it is not JSON. */
  readonly value: unknown;
}

/** An address as the service names it, possibly of another origin; undefined after the last page. */
export function findNextPage({ url, headers, value }: Page): URL | undefined {
  const link = nextLink(headers['link'] ?? '') ?? nextAddress(value);
  if (link !== undefined) return URL.canParse(link, url.href) ? new URL(link, url) : undefined;
  for (const facts of placesOf(value)) {
    const query = nextQuery(facts, url);
    if (query !== undefined) return withQuery(url, query);
  }
  return undefined;
}

function nextLink(header: string): string | undefined {
  for (const [, target, parameters = ''] of header.matchAll(
    /<([^<>]*)>((?:\s*;\s*(?:[^",;<>]|"[^"]*")+)*)/g,
  )) {
    if (/;\s*rel\s*=\s*(?:next\b|"(?:[^"]*\s)?next(?:\s[^"]*)?")/i.test(parameters)) return target;
  }
  return undefined;
}

const CONTAINERS = ['links', '_links', 'pagination', 'paging', 'meta'] as const;

/** The body itself and what it may keep such facts in. */
function placesOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isRecord(value)) return [];
  return [value, ...CONTAINERS.map((name) => value[name]).filter(isRecord)];
}

const ADDRESSES = ['next', 'next_url', 'next_page_url'] as const;

function nextAddress(value: unknown): string | undefined {
  for (const place of placesOf(value)) {
    for (const name of ADDRESSES) {
      const said = place[name];
      const text = isRecord(said) ? said['href'] : said;
      if (typeof text === 'string' && /^(?:https?:\/\/|\/|\?)/i.test(text)) return text;
    }
  }
  return undefined;
}

type Query = readonly [name: string, value: string];

function nextQuery(facts: Readonly<Record<string, unknown>>, url: URL): Query | undefined {
  const page = facts['page'] ?? facts['current_page'];
  const pages = facts['total_pages'] ?? facts['totalPages'] ?? facts['pages'] ?? facts['last_page'];
  if (isCount(page) && isCount(pages)) return page < pages ? ['page', String(page + 1)] : undefined;
  const cursor = facts['next_cursor'];
  if (typeof cursor === 'string' && cursor !== '') return ['cursor', cursor];
  if ((facts['has_more'] ?? facts['hasMore']) !== true) return undefined;
  if (typeof facts['last_id'] === 'string') return ['after', facts['last_id']];
  if (isCount(page)) return ['page', String(page + 1)];
  const asked = Number(url.searchParams.get('page') ?? '1');
  return isCount(asked) ? ['page', String(asked + 1)] : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function withQuery(url: URL, [name, value]: Query): URL {
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next;
}
