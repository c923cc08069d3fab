import type { LoginEvent } from '../../../../src/auth/login-event.ts';
import type { DeviceCode } from '../../../../src/ui/login/words.ts';

export const START = Date.UTC(2026, 10, 20);

/** A code that runs out 14:32 after the start. */
export function deviceCode(changes: Partial<DeviceCode> = {}): DeviceCode {
  return {
    kind: 'device_code',
    verificationUri: 'https://id.example/device',
    verificationUriComplete: 'https://id.example/device?user_code=WDJB-MJHT',
    userCode: 'WDJB-MJHT',
    expiresAt: START + 872_000,
    interval: 5,
    host: 'id.example',
    scopes: ['openid', 'offline_access'],
    renew: () => {},
    ...changes,
  };
}

export async function* sent(...events: readonly LoginEvent[]): AsyncGenerator<LoginEvent> {
  yield* events;
}
