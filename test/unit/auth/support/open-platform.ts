import { onTestFinished } from 'vitest';
import { findIssuer } from '../../../../src/auth/oidc.ts';
import type { IssuerRequest, OidcServer } from '../../../../src/auth/oidc.ts';
import type { TokenSet } from '../../../../src/auth/session.ts';
import { startPlatform } from '../../../support/platform/start-platform.ts';
import type { Platform, PlatformOptions, PlatformRequest } from '../../../support/platform/start-platform.ts';
import { openHttp } from '../../api/open-http.ts';

export const SCOPES = ['openid', 'profile', 'email', 'offline_access'] as const;

/** A platform that ends with the test. */
export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const platform = await startPlatform(options);
  onTestFinished(() => platform.close());
  return platform;
}

/** The platform's issuer, as mira knows it. */
export async function connect(platform: Platform, request: Partial<IssuerRequest> = {}): Promise<OidcServer> {
  const server = await findIssuer({
    issuer: new URL(platform.issuer),
    clientId: platform.clientId,
    http: openHttp(),
    now: Date.now,
    ...request,
  });
  if (!server) throw new Error('the platform publishes no metadata');
  return server;
}

/** A device code that Ada has approved. */
export async function approvedCode(platform: Platform, server: OidcServer): Promise<string> {
  const { deviceCode, userCode } = await server.startDevice({ scopes: SCOPES });
  await platform.approve(userCode);
  return deviceCode;
}

/** Tokens as the issuer grants them. */
export async function grantedTokens(platform: Platform, server: OidcServer): Promise<TokenSet> {
  const answer = await server.poll({ deviceCode: await approvedCode(platform, server), scopes: SCOPES });
  if (answer.kind !== 'approved') throw new Error(`the code was not approved: ${answer.kind}`);
  return answer.tokens;
}

/** What arrived at an endpoint. */
export function requestsAt(platform: Platform, point: PlatformRequest['point']): readonly PlatformRequest[] {
  return platform.requests.filter((request) => request.point === point);
}

export function refreshesAt(platform: Platform): readonly PlatformRequest[] {
  return requestsAt(platform, 'token').filter(({ fields }) => fields['grant_type'] === 'refresh_token');
}
