/** What the tests of the platform share: openid-client signed in to one. */
import * as client from 'openid-client';
import { DEVICE_GRANT, SCOPES } from './issuer.ts';
import type { Platform } from './start-platform.ts';

export async function discover(platform: Platform): Promise<client.Configuration> {
  return client.discovery(new URL(platform.issuer), platform.clientId, {}, client.None(), {
    execute: [client.enableNonRepudiationChecks, client.allowInsecureRequests],
  });
}

export function requestCode(
  platform: Platform,
  config: client.Configuration,
): Promise<client.DeviceAuthorizationResponse> {
  return client.initiateDeviceAuthorization(config, { scope: SCOPES.join(' '), resource: platform.apiUrl });
}

export function poll(
  config: client.Configuration,
  deviceCode: string,
): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers> {
  return client.genericGrantRequest(config, DEVICE_GRANT, { device_code: deviceCode });
}

export interface SignedIn {
  readonly config: client.Configuration;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export async function signIn(platform: Platform): Promise<SignedIn> {
  const config = await discover(platform);
  const code = await requestCode(platform, config);
  await platform.approve(code.user_code);
  const tokens = await poll(config, code.device_code);
  return { config, accessToken: tokens.access_token, refreshToken: tokens.refresh_token ?? '' };
}

/** The OAuth error a refused request names. */
export async function oauthError(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof client.ResponseBodyError) return error.error;
    throw error;
  }
  return 'none';
}
