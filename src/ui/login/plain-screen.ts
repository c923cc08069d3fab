/** The waiting screen where there is none: lines, each said once. */
import { sanitizeLine } from '../sanitize.ts';
import type { LoginScreen, LoginView } from './show-login.ts';
import { address, clock, request, signedIn, type DeviceCode } from './words.ts';

export function plainScreen({ stderr, now }: Pick<LoginScreen, 'stderr' | 'now'>): LoginView {
  let device: DeviceCode | undefined;
  let saidAt = 0;
  let isOffline = false;

  function say(line: string): void {
    saidAt = now();
    stderr.write(`${line}\n`);
  }

  return {
    show(event) {
      switch (event.kind) {
        case 'device_code':
          device = event;
          for (const line of instructions(event)) say(line);
          return;
        case 'offline':
          if (!isOffline) say(`Offline, retrying: ${sanitizeLine(event.error.message)}`);
          isOffline = true;
          return;
        case 'slow_down':
          isOffline = false;
          say(`The server asks for patience: the next question follows in ${event.interval} s.`);
          return;
        case 'pending':
          isOffline = false;
          if (device !== undefined && now() - saidAt >= STILL_WAITING_MS) {
            say(`Still waiting for approval, ${clock(device.expiresAt - now())} left.`);
          }
          return;
        case 'authorized':
          say(`${signedIn(event.account, device?.host)}.`);
          for (const notice of event.notices) say(sanitizeLine(notice));
          return;
        case 'asking':
        case 'approved':
          return;
      }
    },
    close() {},
  };
}

const STILL_WAITING_MS = 60_000;

function instructions(device: DeviceCode): readonly string[] {
  const complete = device.verificationUriComplete;
  return [
    'To sign in, open this address and enter the code:',
    address(device.verificationUri),
    ...(complete === undefined ? [] : [address(complete)]),
    sanitizeLine(device.userCode),
    ...request(device),
    'Never type a code someone sent you.',
  ];
}
