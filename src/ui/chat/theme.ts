/** Which colour each kind of row has; where there is no colour, the signs carry the meaning. */
import type { Style } from '../style.ts';
import type { Row } from './rows.ts';

export const PROMPT = '› ';
export const INDENT = '  ';

export function paint({ text, tone }: Row, style: Style): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'user':
      return style.strong(text);
    case 'dim':
      return style.dim(text);
    case 'good':
      return style.good(text);
    case 'bad':
      return style.bad(text);
    case 'warn':
      return style.warn(text);
  }
}
