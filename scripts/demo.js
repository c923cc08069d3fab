/**
 * `npm run demo`: mira's main job against a platform on this machine, and nothing left behind.
 * `--manual` leaves the approval to you.
 */
import { runDemo } from './demo/run-demo.js';

process.exitCode = await runDemo({
  manual: process.argv.includes('--manual'),
  terminal: process.stdin.isTTY === true && process.stdout.isTTY === true && process.stderr.isTTY === true,
});
