/**
 * Where the next page of a list is, in the ways services say it: a Link header (RFC 8288), an address in the body, the
 * number of this page and of all, or that there is more after the last one.
 */
import type { ServicePaging } from '../../api/services.ts';
import { isRecord } from '../../json.ts';

export interface Page {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, parsed; undefined when it is not JSON. */
  readonly value: unknown;
  readonly paging?: ServicePaging | undefined;
}

/** An address as the service names it, possibly of another origin; undefined after the last page. */
export function findNextPage({ url, headers, value, paging = {} }: Page): URL | undefined {
  const link = nextLink(headers['link'] ?? '') ?? nextAddress(value);
  if (link !== undefined) return URL.canParse(link, url.href) ? new URL(link, url) : undefined;
  for (const facts of placesOf(value)) {
    const query = nextQuery(facts, { url, paging });
    if (query === 'none') return undefined;
    if (query !== undefined) return withQuery(url, query);
  }
  return isFull(value, { url, paging }) ? withQuery(url, followingPage(url)) : undefined;
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
  const inner = CONTAINERS.map((name) => value[name]).filter(isRecord);
  return [value, ...inner, ...inner.map((place) => place['pagination']).filter(isRecord)];
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

interface Asked {
  readonly url: URL;
  readonly paging: ServicePaging;
}

/** `none` where the numbers say that this was the last page. */
function nextQuery(
  facts: Readonly<Record<string, unknown>>,
  { url, paging }: Asked,
): Query | 'none' | undefined {
  const page = facts['page'] ?? facts['current_page'];
  const pages = pagesOf(facts);
  if (isCount(page) && isCount(pages)) return page < pages ? ['page', String(page + 1)] : 'none';
  const cursor = facts['next_cursor'];
  if (typeof cursor === 'string' && cursor !== '') return ['cursor', cursor];
  const more = facts['has_more'] ?? facts['hasMore'];
  if (more !== true) return more === false ? 'none' : undefined;
  if (typeof facts['last_id'] === 'string') return [paging.after ?? 'after', facts['last_id']];
  return isCount(page) ? ['page', String(page + 1)] : followingPage(url);
}

function pagesOf(facts: Readonly<Record<string, unknown>>): unknown {
  const { total, limit } = facts;
  if (isCount(total) && isCount(limit) && limit > 0) return Math.ceil(total / limit);
  return facts['total_pages'] ?? facts['totalPages'] ?? facts['pages'] ?? facts['last_page'];
}

function followingPage(url: URL): Query {
  const asked = Number(url.searchParams.get('page') ?? '1');
  return ['page', String((isCount(asked) ? asked : 1) + 1)];
}

/** A list that says nothing of pages goes on while they are full. */
function isFull(value: unknown, { url, paging }: Asked): boolean {
  if (paging.limit === undefined || !isRecord(value) || !Array.isArray(value['data'])) return false;
  const asked = Number(url.searchParams.get('limit') ?? paging.limit);
  return isCount(asked) && asked > 0 && value['data'].length >= asked;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function withQuery(url: URL, [name, value]: Query): URL {
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next;
}
