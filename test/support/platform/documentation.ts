/** What the model knows: the passages of this project's own README and documents, each with file and heading. */
import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Passage {
  readonly id: number;
  readonly file: string;
  /** The heading it stands under. */
  readonly heading: string;
  /** All headings above it, outermost first, for searching. */
  readonly trail: string;
  readonly text: string;
}

/** Every passage under `root`; when there is no document yet, the recorded help texts; when there are none, nothing. */
export async function readDocumentation(root: string): Promise<readonly Passage[]> {
  const documents = await filesUnder(root, ['README.md', 'docs/**/*.md']);
  const files = documents.length > 0 ? documents : await filesUnder(root, ['test/golden/**/*.txt']);
  const passages: Omit<Passage, 'id'>[] = [];
  for (const file of files)
    passages.push(...splitDocument(file, await readFile(path.join(root, file), 'utf8')));
  return passages.map((passage, id) => ({ ...passage, id }));
}

async function filesUnder(root: string, patterns: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const file of glob([...patterns], { cwd: root })) files.push(file.split(path.sep).join('/'));
  return files.sort();
}

const ENOUGH = 700;

/**
 * One passage a heading, several where much stands under it, broken between paragraphs or list items.
 * What is said before the first heading goes under the file's name.
 */
export function splitDocument(file: string, markdown: string): readonly Omit<Passage, 'id'>[] {
  const passages: Omit<Passage, 'id'>[] = [];
  let trail: readonly string[] = [];
  let lines: string[] = [];
  let fenced = false;
  const finish = () => {
    const text = lines.join('\n').trim();
    if (text !== '') passages.push({ file, heading: trail.at(-1) ?? file, trail: trail.join(' '), text });
    lines = [];
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    const heading = fenced ? null : /^(#{1,6})\s+(.+?)\s*#*$/.exec(line);
    if (heading === null) {
      const canBreak = !fenced && (line === '' || /^(?:[-*]|\d+\.) /.test(line));
      if (canBreak && lines.join('\n').length > ENOUGH) finish();
      lines.push(line);
      continue;
    }
    finish();
    const [, marks = '', title = ''] = heading;
    trail = [...trail.slice(0, marks.length - 1), title];
  }
  finish();
  return passages;
}
