/** Plays the person in the browser: a moment after a code appears, it is approved through the platform's own pages. */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;
const READING_MS = 1_000;

/** @returns {() => Promise<void>} stops it; rejects when approving failed */
export function approveWhenAsked({ platform, tell }) {
  const stop = new AbortController();
  const { signal } = stop;
  const approving = (async () => {
    while (platform.pendingUserCodes().length === 0) await delay(LOOK_EVERY_MS, undefined, { signal });
    const [userCode] = platform.pendingUserCodes();
    await delay(READING_MS, undefined, { signal });
    await platform.approve(userCode);
    tell(`(in the browser: Ada Example typed ${userCode} and approved)`);
  })();
  const settled = approving.catch((error) => {
    if (!signal.aborted) throw error;
  });
  // The failure is the step's to report, when it ends; until then it must not end the process.
  settled.catch(() => {});
  return async () => {
    stop.abort();
    await settled;
  };
}
