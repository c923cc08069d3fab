/** JWT access tokens (RFC 9068), verified as an API would: by the issuer's published keys. */
import { createRemoteJWKSet, jwtVerify } from 'jose';

export interface AccessTokenClaims {
  readonly sub: string | undefined;
  readonly scope: string;
}

export interface AccessTokens {
  /** The claims of a token that is valid now, otherwise undefined. */
  verify(token: string): Promise<AccessTokenClaims | undefined>;
  remember(jti: string): void;
  /** From now on every token issued so far is refused, though not expired. */
  refuseIssued(): void;
}

export function createAccessTokens(options: {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly jwksUrl: URL;
}): AccessTokens {
  const keys = createRemoteJWKSet(options.jwksUrl);
  const issued = new Set<string>();
  const refused = new Set<string>();
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: options.issuer,
          audience: [...options.audiences],
          typ: 'at+jwt',
          algorithms: ['ES256'],
        });
        if (payload.jti !== undefined && refused.has(payload.jti)) return undefined;
        return { sub: payload.sub, scope: typeof payload.scope === 'string' ? payload.scope : '' };
      } catch {
        return undefined;
      }
    },
    remember(jti) {
      issued.add(jti);
    },
    refuseIssued() {
      for (const jti of issued) refused.add(jti);
    },
  };
}
