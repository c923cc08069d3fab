'use strict';
// Put before a program with --require: at its end it writes the most memory it ever held, in KiB.

const file = process.env.MIRA_BENCH_MEMORY;

process.on('exit', () => {
  require('node:fs').writeFileSync(file, String(process.resourceUsage().maxRSS));
});
