import type { Style } from './style.ts';

const same = (text: string): string => text;

/** No colour at all, without loading what makes colours. */
export const plainStyle: Style = {
  color: false,
  strong: same,
  dim: same,
  good: same,
  bad: same,
  warn: same,
  link: same,
  heading: same,
  emphasis: same,
  strike: same,
  code: same,
  keyword: same,
  name: same,
  paper: same,
};
