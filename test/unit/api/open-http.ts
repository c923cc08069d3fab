import { onTestFinished } from 'vitest';

import type { HostGuard } from '../../../src/api/allowed-hosts.ts';
import { createHttp } from '../../../src/api/http.ts';
import type { Http, HttpOptions } from '../../../src/api/http.ts';
import { MiraError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { startRawServer } from '../../support/raw-server.ts';
import type { RawExchange, RawServer } from '../../support/raw-server.ts';

/** An `Http` that ends with the test. */
export function openHttp(options: Partial<HttpOptions> = {}): Http {
  const http = createHttp({
    hosts: ANY_HOST,
    proxies: {},
    caFiles: [],
    userAgent: 'mira-test',
    log: silentLog,
    now: Date.now,
    ...options,
  });
  onTestFinished(() => http.close());
  return http;
}

/** For tests of what comes after the guard. */
const ANY_HOST: HostGuard = { require: async () => {}, allow: () => {} };

/** A server that ends with the test. */
export async function serve(answer: (exchange: RawExchange) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(answer);
  onTestFinished(() => server.close());
  return server;
}

/** The MiraError a promise rejects with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<MiraError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MiraError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

/** What a person would read and a script would check. */
export function facts(error: MiraError): { code: string; exit: number; message: string } {
  return { code: error.code, exit: error.exitCode, message: error.message };
}
