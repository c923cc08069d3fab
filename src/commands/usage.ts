import type { Context } from '../context.ts';
import { formatWait } from '../api/retry.ts';
import { valueCommand } from './define.ts';
import type { JsonObject } from './define.ts';
import { moment, secondsUntil } from './moments.ts';
import type { PlatformUsage, Quota, QuotaWindow, Used } from './usage/platform-usage.ts';

interface Result {
  readonly usage: PlatformUsage;
  readonly now: number;
}

export const usage = valueCommand<Record<never, never>, Result>({
  summary: 'Quota, use and balance of the account',
  description:
    'Ask the Mira platform what is left of the quota, what was used, and what the balance is, for the active credential. ' +
    'What the platform does not tell is left out.',
  options: {},
  examples: [
    { command: 'mira usage', shows: 'what is left' },
    { command: 'mira usage --json | jq .quota.utilization', shows: 'how full the quota is, 0 to 1' },
  ],
  run: (context) => readUsage(context, context.signal),
  human: (result) => usageLines(result).join('\n'),
  json: usageObject,
});

/** @throws MiraError `not_signed_in` and what `readPlatformUsage` throws */
export async function readUsage(context: Context, signal: AbortSignal): Promise<Result> {
  const credentials = await context.credentials();
  const credential = await credentials.require();
  const apiUrl = credentials.apiUrl(credential);
  const { readPlatformUsage } = await import('./usage/platform-usage.ts');
  const read = await readPlatformUsage({
    http: await context.http(),
    apiUrl,
    bearer: credentials.bearer(credential, { apiUrl }),
    signal,
    now: context.now,
  });
  return { usage: read, now: context.now() };
}

export function usageLines({
  usage: { plan, quota, today, month, daily, balance },
  now,
}: Result): readonly string[] {
  const line = (name: string, ...facts: readonly (string | undefined)[]): readonly Row[] => {
    const said = facts.filter((fact) => fact !== undefined);
    return said.length === 0 ? [] : [{ name, text: said.join(', ') }];
  };
  const left =
    daily?.limit === null
      ? 'without a limit'
      : daily?.remaining === undefined
        ? undefined
        : `${count(daily.remaining)} of ${count(daily.limit)} requests left`;
  const { today: spentToday, week, month: spentMonth } = balance?.spent ?? {};
  const rows = [
    ...line('Plan', plan),
    ...line('Quota', quotaWords(quota), resets(quota?.resetsAt, now)),
    ...(quota?.windows ?? []).flatMap((window) =>
      line(windowName(window.name), windowWords(window), resets(window.resetsAt, now)),
    ),
    ...line('Today', ...usedWords(today), left),
    ...line('This month', ...usedWords(month)),
    ...line(
      'Balance',
      balance && `${money(balance.amount)} RUB`,
      spentToday === undefined ? undefined : `spent today ${money(spentToday)}`,
      week === undefined ? undefined : `this week ${money(week)}`,
      spentMonth === undefined ? undefined : `this month ${money(spentMonth)}`,
    ),
  ];
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, text }) => `${name.padEnd(width)}  ${text}`);
}

interface Row {
  readonly name: string;
  readonly text: string;
}

function quotaWords(quota: Quota | undefined): string | undefined {
  if (quota === undefined) return undefined;
  if (quota.usingOverage === true) return 'used up; what goes on is paid for';
  switch (quota.status) {
    case undefined:
    case 'allowed':
      return undefined;
    case 'allowed_warning':
      return quota.utilization === undefined ? 'nearly used up' : `${percent(quota.utilization)} used`;
    case 'rejected':
      return 'used up';
    default:
      return quota.status;
  }
}

/** `seven_day_thinking` is "7 days, thinking" in a column. */
function windowName(name: string): string {
  const [, number = '', unit = '', rest = ''] = /^(five|seven)_(hour|day)(?:_(\w+))?$/.exec(name) ?? [];
  if (number === '') return name.replaceAll('_', ' ');
  return `${number === 'five' ? 5 : 7} ${unit}s ${rest}`.trimEnd();
}

function windowWords({ used, limit, utilization }: QuotaWindow): string | undefined {
  if (limit === null) return used === undefined ? 'without a limit' : `${count(used)} used, without a limit`;
  const part = utilization === undefined ? undefined : percent(utilization);
  if (used === undefined) return part && `${part} used`;
  const of = limit === undefined ? '' : ` of ${count(limit)}`;
  return `${count(used)}${of} used${part === undefined ? '' : ` (${part})`}`;
}

const DAY_MS = 86_400_000;

function resets(resetsAt: number | undefined, now: number): string | undefined {
  if (resetsAt === undefined || resetsAt <= now) return undefined;
  const days = Math.floor((resetsAt - now) / DAY_MS);
  return `new in ${days < 2 ? formatWait(resetsAt - now) : `${days} days`}`;
}

function usedWords(used: Used | undefined): readonly (string | undefined)[] {
  return [
    used?.requests === undefined ? undefined : `${count(used.requests)} requests`,
    used?.tokens === undefined ? undefined : `${count(used.tokens)} tokens`,
  ];
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function money(amount: number): string {
  return amount.toFixed(2);
}

function usageObject({ usage: { plan, quota, today, month, daily, balance }, now }: Result): JsonObject {
  const known = (object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  const until = (at: number | undefined): Readonly<Record<string, unknown>> =>
    at === undefined ? {} : { resets_at: moment(at), resets_in: secondsUntil(at, now) };
  return {
    schema: 'mira.usage/1',
    ...known({
      plan,
      quota:
        quota &&
        known({
          status: quota.status,
          utilization: quota.utilization,
          ...until(quota.resetsAt),
          using_overage: quota.usingOverage,
          windows: quota.windows.map(({ name, used, limit, utilization, resetsAt }) =>
            known({ name, used, limit, utilization, ...until(resetsAt) }),
          ),
        }),
      today: today && known({ ...today }),
      month: month && known({ ...month }),
      daily: daily && known({ ...daily }),
      balance:
        balance &&
        known({
          currency: 'RUB',
          amount: balance.amount,
          spent: balance.spent && known({ ...balance.spent }),
        }),
    }),
  };
}
