import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layout } from '../../../../src/ui/chat/layout.ts';
import { initialState, type ChatAction, type ChatState } from '../../../../src/ui/chat/state.ts';
import { update } from '../../../../src/ui/chat/update.ts';
import { cellWidth } from '../../../../src/ui/text-rows.ts';

const FACTS = { profile: 'work', account: 'ada@example.org', storage: 'file' };
const at = 0;

const written = (text: string): ChatAction => ({
  kind: 'key',
  key: { kind: 'edit', edit: { kind: 'insert', text } },
  at,
});
const SUBMIT: ChatAction = { kind: 'key', key: { kind: 'submit' }, at };

function after(actions: readonly ChatAction[], size = { columns: 80, rows: 24 }): ChatState {
  return actions.reduce(
    (state, action) => update(state, action).state,
    initialState({
      talk: { model: 'mira', messages: [], attachments: [] },
      highlight: () => undefined,
      ...size,
    }),
  );
}

function drawn(state: ChatState, now = 0) {
  const { rows, caret } = layout(state, FACTS, now);
  return { rows: rows.map(({ text }) => text), caret };
}

describe('layout', () => {
  it('is a prompt and a status line at first', () => {
    expect(drawn(after([]))).toEqual({
      rows: ['› ', 'mira · work · ada@example.org · session: file · /help'],
      caret: { x: 2, y: 0 },
    });
  });

  it('shows the growing block of the answer, and what is queued', () => {
    const state = after([
      written('one'),
      SUBMIT,
      { kind: 'event', turn: 1, event: { kind: 'text', text: 'first\n\nsecond' }, at },
      written('two\nlines'),
      SUBMIT,
      { kind: 'frame', at },
      written('three'),
    ]);
    expect(drawn(state)).toEqual({
      rows: [
        'second',
        'queued: two lines',
        '',
        '› three',
        'Esc stops · mira · work · ada@example.org · session: file',
      ],
      caret: { x: 7, y: 3 },
    });
  });

  it('counts while it waits, up and down', () => {
    const waiting = after([written('one'), SUBMIT]);
    expect(drawn(waiting, 3_400).rows[0]).toBe('waiting for mira — 3 s · Esc stops');
    const event = { kind: 'retry', attempt: 2, afterMs: 4_000, reason: 'rate limited' } as const;
    const retrying = after([written('one'), SUBMIT, { kind: 'event', turn: 1, event, at }]);
    expect(drawn(retrying, 900).rows[0]).toBe('rate limited: trying again in 4 s (attempt 2) · Esc stops');
    const thinking = after([
      written('one'),
      SUBMIT,
      { kind: 'event', turn: 1, event: { kind: 'reasoning', text: 'hm' }, at },
    ]);
    expect(drawn(thinking, 12_000).rows.slice(0, 2)).toEqual(['thinking — 12 s · Esc stops', '  hm']);
  });

  it('wraps what is written and keeps the caret in sight', () => {
    expect(drawn(after([written('abcdefghij')], { columns: 8, rows: 10 }))).toMatchObject({
      rows: ['› abcde', '  fghij', '  ', expect.any(String)],
      caret: { x: 2, y: 2 },
    });
    const long = after([written(Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n'))]);
    expect(drawn(long).rows.slice(0, 8)).toEqual([42, 43, 44, 45, 46, 47, 48, 49].map((n) => `  line ${n}`));
    expect(drawn(long).caret).toEqual({ x: 9, y: 7 });
  });

  it('is always smaller than the window, with the caret in it', () => {
    const text = fc.array(fc.constantFrom('word ', '中文', '👨\u200d👩\u200d👧', '\n', '\t', 'e\u0301'), {
      maxLength: 60,
    });
    const action: fc.Arbitrary<ChatAction> = fc.oneof(
      text.map((parts) => written(parts.join(''))),
      fc.constant(SUBMIT),
      text.map((parts): ChatAction => {
        const event = { kind: 'text', text: parts.join('') } as const;
        return { kind: 'event', turn: 1, event, at };
      }),
      fc.constant<ChatAction>({ kind: 'frame', at }),
      fc.constant<ChatAction>({ kind: 'key', key: { kind: 'edit', edit: { kind: 'up' } }, at }),
      fc.record({ kind: fc.constant('resized' as const), columns: fc.nat(100), rows: fc.nat(40) }),
    );
    fc.assert(
      fc.property(
        fc.array(action),
        fc.record({ columns: fc.integer({ min: 6, max: 90 }), rows: fc.integer({ min: 2, max: 40 }) }),
        (actions, size) => {
          const state = after([...actions, { kind: 'resized', ...size }]);
          const { rows, caret } = layout(state, FACTS, 0);
          expect(rows.length).toBeLessThan(size.rows);
          for (const row of rows) expect(cellWidth(row.text)).toBeLessThan(size.columns);
          expect(caret.y).toBeLessThan(rows.length);
          expect(caret.x).toBeLessThan(size.columns);
        },
      ),
      { numRuns: 500 },
    );
  });
});
