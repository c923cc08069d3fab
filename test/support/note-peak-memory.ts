/** Put before a program with `--import`: at its end it writes the most memory it ever held, in KiB, to $PEAK_MEMORY_FILE. */
import { writeFileSync } from 'node:fs';

const file = process.env['PEAK_MEMORY_FILE'];
process.on('exit', () => {
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS));
});
