import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MiraError } from '../../../../src/errors.ts';
import { EDITS, type Edit } from '../../../../src/ui/chat/edit.ts';
import { layout } from '../../../../src/ui/chat/layout.ts';
import { initialState, type ChatAction, type ChatState } from '../../../../src/ui/chat/state.ts';
import { update } from '../../../../src/ui/chat/update.ts';
import { cellWidth, widestCells } from '../../../../src/ui/text-rows.ts';

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
    const long = {
      ...event,
      reason: 'api.example limits how often it may be asked: slow down; it answers again later',
    };
    const crowded = after([written('one'), SUBMIT, { kind: 'event', turn: 1, event: long, at }]);
    expect(drawn(crowded, 900).rows[0]).toBe(
      'api.example limits how often it m…: trying again in 4 s (attempt 2) · Esc stops',
    );
    const narrow = after([written('one'), SUBMIT, { kind: 'event', turn: 1, event, at }], {
      columns: 40,
      rows: 24,
    });
    expect(drawn(narrow, 900).rows[0]).toBe('trying again in 4 s (attempt 2) · Esc…');
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

  it('is always smaller than the window, with the caret in it, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(anyAction, { maxLength: 40 }),
        windowSize,
        fc.nat(20_000),
        (actions, size, now) => {
          let state = after([]);
          for (const action of [...actions, { kind: 'resized', ...size } as const]) {
            state = update(state, action).state;
            expectSmallerThanWindow(state, now);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

function expectSmallerThanWindow(state: ChatState, now: number): void {
  const { rows, caret } = layout(state, FACTS, now);
  // A window of less than six columns is drawn as one of six.
  const columns = Math.max(6, state.columns);
  // A terminal that draws the parts of a joined emoji side by side must not break the row either.
  const cells = columns > WIDEST ? widestCells : cellWidth;
  expect(rows.length).toBeLessThan(Math.max(2, state.rows));
  expect(rows.map(({ text }) => text).filter((text) => cells(text) >= columns)).toEqual([]);
  expect(caret.y).toBeLessThan(rows.length);
  expect(caret.x).toBeLessThan(columns);
}

/** Of a grapheme in these tests, with what stands before it in a row. */
const WIDEST = 16;

const windowSize = fc.record({
  columns: fc.integer({ min: 1, max: 90 }),
  rows: fc.integer({ min: 1, max: 40 }),
});
const someText = fc
  .array(
    fc.constantFrom(
      ...[
        'word ',
        'a',
        '中文',
        '👨\u200d👩\u200d👧',
        '👍🏽',
        '🇩🇪',
        'e\u0301',
        'مرحبا ',
        '\n',
        '\n\n',
        '\t',
        '    ',
      ],
      ...[
        '# ',
        '- ',
        '1. ',
        '> ',
        '```',
        '```ts\n',
        '\n```\n',
        '---\n',
        '**',
        '*',
        '`',
        '|',
        '| a | b |\n|---|--:|\n',
      ],
      ...[
        '[text](https://example.org/a/long/path)',
        '![x](y)',
        '&amp;',
        '<b>',
        '\\',
        'https://example.org/',
        '~~',
      ],
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

const failure = new MiraError('rate_limited', 'The service asks to wait 中文 👍🏽.', { hint: 'Try again.' });
const turn = fc.integer({ min: 1, max: 4 });
const oneEvent = fc.oneof(
  { weight: 6, arbitrary: someText.map((text) => ({ kind: 'text' as const, text })) },
  { weight: 3, arbitrary: someText.map((text) => ({ kind: 'reasoning' as const, text })) },
  fc.constantFrom(
    {
      kind: 'retry' as const,
      attempt: 12,
      afterMs: 4_000,
      reason: 'rate limited by a service with a long name',
    },
    { kind: 'usage' as const, usage: { inputTokens: 10_000, outputTokens: 1_000_000 } },
    { kind: 'rate_limit' as const, remaining: 12 },
    { kind: 'finish' as const, finishReason: 'length' as const },
  ),
);
const oneEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 2, arbitrary: someText.map((text) => ({ kind: 'insert' as const, text })) },
  someText.map((text) => ({ kind: 'paste' as const, text: text.repeat(30) })),
  fc.constantFrom(
    { kind: 'insert' as const, text: 'see @src/ma' },
    { kind: 'insert' as const, text: '/usage' },
  ),
  fc.constantFrom(...EDITS).map((kind) => ({ kind })),
);
const attachment = { kind: 'text' as const, name: '中文 👍🏽 a file with a long name.md', text: 'x' };
const anyAction: fc.Arbitrary<ChatAction> = fc.oneof(
  {
    weight: 4,
    arbitrary: oneEdit.map((edit): ChatAction => ({ kind: 'key', key: { kind: 'edit', edit }, at })),
  },
  { weight: 3, arbitrary: fc.constant(SUBMIT) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('event' as const), turn, event: oneEvent, at: fc.constant(at) }),
  },
  { weight: 4, arbitrary: fc.constant<ChatAction>({ kind: 'frame', at }) },
  { weight: 4, arbitrary: windowSize.map((size): ChatAction => ({ kind: 'resized', ...size })) },
  fc
    .constantFrom('stop' as const, 'interrupt' as const, 'reasoning' as const, 'redraw' as const)
    .map((kind): ChatAction => ({ kind: 'key', key: { kind }, at })),
  fc.constantFrom<ChatAction>(
    { kind: 'ended', turn: 1, at },
    { kind: 'failed', turn: 1, error: failure, at },
    { kind: 'refused', errand: 1, error: failure, at },
    {
      kind: 'replied',
      errand: 1,
      reply: { lines: ['中文'.repeat(60), ''], notice: 'Done 👍🏽.'.repeat(20) },
      at,
    },
    { kind: 'replied', errand: 1, reply: { attachment }, at },
    {
      kind: 'paths',
      path: 'src/ma',
      paths: Array.from({ length: 9 }, (_, n) => `src/main/${'中文👍🏽'.repeat(n)}.ts`),
    },
    { kind: 'attached', turn: 1, attachments: [attachment], refusals: ['There is no 中文 file.'] },
    { kind: 'edited', text: 'from an editor\n'.repeat(20) },
    { kind: 'noted', text: 'a notice 👨\u200d👩\u200d👧 of some length '.repeat(4), at },
  ),
);
