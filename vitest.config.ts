import { defineConfig } from 'vitest/config';

const isFull = process.env.MIRA_CAMPAIGN === 'full';

/**
 * Four suites over one tree. `npm test -- test/unit` or `npx vitest run --project e2e` runs a part of them.
 * Time limits are there to end what hangs, not to measure: two cores may be busy with Chromium meanwhile.
 */
const suite = (name: string, limits: { readonly testTimeout: number; readonly hookTimeout: number }) => ({
  test: { name, include: [`test/${name}/**/*.test.{ts,tsx}`], environment: 'node' as const, ...limits },
});

export default defineConfig({
  test: {
    // Two cores: more workers only make the processes that the tests start wait for each other.
    maxWorkers: 2,
    // The runner's own environment must not decide a test: CI turns prompts off, colour variables change output.
    // MIRA_TEST_CI still tells that this is CI, where nothing may be skipped because it is missing.
    env: { CI: '', NO_COLOR: '', FORCE_COLOR: '', NODE_ENV: 'test', MIRA_TEST_CI: process.env.CI ?? '' },
    projects: [
      suite('unit', { testTimeout: 20_000, hookTimeout: 20_000 }),
      suite('contract', { testTimeout: 60_000, hookTimeout: 60_000 }),
      suite('e2e', { testTimeout: 60_000, hookTimeout: 60_000 }),
      // Small in `npm test`; `npm run campaign` sets MIRA_CAMPAIGN=full and takes its time.
      suite(
        'campaign',
        isFull
          ? { testTimeout: 3_600_000, hookTimeout: 60_000 }
          : { testTimeout: 120_000, hookTimeout: 60_000 },
      ),
    ],
  },
});
