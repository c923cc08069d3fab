import { expect, it } from 'vitest';
import { plainStyle } from '../../../../src/ui/plain-style.ts';
import type { Highlight } from '../../../../src/ui/markdown/color-code.ts';
import { createMarkdownWriter } from '../../../../src/ui/markdown/markdown-writer.ts';

const style = { ...plainStyle, strong: (text: string) => `<b>${text}</b>` };

function writer(highlight: Highlight = () => undefined) {
  const written: string[] = [];
  const markdown = createMarkdownWriter({
    write: (text) => written.push(text),
    style,
    highlight,
    width: () => 12,
  });
  return { written, markdown };
}

it('writes prose word by word, and a row once', () => {
  const { written, markdown } = writer();
  for (const piece of ['One ', 'two', ' thr', 'ee four **fi', 've', '**\n\nsix']) markdown.push(piece);
  markdown.end();
  expect(written).toEqual(['One', ' two', '\nthree four\n', '<b>five</b>\n\n', 'six\n']);
});

it('writes a row anew when a sign turns out to mean something else', () => {
  const { written, markdown } = writer();
  markdown.push('a **b c ');
  markdown.end();
  expect(written).toEqual(['a <b>b</b>', '\r\x1b[Ka **b c\n']);
});

it('writes a table when it is whole', () => {
  const { written, markdown } = writer();
  markdown.push('| a | b |\n|---|---|\n| 1 | 2');
  expect(written).toEqual([]);
  markdown.end();
  expect(written).toEqual(['<b>a</b> │ <b>b</b>\n──┼──\n1 │ 2\n']);
});

it('lets code wait for its colours, and what follows it', () => {
  let isLoaded = false;
  const colors: Highlight = () =>
    isLoaded
      ? { colorLine: (line) => ({ spans: [{ text: line, tones: ['strong'] }], after: {} }) }
      : 'loading';
  const { written, markdown } = writer(colors);
  markdown.push('```ts\nlet a;\n```\nand then more');
  expect([written.join(''), markdown.isWaiting]).toEqual(['── ts\n', true]);
  isLoaded = true;
  markdown.refresh();
  expect([written.join(''), markdown.isWaiting]).toEqual(['── ts\n<b>let a;</b>\n──\nand then\n', false]);
  markdown.end();
  expect(written.join('')).toBe('── ts\n<b>let a;</b>\n──\nand then\nmore\n');
});

it('writes nothing for nothing', () => {
  const { written, markdown } = writer();
  markdown.push('');
  markdown.end();
  expect(written).toEqual([]);
});
