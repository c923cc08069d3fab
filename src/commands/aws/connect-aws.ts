import { createAws } from '../../api/aws.ts';
import type { Aws } from '../../api/aws.ts';
import type { AwsAccess } from '../../api/aws/access.ts';
import type { Http } from '../../api/http.ts';
import type { Context } from '../../context.ts';

export interface Connecting {
  readonly access: AwsAccess;
  /** What looks at each request before it leaves. */
  readonly guard?: ((http: Http) => Http) | undefined;
}

/** AWS at the addresses of the access: its region may come from an option, so they are allowed here. */
export async function connectAws(
  context: Pick<Context, 'http' | 'now'>,
  { access, guard = (http) => http }: Connecting,
): Promise<Aws> {
  const http = await context.http();
  http.allow(Object.values(access.endpoints));
  return createAws({ http: guard(http), access, now: context.now });
}
