/** Loaded into the chat by `--import`: between two SIGUSR2 it watches how late the event loop is, and writes that to the file it is told. */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;
const lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
// Taken at once: mira keeps its variables from its children by removing them.
const file = process.env.MIRA_BENCH_LAG;
let isWatching = false;

process.on('SIGUSR2', () => {
  if (isWatching) tell();
  isWatching = true;
  lag.enable();
});

function tell() {
  lag.disable();
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  const told = { p50: late(lag.percentile(50)), p99: late(lag.percentile(99)), most: late(lag.max) };
  writeFileSync(`${file}.new`, JSON.stringify(told));
  renameSync(`${file}.new`, file);
}
