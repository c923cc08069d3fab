import { describe, expect, test } from 'vitest';
import type { ChatEvent } from '../../../src/chat/provider.ts';
import { createRecorder, noRecorder } from '../../../src/commands/chat/recorder.ts';
import type { RecordedEvent, RecordedTurn, Recorder } from '../../../src/commands/chat/recorder.ts';
import { MiraError } from '../../../src/errors.ts';
import type { History } from '../../../src/store/history.ts';
import { filesWith, openHistory } from '../../support/open-history.ts';
import type { OpenHistory } from '../../support/open-history.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TURN: RecordedTurn = {
  conversationId: undefined,
  earlier: 0,
  question: 'What?',
  provider: 'mira',
  model: 'mira',
  system: undefined,
};
const FINISH: ChatEvent = { kind: 'finish', finishReason: 'stop' };
const said = (text: string): ChatEvent => ({ kind: 'text', text });

interface Bench {
  readonly recorder: Recorder;
  readonly lines: readonly string[];
  /** How often the history was asked for. */
  opened(): number;
}

function bench(open: OpenHistory, history: Partial<History> = {}): Bench {
  const lines: string[] = [];
  let opened = 0;
  const world = {
    history: async () => {
      opened += 1;
      return { ...open.history, ...history };
    },
    now: open.clock.now,
    random: () => 0.5,
  };
  const recorder = createRecorder(world, { profile: 'default', say: (line) => lines.push(line) });
  return { recorder, lines, opened: () => opened };
}

async function* stream(...events: readonly ChatEvent[]): AsyncGenerator<ChatEvent> {
  yield* events;
}

async function collect(events: AsyncIterable<RecordedEvent>): Promise<readonly RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const ask =
  (...events: readonly ChatEvent[]) =>
  () =>
    stream(...events);

describe('a recorder', () => {
  test('opens nothing before the request is on its way, and then does not wait for an answer', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { recorder, opened } = bench(open);
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
    let send = (): void => {};
    const recording = recorder.start(TURN);
    const events = collect(
      recording.save(async function* (onSent) {
        send = onSent;
        await mayAnswer;
        yield FINISH;
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect({ id: recording.id, opened: opened() }).toEqual({ id: '0y2cw0g000', opened: 0 });

    send();
    send();
    while ((await filesWith(folder.path, 'What?')).length === 0)
      await new Promise((resume) => setImmediate(resume));
    expect(opened()).toBe(1);
    answer();
    expect(await events).toEqual([{ kind: 'conversation', id: '0y2cw0g000' }, FINISH]);
  });

  test('saves what passes, and tells under which id', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { recorder, lines } = bench(open);
    const usage: ChatEvent = { kind: 'usage', usage: { inputTokens: 1, outputTokens: 2 } };
    const events = [{ kind: 'reasoning', text: 'Hm.' } as const, said('Be'), said('cause.'), usage, FINISH];

    const passed = await collect(recorder.start(TURN).save(ask(...events)));
    expect(passed.filter(({ kind }) => kind !== 'conversation')).toEqual(events);
    expect(passed).toContainEqual({ kind: 'conversation', id: '0y2cw0g000' });
    expect((await open.history.find('0y2cw0g000')).messages).toMatchObject([
      { text: 'What?' },
      { text: 'Because.', reasoning: 'Hm.', usage: { inputTokens: 1, outputTokens: 2 }, stopped: false },
    ]);
    expect(lines).toEqual([]);
  });

  test('marks as stopped what was cut, filtered, or left by who listened', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { recorder } = bench(open);
    const partial = { text: 'half' };
    const failure = new MiraError('stream_cut', 'Cut.', { partial });
    const cut = recorder.start(TURN).save(async function* () {
      yield said('half');
      throw failure;
    });
    await expect(collect(cut)).rejects.toMatchObject({
      code: 'stream_cut',
      partial: { text: 'half', conversationId: '0y2cw0g000' },
    });
    const filtered: ChatEvent = { kind: 'finish', finishReason: 'content_filter' };
    await collect(recorder.start(TURN).save(ask(said('some'), filtered)));
    for await (const event of recorder.start(TURN).save(ask(said('a'), said('b'), FINISH))) {
      if (event.kind === 'text') break;
    }

    const list = await open.history.list({ limit: 9 });
    const answers = await Promise.all(list.map(async ({ id }) => (await open.history.find(id)).messages[1]));
    expect(answers.map((answer) => `${answer?.text} ${answer?.stopped}`).toSorted()).toEqual([
      'a true',
      'half true',
      'some true',
    ]);
  });

  test('keeps turns in order, although the next question comes before the answer is saved', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const { recorder, lines } = bench(open);
    const first = recorder.start(TURN);
    const conversationId = first.id;
    const turns = [
      collect(first.save(ask(said('one'), FINISH))),
      collect(
        recorder
          .start({ ...TURN, conversationId, earlier: 2, question: 'And?' })
          .save(ask(said('two'), FINISH)),
      ),
      collect(
        recorder
          .start({ ...TURN, conversationId, earlier: 2, question: 'Or?' })
          .save(ask(said('new'), FINISH)),
      ),
    ];
    await Promise.all(turns);

    const { messages } = await open.history.find(conversationId ?? '');
    expect(messages.map(({ text, replaced }) => [text, replaced])).toEqual([
      ['What?', false],
      ['one', false],
      ['And?', true],
      ['two', true],
      ['Or?', false],
      ['new', false],
    ]);
    expect(lines).toEqual([]);
  });

  test('says once what it cannot save, and lets everything pass', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    const full = () => Promise.reject(new MiraError('disk_full', 'Cannot write mira.db: the disk is full.'));
    const { recorder, lines } = bench(open, { create: full });
    const first = recorder.start(TURN);

    expect(await collect(first.save(ask(said('a'), said('b'), FINISH)))).toEqual([
      said('a'),
      said('b'),
      FINISH,
    ]);
    const second = recorder.start({ ...TURN, conversationId: first.id, earlier: 2 });
    expect(await collect(second.save(ask(said('c'), FINISH)))).toEqual([said('c'), FINISH]);
    expect(second.id).toBeUndefined();
    expect(lines).toEqual(['Cannot write mira.db: the disk is full. This conversation is not saved.']);
  });

  test('waits for another mira that is at work, and says so when it takes too long', async () => {
    await using folder = await temporaryFolder();
    using open = openHistory(folder);
    for (const [tries, texts] of [
      [2, []],
      [9, ['Busy. This conversation is not saved.']],
    ] as const) {
      let busy: number = tries;
      const { recorder, lines } = bench(open, {
        create: (conversation) =>
          (busy -= 1) < 0
            ? open.history.create(conversation)
            : Promise.reject(new MiraError('lock_timeout', 'Busy.')),
      });
      await collect(recorder.start(TURN).save(ask(said('a'), FINISH)));
      expect(lines).toEqual(texts);
    }
    expect(await open.history.list({ limit: 9 })).toHaveLength(1);
  });

  test('that records nothing lets everything pass', async () => {
    const recording = noRecorder.start(TURN);
    expect(recording.id).toBeUndefined();
    expect(await collect(recording.save(ask(said('a'), FINISH)))).toEqual([said('a'), FINISH]);
  });
});
