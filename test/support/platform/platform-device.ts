/**
 * The platform's own device dialect (platforms.md A.4.1): always 200, a `status` instead of OAuth errors, and an
 * API key instead of tokens. The approved answer is given once; a second poll finds the code gone.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { html, json, type Answer } from './answer.ts';
import { approvedPage, decidePage, deniedPage, enterCodePage, problemPage } from './approval-pages.ts';
import type { ApiKeys } from './keys.ts';
import { PAGE_HEADERS } from './page.ts';
import type { PlatformRequest } from './request-record.ts';

export interface PlatformDeviceOptions {
  readonly verificationUri: string;
  readonly deviceCodeTtlS: number;
  readonly interval: number | 'absent';
  readonly keys: ApiKeys;
}

export interface PlatformDevice {
  requestCode(): Answer;
  poll(deviceCode: unknown): Answer;
  /** The JSON call of the platform's web page. */
  approve(userCode: unknown): Answer;
  showPage(request: PlatformRequest): Answer;
  submitPage(request: PlatformRequest): Answer;
  pendingUserCodes(): readonly string[];
  expire(userCode: string): boolean;
}

interface Pending {
  readonly userCode: string;
  expiresAt: number;
  approved: boolean;
}

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export function createPlatformDevice(options: PlatformDeviceOptions): PlatformDevice {
  const codes = new Map<string, Pending>();
  const xsrf = randomBytes(24).toString('hex');
  const form = { action: '/authorize', xsrf };
  const findEntry = (userCode: string) =>
    [...codes].find(([, code]) => code.userCode === normalize(userCode) && code.expiresAt > Date.now());

  return {
    requestCode() {
      const deviceCode = randomBytes(20).toString('hex');
      const userCode = Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
      codes.set(deviceCode, {
        userCode,
        expiresAt: Date.now() + options.deviceCodeTtlS * 1000,
        approved: false,
      });
      return json(200, {
        device_code: deviceCode,
        user_code: withDash(userCode),
        verification_uri: options.verificationUri,
        expires_in: options.deviceCodeTtlS,
        ...(options.interval === 'absent' ? {} : { interval: options.interval }),
      });
    },
    poll(deviceCode) {
      const code = typeof deviceCode === 'string' ? codes.get(deviceCode) : undefined;
      if (code === undefined || code.expiresAt <= Date.now()) return json(200, { status: 'expired' });
      if (!code.approved) return json(200, { status: 'pending' });
      codes.delete(String(deviceCode));
      return json(200, { status: 'approved', access_token: options.keys.mint(), token_type: 'bearer' });
    },
    approve(userCode) {
      const entry = findEntry(String(userCode));
      if (entry === undefined) return json(200, { approved: false, error: 'Code expired or invalid' });
      if (entry[1].approved) return json(200, { approved: false, error: 'Code already used or expired' });
      entry[1].approved = true;
      return json(200, { approved: true });
    },
    showPage({ query }) {
      const asked = query.get('code');
      if (asked === null) return page(enterCodePage(form));
      if (findEntry(asked) === undefined) return page(enterCodePage({ ...form, problem: NO_SUCH_CODE }));
      return page(
        decidePage({ ...form, userCode: withDash(normalize(asked)), clientName: 'mira', scopes: [] }),
      );
    },
    submitPage({ fields }) {
      if (fields.xsrf !== xsrf)
        return html(400, problemPage('This form is too old. Start again.'), PAGE_HEADERS);
      const userCode = typeof fields.user_code === 'string' ? fields.user_code : '';
      const entry = findEntry(userCode);
      if (entry === undefined) return page(enterCodePage({ ...form, problem: NO_SUCH_CODE }));
      if (fields.abort !== undefined) {
        codes.delete(entry[0]);
        return page(deniedPage());
      }
      if (fields.confirm !== undefined) {
        entry[1].approved = true;
        return page(approvedPage());
      }
      return page(
        decidePage({ ...form, userCode: withDash(entry[1].userCode), clientName: 'mira', scopes: [] }),
      );
    },
    pendingUserCodes: () =>
      [...codes.values()]
        .filter(({ approved, expiresAt }) => !approved && expiresAt > Date.now())
        .map(({ userCode }) => userCode),
    expire(userCode) {
      const entry = findEntry(userCode);
      if (entry === undefined) return false;
      entry[1].expiresAt = Date.now() - 1;
      return true;
    },
  };
}

const NO_SUCH_CODE = 'There is no such code. Check it and try again.';

function normalize(userCode: string): string {
  return userCode.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
}

function withDash(userCode: string): string {
  return `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
}

function page(content: string): Answer {
  return html(200, content, PAGE_HEADERS);
}
