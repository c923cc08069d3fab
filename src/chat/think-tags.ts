/**
 * Some models write their reasoning into the text, as `<think>…</think>` before the answer. Only there: the
 * tag in the middle of an answer is something the answer talks about.
 */

export interface ThinkTags {
  push(text: string): readonly SplitText[];
  /** What was held back because it might have become a tag. */
  end(): readonly SplitText[];
}

export interface SplitText {
  readonly kind: 'text' | 'reasoning';
  readonly text: string;
}

const OPEN = '<think>';
const CLOSE = '</think>';

export function createThinkTags(): ThinkTags {
  let state: 'start' | 'thinking' | 'after' | 'answer' = 'start';
  let held = '';

  const push = (text: string): readonly SplitText[] => {
    if (state === 'answer') return text === '' ? [] : [{ kind: 'text', text }];
    held += text;
    const out: SplitText[] = [];
    if (state === 'start') {
      const begun = held.trimStart();
      if (OPEN.startsWith(begun.slice(0, OPEN.length)) && begun.length < OPEN.length) return out;
      state = begun.startsWith(OPEN) ? 'thinking' : 'answer';
      if (state === 'thinking') held = begun.slice(OPEN.length);
    }
    if (state === 'thinking') {
      const close = held.indexOf(CLOSE);
      const end = close === -1 ? held.length - possibleCloseLength(held) : close;
      if (end > 0) out.push({ kind: 'reasoning', text: held.slice(0, end) });
      held = held.slice(close === -1 ? end : end + CLOSE.length);
      if (close !== -1) state = 'after';
    }
    if (state === 'after') {
      held = held.trimStart();
      if (held !== '') state = 'answer';
    }
    if (state === 'answer' && held !== '') {
      out.push({ kind: 'text', text: held });
      held = '';
    }
    return out;
  };

  return {
    push,
    end() {
      const rest = held;
      held = '';
      if (rest === '') return [];
      return [{ kind: state === 'thinking' ? 'reasoning' : 'text', text: rest }];
    },
  };
}

/** How much of the end of `text` could be the beginning of the closing tag. */
function possibleCloseLength(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length -= 1) {
    if (CLOSE.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
