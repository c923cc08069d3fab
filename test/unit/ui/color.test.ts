import { expect, it } from 'vitest';
import { decideColor } from '../../../src/ui/color.ts';
import { createStyle } from '../../../src/ui/style.ts';

it.each([
  { isTTY: true, env: {}, color: true },
  { isTTY: false, env: {}, color: false },
  { isTTY: true, env: { NO_COLOR: '1' }, color: false },
  { isTTY: true, env: { NO_COLOR: '' }, color: true },
  { isTTY: true, env: { TERM: 'dumb' }, color: false },
  { isTTY: true, env: { CLICOLOR: '0' }, color: false },
  { isTTY: false, env: { FORCE_COLOR: '1' }, color: true },
  { isTTY: false, env: { FORCE_COLOR: '3', NO_COLOR: '1' }, color: true },
  { isTTY: true, env: { FORCE_COLOR: '0' }, color: false },
  { isTTY: false, env: { CLICOLOR_FORCE: '1', NO_COLOR: '1' }, color: true },
  { isTTY: false, env: { CLICOLOR_FORCE: '0' }, color: false },
  { flag: 'always' as const, isTTY: false, env: { NO_COLOR: '1', TERM: 'dumb' }, color: true },
  { flag: 'never' as const, isTTY: true, env: { FORCE_COLOR: '1' }, color: false },
  { flag: 'auto' as const, isTTY: true, env: {}, color: true },
])('flag $flag, $env, terminal $isTTY: colour $color', ({ color, ...input }) => {
  expect(decideColor(input)).toBe(color);
});

it('colours only when told to', () => {
  expect(createStyle({ color: true }).bad('x')).toBe('\x1b[31mx\x1b[39m');
  const plain = createStyle({ color: false });
  const { strong, dim, good, bad, warn, link } = plain;
  for (const paint of [strong, dim, good, bad, warn, link]) expect(paint('x')).toBe('x');
});
