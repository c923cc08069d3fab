import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { endMarkdown, growMarkdown, NO_MARKDOWN } from '../../../../src/ui/markdown/growing-markdown.ts';
import type { Row } from '../../../../src/ui/rows.ts';

const folder = new URL('../../../golden/markdown/', import.meta.url);
const highlight = () => undefined;

/** A row with the look of its parts spelled out: `⟨strong:text⟩`. */
function spelled({ text, tone, spans = [{ text, tones: [tone] }] }: Row): string {
  return spans
    .map((span) => {
      const tones = span.tones.filter((each) => each !== 'plain');
      return tones.length === 0 ? span.text : `⟨${tones.join(' ')}:${span.text}⟩`;
    })
    .join('');
}

describe.each(readdirSync(folder).filter((file) => file.endsWith('.md')))('%s', (file) => {
  it.each([80, 40, 10])('has its rows at %d cells', async (width) => {
    const place = { width, liveRows: 1_000, highlight };
    const { state, finished } = growMarkdown(NO_MARKDOWN, readFileSync(new URL(file, folder), 'utf8'), place);
    const rows = [...finished, ...endMarkdown(state, place)].map((row) => `${spelled(row)}\n`).join('');
    await expect(rows).toMatchFileSnapshot(new URL(file.replace('.md', `.${width}.txt`), folder).pathname);
  });
});
