import { findAccount } from '../../auth/account.ts';
import type { AccountAnswer } from '../../auth/account.ts';
import type { Credential } from '../../auth/credential.ts';
import type { OidcServer } from '../../auth/oidc.ts';
import { findSessionIssuer } from '../../auth/session-issuer.ts';
import type { Context } from '../../context.ts';
import { toMiraError } from '../../errors.ts';
import type { MiraError } from '../../errors.ts';
import type { SessionEntry } from '../../store/session-entry.ts';
import type { Status } from './status.ts';

interface Question {
  readonly credential: Credential;
  readonly known: Status;
  readonly apiUrl: URL;
}

/** What the server says of a credential; what is known here when it cannot be asked. */
export async function askServer(context: Context, { credential, known, apiUrl }: Question): Promise<Status> {
  try {
    const credentials = await context.credentials();
    const bearer = credentials.bearer(credential, { apiUrl });
    const ask = async (
      rejected?: string,
    ): Promise<{
      readonly answer: AccountAnswer;
      readonly value: string;
      readonly refreshable: boolean;
    }> => {
      const { value, refreshable } = await bearer.get(rejected === undefined ? {} : { rejected });
      const entry = 'entry' in credential ? credential.entry : undefined;
      const answer = await findAccount({
        http: await context.http(),
        apiUrl,
        accessToken: value,
        server: entry && (await issuerOf(context, entry)),
        subject: entry?.account?.id,
        boundToResource: entry?.resource !== undefined,
        signal: context.signal,
      });
      return { answer, value, refreshable };
    };
    let asked = await ask();
    if (asked.answer.kind === 'rejected' && asked.refreshable) asked = await ask(asked.value);
    const entry = (await context.index.find(known.profile)) ?? known.entry;
    const fresh: Status = known.entry ? { ...known, entry } : known;
    switch (asked.answer.kind) {
      case 'rejected':
        return { ...fresh, signedIn: false, checked: 'server', reason: 'the server refuses it' };
      case 'account':
        return { ...fresh, account: { ...known.account, ...asked.answer.account }, checked: 'server' };
      case 'valid':
        return { ...fresh, checked: 'server' };
      case 'unknown':
        return fresh;
    }
  } catch (error) {
    return afterFailure(context, { failure: toMiraError(error), known });
  }
}

/** Only a session of OpenID Connect can be asked for at userinfo (OpenID Connect Core, section 5.3). */
async function issuerOf(context: Context, entry: SessionEntry): Promise<OidcServer | undefined> {
  if (entry.resource !== undefined || !entry.scopes.includes('openid')) return undefined;
  return findSessionIssuer(entry, { http: await context.http(), now: context.now, signal: context.signal });
}

function afterFailure(
  context: Context,
  { failure, known }: { readonly failure: MiraError; readonly known: Status },
): Status {
  if (failure.exitCode === 4 && failure.code !== 'login_unavailable') {
    return { ...known, signedIn: false, checked: 'server', reason: failure.message.replace(/\.$/, '') };
  }
  if (failure.exitCode !== 6 && failure.exitCode !== 9 && failure.exitCode !== 7) throw failure;
  context.warn(`The server could not be asked: ${failure.message}`);
  return known;
}
