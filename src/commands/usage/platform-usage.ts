/**
 * What the platform tells about an account: the windows of its quota, what was used, and the balance. Three endpoints, of
 * which any may be absent (the platform answers 403 or 404 then); what they say is read leniently, number by number.
 */
import type { Bearer, BearerSource } from '../../api/bearer.ts';
import type { Http, HttpResponse } from '../../api/http.ts';
import { readServiceError } from '../../api/service-error.ts';
import { apiOrigin } from '../../api/url.ts';
import { MiraError } from '../../errors.ts';
import { isRecord } from '../../json.ts';

export interface PlatformUsage {
  readonly plan?: string | undefined;
  readonly quota?: Quota | undefined;
  readonly today?: Used | undefined;
  readonly month?: Used | undefined;
  /** Requests a day; `limit` null is without a limit. */
  readonly daily?: { readonly limit: number | null; readonly remaining?: number | undefined } | undefined;
  readonly balance?: Balance | undefined;
}

export interface Quota {
  /** `allowed`, `allowed_warning`, `rejected`, or what a later platform says. */
  readonly status?: string | undefined;
  /** 0 to 1. */
  readonly utilization?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly resetsAt?: number | undefined;
  readonly usingOverage?: boolean | undefined;
  readonly windows: readonly QuotaWindow[];
}

export interface QuotaWindow {
  readonly name: string;
  readonly used?: number | undefined;
  /** Null is without a limit. */
  readonly limit?: number | null | undefined;
  /** 0 to 1. */
  readonly utilization?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly resetsAt?: number | undefined;
}

export interface Used {
  readonly requests?: number | undefined;
  readonly tokens?: number | undefined;
}

/** In rubles. */
export interface Balance {
  readonly amount: number;
  readonly spent?:
    | {
        readonly today?: number | undefined;
        readonly week?: number | undefined;
        readonly month?: number | undefined;
      }
    | undefined;
}

export interface UsageRequest {
  readonly http: Http;
  readonly apiUrl: URL;
  readonly bearer: BearerSource;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

const LIMIT_MS = 10_000;

/** @throws MiraError `credential_rejected`, `not_found` where nothing of it is offered, and what keeps a service from answering */
export async function readPlatformUsage(request: UsageRequest): Promise<PlatformUsage> {
  const { signal } = request;
  const bearer = await request.bearer.get({ signal });
  const parts = await askAll(request, bearer);
  // A part may not take this kind of credential; it is the credential that is refused when nobody takes it.
  const isRefused = parts.every(({ value }) => value === undefined) && parts.some(isUnauthorized);
  const wanted =
    isRefused && bearer.refreshable
      ? await askAll(request, await request.bearer.get({ signal, rejected: bearer.value }))
      : parts;
  const [quota, use, balance] = wanted.map(({ value }) => value);
  const usage = usageOf({ quota, use, balance });
  if (Object.values(usage).some((part) => part !== undefined)) return usage;
  throw (
    wanted.find(isUnauthorized)?.failure ??
    new MiraError('not_found', `${request.apiUrl.host} tells nothing about use and quota.`, {
      hint: 'Other services show it in their own account pages.',
    })
  );
}

interface Part {
  readonly value?: unknown;
  /** Why there is none. */
  readonly failure?: MiraError;
}

function askAll(request: UsageRequest, bearer: Bearer): Promise<readonly Part[]> {
  const origin = apiOrigin(request.apiUrl);
  const addresses = [
    new URL('v1/quota', origin),
    new URL('api/v1/auth/me/usage', origin),
    new URL('api/v1/billing/balance', origin),
  ];
  return Promise.all(addresses.map((url) => askOne(request, { url, bearer })));
}

async function askOne(
  { http, signal, now }: UsageRequest,
  { url, bearer }: { readonly url: URL; readonly bearer: Bearer },
): Promise<Part> {
  const response: HttpResponse = await http.request({
    url,
    headers: { accept: 'application/json', authorization: `Bearer ${bearer.value}` },
    signal,
    totalMs: LIMIT_MS,
  });
  if (response.status === 200) return { value: await response.json() };
  const failure = await readServiceError(response, { bearer, now: now() });
  if (ABSENT.includes(response.status)) return { failure };
  throw failure;
}

/** 401 too: the quota is told to API keys alone. */
const ABSENT = [401, 403, 404, 405];

function isUnauthorized({ failure }: Part): boolean {
  return failure?.status === 401;
}

interface Said {
  readonly quota: unknown;
  readonly use: unknown;
  readonly balance: unknown;
}

function usageOf({ quota, use, balance }: Said): PlatformUsage {
  const daily = recordAt(use, 'quota');
  const limit = limitOf(daily?.['daily_limit']);
  return {
    plan: textOf(recordOf(quota)?.['plan']) ?? textOf(daily?.['plan']),
    quota: quotaOf(quota),
    today: usedOf(recordAt(use, 'today')),
    month: usedOf(recordAt(use, 'month')),
    daily: limit === undefined ? undefined : { limit, remaining: countOf(daily?.['remaining_today']) },
    balance: balanceOf(balance),
  };
}

function quotaOf(value: unknown): Quota | undefined {
  const said = recordOf(value);
  if (!said) return undefined;
  const windows = Object.entries(recordAt(said, 'buckets') ?? {}).flatMap(([name, bucket]) =>
    isRecord(bucket) ? [windowOf(name, bucket)] : [],
  );
  const quota: Quota = {
    status: textOf(said['status']),
    utilization: countOf(said['utilization']),
    resetsAt: momentOf(said['resets_at']),
    usingOverage: typeof said['is_using_overage'] === 'boolean' ? said['is_using_overage'] : undefined,
    windows,
  };
  return quota.status === undefined && windows.length === 0 ? undefined : quota;
}

function windowOf(name: string, bucket: Readonly<Record<string, unknown>>): QuotaWindow {
  return {
    name,
    used: countOf(bucket['used']),
    limit: limitOf(bucket['limit']),
    utilization: countOf(bucket['utilization']),
    resetsAt: momentOf(bucket['resets_at']),
  };
}

function usedOf(said: Readonly<Record<string, unknown>> | undefined): Used | undefined {
  const used: Used = { requests: countOf(said?.['total_requests']), tokens: countOf(said?.['total_tokens']) };
  return used.requests === undefined && used.tokens === undefined ? undefined : used;
}

function balanceOf(value: unknown): Balance | undefined {
  const said = recordOf(value);
  const amount = rublesOf(said?.['balance_kopecks']);
  if (amount === undefined) return undefined;
  const spending = recordAt(said, 'spending');
  if (!spending) return { amount };
  return {
    amount,
    spent: {
      today: rublesOf(spending['today_kopecks']),
      week: rublesOf(spending['week_kopecks']),
      month: rublesOf(spending['month_kopecks']),
    },
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isRecord(value) ? value : undefined;
}

function recordAt(value: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
  return recordOf(recordOf(value)?.[name]);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** -1 is without a limit. */
function limitOf(value: unknown): number | null | undefined {
  return value === -1 ? null : countOf(value);
}

const LATEST_S = 253_402_300_799;

/** Seconds since the epoch; 0 is none. */
function momentOf(value: unknown): number | undefined {
  const seconds = countOf(value);
  return seconds === undefined || seconds === 0 || seconds > LATEST_S ? undefined : seconds * 1000;
}

/** A debt is below zero. */
function rublesOf(kopecks: unknown): number | undefined {
  return typeof kopecks === 'number' && Number.isFinite(kopecks) ? kopecks / 100 : undefined;
}
