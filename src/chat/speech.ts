import type { ChatEvent } from './provider.ts';

type Kind = 'text' | 'reasoning';

export interface Speech {
  add(kind: Kind, text: string): void;
  /** No more will come. */
  flush(): void;
  /** What can be given since the last call. */
  take(): readonly ChatEvent[];
}

/** Joins neighbouring pieces, and keeps back half a surrogate pair until its other half has come. */
export function createSpeech(): Speech {
  let events: ChatEvent[] = [];
  let kind: Kind = 'text';
  let pieces = '';

  const close = (final: boolean): void => {
    const keep = !final && /[\ud800-\udbff]$/.test(pieces) ? pieces.slice(-1) : '';
    const text = (keep === '' ? pieces : pieces.slice(0, -1)).toWellFormed();
    if (text !== '') events.push({ kind, text });
    pieces = keep;
  };
  return {
    add(next, text) {
      if (next !== kind) {
        close(true);
        kind = next;
      }
      pieces += text;
    },
    flush: () => close(true),
    take() {
      close(false);
      const taken = events;
      events = [];
      return taken;
    },
  };
}
