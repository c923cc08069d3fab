/** Leaks $LEAK, once into every place that a leak scan searches: what proves that the scan finds it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { LEAK = '', HOME = '', TMPDIR = '', MIRA_DATA_DIR = '' } = process.env;
const text = `before ${LEAK} after\n`;
const state = join(MIRA_DATA_DIR, 'state');
mkdirSync(state, { recursive: true });
writeFileSync(join(HOME, 'planted'), text);
writeFileSync(join(TMPDIR, 'planted'), text);
writeFileSync(join(state, 'planted'), text);
// A name has no slash.
const [longest = ''] = LEAK.split('/').toSorted((one, other) => other.length - one.length);
writeFileSync(join(HOME, `planted-${longest}`), '');
spawnSync('true', [`--planted=${LEAK}`]);
process.stdout.write(text);
process.stderr.write(text);
