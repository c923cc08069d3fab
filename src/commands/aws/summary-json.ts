import type { AwsSummary } from '../../vault/aws-record.ts';
import { moment, secondsUntil } from '../moments.ts';

/** What may be shown of the keys that are kept, as JSON writes it. */
export function summaryJson(summary: AwsSummary, now: number): Readonly<Record<string, unknown>> {
  const { accessKey, isTemporary, region, addedAt, expiresAt } = summary;
  return {
    access_key: accessKey,
    temporary: isTemporary,
    ...(region === undefined ? {} : { region }),
    added_at: moment(addedAt),
    ...(expiresAt === undefined
      ? {}
      : { expires_at: moment(expiresAt), expires_in: secondsUntil(expiresAt, now) }),
  };
}
