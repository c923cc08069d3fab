/** What a campaign does in the two sizes it comes in: `npm test` and `npm run campaign`. */
export function sized<T>({ small, full }: { readonly small: T; readonly full: T }): T {
  return process.env['MIRA_CAMPAIGN'] === 'full' ? full : small;
}
