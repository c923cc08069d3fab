/** `npm run bench` runs every benchmark here, `npm run bench -- startup` those that are named. */
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const NO_BENCHMARKS = new Set(['run', 'pairs']);
const folder = import.meta.dirname;

const all = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -'.js'.length))
  .filter((name) => !NO_BENCHMARKS.has(name));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));

if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There is: ${all.join(', ')}.`);
  process.exitCode = 2;
} else {
  for (const name of wanted.length === 0 ? all : wanted) {
    const { bench } = await import(pathToFileURL(join(folder, `${name}.js`)).href);
    await bench();
  }
}
