/** The base of a service whose endpoints bring their own version along: ends in a slash, and not in `/v1/`. */
export function withoutVersion(url: URL): URL {
  const path = url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  return new URL(`${path}/`, url.origin);
}
