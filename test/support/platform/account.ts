/** What the platform tells about an account (platforms.md A.5): who it is, and what it has used since the platform started. */
import { detail, json, type Answer } from './answer.ts';
import { ADA } from './person.ts';

export interface Account {
  /** One answered question. */
  count(used: { readonly total_tokens: number }): void;
  profile(): Answer;
  /** Told to API keys alone. */
  quota(credential: 'key' | 'token'): Answer;
  usage(): Answer;
  balance(): Answer;
}

const PLAN = 'pro';
const DAILY_LIMIT = 500;
const WINDOW_LIMIT = 100;
const WINDOW_S = 5 * 60 * 60;

export function createAccount(startedAt: number): Account {
  let requests = 0;
  let tokens = 0;
  const used = () => ({
    total_requests: requests,
    total_tokens: tokens,
    total_cost_microcents: 0,
    completed: requests,
    cancelled: 0,
    errors: 0,
  });
  return {
    count({ total_tokens }) {
      requests += 1;
      tokens += total_tokens;
    },
    profile: () =>
      json(200, {
        id: ADA.id,
        name: ADA.name,
        display_name: ADA.name,
        email: ADA.email,
        plan: PLAN,
        language: 'en',
      }),
    quota(credential) {
      if (credential !== 'key') return detail(401, 'Invalid API key');
      const utilization = Math.min(1, requests / WINDOW_LIMIT);
      const resetsAt = Math.floor(startedAt / 1000) + WINDOW_S;
      return json(200, {
        status: utilization < 0.8 ? 'allowed' : utilization < 1 ? 'allowed_warning' : 'rejected',
        rate_limit_type: 'five_hour',
        utilization,
        resets_at: resetsAt,
        is_using_overage: false,
        plan: PLAN,
        buckets: {
          five_hour: { used: requests, limit: WINDOW_LIMIT, utilization, resets_at: resetsAt },
          seven_day: { used: requests, limit: -1, utilization: 0, resets_at: 0 },
        },
      });
    },
    usage: () =>
      json(200, {
        today: used(),
        month: { ...used(), daily_breakdown: [] },
        quota: {
          daily_limit: DAILY_LIMIT,
          remaining_today: Math.max(0, DAILY_LIMIT - requests),
          plan: PLAN,
        },
      }),
    balance: () =>
      json(200, {
        balance_kopecks: 12_345,
        balance_rubles: '123.45',
        spending: { today_kopecks: 0, week_kopecks: 0, month_kopecks: 0, by_model: [] },
      }),
  };
}
