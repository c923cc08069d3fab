/** Which look each kind of text has; where there is no colour, the signs carry the meaning. */
import type { Row, Tone } from './rows.ts';
import type { Style } from './style.ts';

export const PROMPT = '› ';
export const INDENT = '  ';

export function paint({ text, tone, spans }: Row, style: Style): string {
  if (spans === undefined) return paintAs(tone, text, style);
  return spans
    .map((span) => span.tones.reduce((painted, each) => paintAs(each, painted, style), span.text))
    .join('');
}

function paintAs(tone: Tone, text: string, style: Style): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'user':
    case 'strong':
      return style.strong(text);
    case 'dim':
    case 'comment':
      return style.dim(text);
    case 'good':
    case 'string':
      return style.good(text);
    case 'bad':
      return style.bad(text);
    case 'warn':
    case 'number':
      return style.warn(text);
    case 'link':
      return style.link(text);
    case 'heading':
      return style.heading(text);
    case 'emphasis':
      return style.emphasis(text);
    case 'strike':
      return style.strike(text);
    case 'code':
    case 'type':
      return style.code(text);
    case 'keyword':
      return style.keyword(text);
    case 'function':
      return style.name(text);
    case 'paper':
      return style.paper(text);
  }
}
