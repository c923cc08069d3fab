/** What servers put into `Retry-After` and nobody can wait for (security.md, T28): `Date.parse` makes dates of some of them. */
export const BAD_RETRY_AFTER: readonly string[] = [
  '',
  '0',
  '-1',
  '1.5',
  '5, 10',
  '1e1',
  '0x10',
  '5s',
  'soon',
  '99999999999999999999',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Friday, 20-Nov-26 12:00:30 GMT',
  'Fri Nov 20 12:00:30 2026',
  'Fri, 20 Nov 2026 12:00:30 +0000',
  '2026-11-20T12:00:30Z',
];
