import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../../../../src/chat/provider.ts';
import { MiraError } from '../../../../src/errors.ts';
import type { ChatKey } from '../../../../src/ui/chat/keys.ts';
import { initialState, type ChatAction, type ChatState, type Effect } from '../../../../src/ui/chat/state.ts';
import { nextChange, update } from '../../../../src/ui/chat/update.ts';

/** A chat that remembers its effects; every action comes at `at`. */
function chat() {
  let state: ChatState = initialState({
    talk: { model: 'mira', messages: [], attachments: [] },
    highlight: () => undefined,
    columns: 41,
    rows: 24,
  });
  let effects: Effect[] = [];
  const clock = { at: 10_000 };
  const act = (action: ChatAction): void => {
    const next = update(state, action);
    state = next.state;
    effects.push(...next.effects);
  };
  const press = (key: ChatKey): void => act({ kind: 'key', key, at: clock.at });
  return {
    clock,
    act,
    press,
    say(text: string) {
      press({ kind: 'edit', edit: { kind: 'insert', text } });
      press({ kind: 'submit' });
    },
    hear(event: ChatEvent, turn = state.turns) {
      act({ kind: 'event', turn, event, at: clock.at });
    },
    fail(error: MiraError) {
      act({ kind: 'failed', turn: state.turns, error, at: clock.at });
    },
    state: () => state,
    /** Effects since the last look: printed rows as text, everything else by name. */
    done() {
      const seen = effects.flatMap((effect) =>
        effect.kind === 'print' ? effect.rows.map(({ text }) => text) : [`<${effect.kind}>`],
      );
      effects = [];
      return seen;
    },
  };
}

const text = (delta: string): ChatEvent => ({ kind: 'text', text: delta });
const FINISH: ChatEvent = { kind: 'finish', finishReason: 'stop' };

describe('a question', () => {
  it('is printed, sent and answered; both join the conversation', () => {
    const talk = chat();
    talk.say('hello\nyou');
    expect(talk.done()).toEqual(['› hello', '  you', '', '<send>']);
    talk.hear(text('Hi '));
    talk.hear(text('there.\n\nMore'));
    talk.act({ kind: 'frame', at: talk.clock.at });
    expect(talk.done()).toEqual(['Hi there.', '']);
    talk.hear(FINISH);
    expect(talk.done()).toEqual(['More', '']);
    expect(talk.state().talk.messages).toEqual([
      { role: 'user', text: 'hello\nyou' },
      { role: 'assistant', text: 'Hi there.\n\nMore' },
    ]);
    expect(talk.state().turn).toBeUndefined();
  });

  it('takes the conversation along', () => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('1'));
    talk.hear(FINISH);
    const { effects } = update(
      update(talk.state(), {
        kind: 'key',
        key: { kind: 'edit', edit: { kind: 'insert', text: 'two' } },
        at: 0,
      }).state,
      { kind: 'key', key: { kind: 'submit' }, at: 0 },
    );
    expect(effects.find(({ kind }) => kind === 'send')).toEqual({
      kind: 'send',
      turn: 2,
      talk: {
        model: 'mira',
        attachments: [],
        messages: [
          { role: 'user', text: 'one' },
          { role: 'assistant', text: '1' },
          { role: 'user', text: 'two' },
        ],
      },
    });
  });

  it('is not sent when blank, and goes on after a backslash', () => {
    const talk = chat();
    talk.say('   ');
    expect(talk.done()).toEqual([]);
    const other = chat();
    other.say('first \\');
    expect(other.done()).toEqual([]);
    expect(other.state().composer.text).toBe('first \n');
  });

  it('waits in the queue while an answer streams', () => {
    const talk = chat();
    talk.say('one');
    talk.say('two');
    expect(talk.state().queue).toEqual(['two']);
    talk.done();
    talk.hear(text('1'));
    talk.hear(FINISH);
    expect(talk.done()).toEqual(['1', '', '› two', '', '<send>']);
    expect(talk.state().queue).toEqual([]);
  });

  it.each([
    ['length', '(cut at the limit for one answer)'],
    ['content_filter', '(stopped by the content filter)'],
    ['tool_calls', '(the model asks for a tool, and has none here)'],
  ] as const)('says when its answer ended by %s', (finishReason, mark) => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('1'));
    talk.done();
    talk.hear({ kind: 'finish', finishReason });
    expect(talk.done()).toEqual(['1', mark, '']);
  });

  it('may be answered with nothing', () => {
    const talk = chat();
    talk.say('one');
    talk.done();
    talk.hear(FINISH);
    expect(talk.done()).toEqual(['(an empty answer)', '']);
    expect(talk.state().talk.messages).toEqual([{ role: 'user', text: 'one' }]);
  });
});

describe('stopping', () => {
  it.each([{ kind: 'stop' }, { kind: 'interrupt' }] as const)('by $kind keeps what came', (key) => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('half of '));
    talk.done();
    talk.press(key);
    expect(talk.done()).toEqual(['<stop>', 'half of', '(stopped)', '']);
    expect(talk.state().talk.messages.at(-1)).toEqual({ role: 'assistant', text: 'half of ' });
    talk.hear(text('too late'), 1);
    talk.act({ kind: 'ended', turn: 1, at: talk.clock.at });
    expect(talk.done()).toEqual([]);
  });

  it('before anything came leaves the question to be asked again or recalled', () => {
    const talk = chat();
    talk.say('one');
    talk.done();
    talk.press({ kind: 'stop' });
    expect(talk.done()).toEqual(['<stop>', '(stopped)', '']);
    expect(talk.state().talk.messages).toEqual([{ role: 'user', text: 'one' }]);
    talk.press({ kind: 'edit', edit: { kind: 'up' } });
    expect(talk.state().composer.text).toBe('one');
  });

  it('gives the queue back to be changed', () => {
    const talk = chat();
    talk.say('one');
    talk.say('two');
    talk.say('/models');
    talk.say('three');
    talk.press({ kind: 'edit', edit: { kind: 'insert', text: 'four' } });
    talk.press({ kind: 'stop' });
    expect(talk.state().queue).toEqual([]);
    expect(talk.state().composer.text).toBe('two\nthree\nfour');
  });
});

describe('leaving', () => {
  it('takes two Ctrl-C within a second', () => {
    const talk = chat();
    talk.press({ kind: 'edit', edit: { kind: 'insert', text: 'unsent' } });
    talk.press({ kind: 'interrupt' });
    expect(talk.state().composer.text).toBe('');
    expect(talk.state().notice?.text).toBe('Press Ctrl-C again to leave.');
    talk.clock.at += 1_000;
    talk.press({ kind: 'interrupt' });
    expect(talk.done()).toEqual([]);
    talk.clock.at += 999;
    talk.press({ kind: 'interrupt' });
    expect(talk.done()).toEqual(['<leave>']);
  });

  it('stops the answer first', () => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('half'));
    talk.done();
    talk.say('/quit');
    expect(talk.done()).toEqual(['<stop>', 'half', '(stopped)', '', '<leave>']);
  });

  it('is Ctrl-D on an empty line only', () => {
    const talk = chat();
    talk.press({ kind: 'edit', edit: { kind: 'insert', text: 'ab' } });
    talk.press({ kind: 'edit', edit: { kind: 'home' } });
    talk.press({ kind: 'end_or_delete' });
    expect(talk.state().composer.text).toBe('b');
    talk.press({ kind: 'end_or_delete' });
    expect(talk.done()).toEqual([]);
    talk.press({ kind: 'end_or_delete' });
    expect(talk.done()).toEqual(['<leave>']);
  });
});

describe('failing', () => {
  const error = new MiraError('rate_limited', 'The service asks to wait.', { hint: 'Try later.' });

  it('shows a line with its hint and goes on', () => {
    const talk = chat();
    talk.say('one');
    talk.done();
    talk.fail(error);
    expect(talk.done()).toEqual(['✗ The service asks to wait. Try later.', '']);
    expect(talk.state().talk.messages).toEqual([{ role: 'user', text: 'one' }]);
    talk.say('two');
    expect(talk.done()).toEqual(['› two', '', '<send>']);
    // A question that was never answered is no part of the conversation once another is asked.
    expect(talk.state().talk.messages).toEqual([{ role: 'user', text: 'two' }]);
  });

  it('keeps what had come', () => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('half'));
    talk.done();
    talk.fail(error);
    expect(talk.done()).toEqual(['half', '✗ The service asks to wait. Try later.', '']);
    expect(talk.state().talk.messages.at(-1)).toEqual({ role: 'assistant', text: 'half' });
  });
});

describe('commands', () => {
  it('switch the model, begin anew, suggest and help', () => {
    const talk = chat();
    talk.say('/model large');
    expect(talk.state()).toMatchObject({
      talk: { model: 'large' },
      notice: { text: 'The model is large from now on.' },
    });
    talk.say('/model');
    expect(talk.state().notice?.text).toBe('The model is large.');
    talk.say('/hepl');
    expect(talk.state().notice?.text).toBe('There is no command /hepl. Did you mean /help?');
    expect(talk.done()).toEqual([]);
    talk.say('/help');
    expect(talk.done()[0]).toMatch(/^\/help /);
    talk.say('one');
    talk.hear(text('1'));
    talk.hear(FINISH);
    talk.done();
    talk.say('/new');
    expect(talk.done()).toEqual(['── A new conversation ──', '']);
    expect(talk.state().talk.messages).toEqual([]);
  });
});

describe('asking again', () => {
  it('sends the last question once more, also after a failure', () => {
    const talk = chat();
    talk.say('one');
    talk.fail(new MiraError('stream_cut', 'The answer broke off.'));
    talk.done();
    talk.say('/retry');
    expect(talk.done()).toEqual(['› one', '', '<send>']);
    talk.hear(text('1'));
    talk.hear(FINISH);
    talk.done();
    talk.say('/retry');
    expect(talk.done()).toEqual(['› one', '', '<send>']);
    expect(talk.state().talk.messages).toEqual([{ role: 'user', text: 'one' }]);
  });

  it('gives the last question back to be changed', () => {
    const talk = chat();
    talk.say('one');
    talk.hear(text('1'));
    talk.hear(FINISH);
    talk.done();
    talk.say('/edit');
    expect(talk.done()).toEqual(['── The last question was taken back ──', '']);
    expect(talk.state().composer.text).toBe('one');
    expect(talk.state().talk.messages).toEqual([]);
  });

  it.each(['/retry', '/edit'])('by %s says when nothing was asked', (command) => {
    const talk = chat();
    talk.say(command);
    expect(talk.state().notice?.text).toBe('Nothing has been asked yet.');
  });
});

describe('what the model is told', () => {
  it('goes with every question until it is taken back', () => {
    const talk = chat();
    talk.say('/system You are\na poet');
    expect(talk.state().notice?.text).toBe('The model is told this from now on.');
    expect(talk.state().talk.system).toBe('You are\na poet');
    talk.say('/system');
    expect(talk.state().notice?.text).toBe('The model is told: You are a poet');
    talk.say('/new');
    expect(talk.state().talk.system).toBe('You are\na poet');
    talk.say('/system -');
    expect(talk.state().talk.system).toBeUndefined();
  });
});

describe('reasoning', () => {
  const thought = (piece: string): ChatEvent => ({ kind: 'reasoning', text: piece });

  it('is folded into one line when the answer begins, and printed when asked for', () => {
    const talk = chat();
    talk.say('one');
    talk.done();
    talk.hear(thought('First this.\n'));
    talk.clock.at += 2_400;
    talk.hear(thought('Then that.'));
    talk.act({ kind: 'frame', at: talk.clock.at });
    expect(talk.done()).toEqual([]);
    talk.hear(text('1'));
    talk.hear(FINISH);
    expect(talk.done()).toEqual(['∴ thought for 2 s · Ctrl-O shows it', '', '1', '']);
    talk.press({ kind: 'reasoning' });
    expect(talk.done()).toEqual(['First this.', 'Then that.', '']);
    expect(talk.state().talk.messages.at(-1)).toEqual({ role: 'assistant', text: '1' });
  });

  it('is printed as it comes once it is shown', () => {
    const talk = chat();
    talk.say('one');
    talk.done();
    talk.hear(thought('First this.\nThen'));
    talk.act({ kind: 'frame', at: talk.clock.at });
    talk.press({ kind: 'reasoning' });
    talk.act({ kind: 'frame', at: talk.clock.at });
    expect(talk.done()).toEqual(['First this.']);
    talk.hear(thought(' that.'));
    talk.hear(text('1'));
    talk.hear(FINISH);
    expect(talk.done()).toEqual(['Then that.', '', '1', '']);
  });

  it('that was shown is not printed twice', () => {
    const talk = chat();
    talk.press({ kind: 'reasoning' });
    talk.say('one');
    talk.hear(thought('Hm.'));
    talk.hear(text('1'));
    talk.hear(FINISH);
    talk.done();
    talk.press({ kind: 'reasoning' });
    talk.press({ kind: 'reasoning' });
    expect(talk.done()).toEqual([]);
  });
});

describe('an errand', () => {
  it('is handed on; what is sent meanwhile waits for it', () => {
    const talk = chat();
    talk.say('/models');
    expect(talk.done()).toEqual(['<errand>']);
    expect(talk.state().errand).toEqual({ id: 1, name: 'models', startedAt: 10_000 });
    talk.say('one');
    expect(talk.done()).toEqual([]);
    talk.act({ kind: 'replied', errand: 1, reply: { lines: ['* mira', 'large'] }, at: talk.clock.at });
    expect(talk.done()).toEqual(['* mira', 'large', '', '› one', '', '<send>']);
  });

  it('brings a file for the next question, once', () => {
    const talk = chat();
    talk.say('/attach a.c');
    const attachment = { kind: 'text', name: 'a.c', text: 'int a;' } as const;
    talk.act({ kind: 'replied', errand: 1, reply: { attachment, notice: 'ok' }, at: talk.clock.at });
    talk.done();
    talk.say('explain');
    expect(talk.done()).toEqual(['› explain', '  + a.c', '', '<send>']);
    expect(talk.state().talk.messages).toEqual([
      { role: 'user', text: 'explain\n\na.c:\nint a;', parts: [{ name: 'a.c', at: 14 }] },
    ]);
    expect(talk.state().talk.attachments).toEqual([]);
  });

  it('brings a file that stays when the question was not sent', () => {
    const talk = chat();
    talk.say('/attach a.c');
    const attachment = { kind: 'text', name: 'a.c', text: 'int a;' } as const;
    talk.act({ kind: 'replied', errand: 1, reply: { attachment }, at: talk.clock.at });
    talk.say('explain');
    talk.say('and then');
    talk.done();
    talk.fail(new MiraError('secret_found', 'a.c, line 1, holds a key; it was not sent.'));

    expect(talk.done()).toEqual(['✗ a.c, line 1, holds a key; it was not', 'sent.', '']);
    const { composer, queue, turn, talk: after } = talk.state();
    expect([composer.text, queue, turn, after.messages, after.attachments]).toEqual([
      'explain\nand then',
      [],
      undefined,
      [],
      [attachment],
    ]);
  });

  it('goes on with another conversation, which is printed', () => {
    const talk = chat();
    talk.say('/models');
    talk.done();
    const messages = [
      { role: 'user', text: 'before' },
      { role: 'assistant', text: 'y\x1b]52;c;eA==\x07es\n', stopped: true },
    ] as const;
    const other = { model: 'large', messages, attachments: [], conversationId: 'abc' };
    talk.act({ kind: 'replied', errand: 1, reply: { talk: other }, at: talk.clock.at });
    expect(talk.done()).toEqual(['› before', '', 'yes', '(stopped)', '']);
    expect(talk.state().talk).toEqual(other);
  });

  it('that fails says so in a line, and a late one says nothing', () => {
    const talk = chat();
    talk.say('/models');
    talk.done();
    const error = new MiraError('timeout', 'Nothing came.');
    talk.act({ kind: 'refused', errand: 1, error, at: talk.clock.at });
    expect(talk.done()).toEqual(['✗ Nothing came.', '']);
    talk.act({ kind: 'refused', errand: 1, error, at: talk.clock.at });
    expect(talk.done()).toEqual([]);
  });

  it('is ended by Esc', () => {
    const talk = chat();
    talk.say('/models');
    talk.say('one');
    talk.done();
    talk.press({ kind: 'stop' });
    expect(talk.done()).toEqual(['<stop_errand>']);
    expect(talk.state().errand).toBeUndefined();
    expect(talk.state().composer.text).toBe('one');
  });
});

it('tells what is to be told besides an answer, also when that has ended', () => {
  const talk = chat();
  talk.say('one');
  talk.hear(text('1'));
  talk.hear(FINISH);
  talk.done();
  talk.act({
    kind: 'event',
    turn: 1,
    event: { kind: 'notice', text: 'This conversation is not saved.' },
    at: talk.clock.at,
  });
  expect(talk.done()).toEqual(['This conversation is not saved.', '']);
});

describe('nextChange', () => {
  it('is when a number on the screen changes, and never while nothing does', () => {
    const talk = chat();
    expect(nextChange(talk.state(), 10_000)).toBeUndefined();
    talk.say('one');
    expect(nextChange(talk.state(), 10_300)).toBe(700);
    talk.hear({ kind: 'retry', attempt: 2, afterMs: 4_500, reason: 'busy' });
    expect(nextChange(talk.state(), 10_000)).toBe(500);
    expect(nextChange(talk.state(), 10_500)).toBe(1_000);
    talk.hear(text('1'));
    expect(nextChange(talk.state(), 10_500)).toBeUndefined();
    talk.press({ kind: 'interrupt' });
    expect(nextChange(talk.state(), 10_400)).toBe(600);
    talk.act({ kind: 'frame', at: 11_000 });
    expect(nextChange(talk.state(), 11_000)).toBeUndefined();
  });
});
