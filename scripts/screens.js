/**
 * `npm run screens` takes the screens that the README shows anew: plays them with the built program in a
 * pseudo-terminal and writes docs/screens/NAME.svg. `npm run screens -- FOLDER` writes them elsewhere.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playScenes } from './screens/scenes.js';
import { steadyRow } from './screens/steady.js';
import { screenSvg } from './screens/svg.js';

const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../docs/screens', import.meta.url)));
mkdirSync(folder, { recursive: true });

await playScenes(async (name, title, terminal, { cursor = true } = {}) => {
  const rows = terminal.runs().map(steadyRow);
  const last = rows.findLastIndex((runs) => runs.some(({ text }) => text.trim() !== ''));
  const file = join(folder, `${name}.svg`);
  const cols = Math.max(...rows.flatMap((runs) => runs.map(({ column, cells }) => column + cells)));
  const place = terminal.cursor();
  const shown = rows.slice(0, last + 1);
  const isShown = cursor && place.y <= last;
  writeFileSync(file, screenSvg(shown, { cols, title, cursor: isShown ? place : undefined }));
  console.log(relative(process.cwd(), file));
});
