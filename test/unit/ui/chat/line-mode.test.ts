import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatMessage } from '../../../../src/chat/provider.ts';
import { MiraError } from '../../../../src/errors.ts';
import { runLineChat, type LineChatOptions } from '../../../../src/ui/chat/line-mode.ts';
import { slashHelp } from '../../../../src/ui/chat/slash.ts';
import { createStyle } from '../../../../src/ui/style.ts';
import { fakeOutput } from '../support/fake-terminal.ts';

const FINISH: ChatEvent = { kind: 'finish', finishReason: 'stop' };

function lines(changes: Partial<LineChatOptions> = {}) {
  const stdin = new PassThrough();
  const stdout = fakeOutput();
  const stderr = fakeOutput();
  const asked: { readonly model: string; readonly messages: readonly ChatMessage[] }[] = [];
  const options: LineChatOptions = {
    async *send({ messages, model }) {
      asked.push({ model, messages });
      yield { kind: 'text', text: `answer ${messages.length}` };
      yield FINISH;
    },
    runErrand: () => Promise.resolve({ notice: 'done' }),
    talk: { messages: [], model: 'mira', attachments: [] },
    stdin,
    stdout,
    stderr,
    style: createStyle({ color: false }),
    signal: new AbortController().signal,
    ...changes,
  };
  return { stdin, stdout, stderr, asked, options };
}

describe('runLineChat', () => {
  it('answers line by line: answers on stdout, everything else on stderr', async () => {
    const { stdin, stdout, stderr, asked, options } = lines();
    stdin.end('one\n\n/model large\r\ntwo\n/new\nthree\n/hepl\n/help\n/quit\nnever\n');
    await runLineChat(options);
    expect(stdout.text).toBe('answer 1\nanswer 3\nanswer 1\n');
    expect(stderr.text).toBe(
      [
        '› › › The model is large from now on.',
        '› › ── A new conversation ──',
        '› › There is no command /hepl. Did you mean /help?',
        `› ${slashHelp().join('\n')}`,
        '› ',
      ].join('\n'),
    );
    expect(asked.map(({ model }) => model)).toEqual(['mira', 'large', 'large']);
    expect(asked[1]?.messages).toEqual([
      { role: 'user', text: 'one' },
      { role: 'assistant', text: 'answer 1' },
      { role: 'user', text: 'two' },
    ]);
  });

  it('ends with its input', async () => {
    const { stdin, stdout, stderr, options } = lines();
    stdin.end('one');
    await runLineChat(options);
    expect(stdout.text).toBe('answer 1\n');
    expect(stderr.text).toBe('› › \n');
  });

  it('tells of a failure in one line, keeps what came, and goes on', async () => {
    let asked: readonly ChatMessage[] = [];
    const { stdin, stdout, stderr, options } = lines({
      async *send({ messages }) {
        asked = messages;
        yield { kind: 'retry', attempt: 2, afterMs: 1_500, reason: 'rate\x1b[2J limited' };
        if (messages.length === 1) yield { kind: 'text', text: 'half\x1b]52;c;eA==\x07' };
        throw new MiraError('stream_cut', 'The answer\nbroke off.', { hint: 'Ask again.' });
      },
    });
    stdin.end('one\ntwo\n');
    await runLineChat(options);
    expect(stdout.text).toBe('half\n');
    expect(stderr.text).toBe(`› rate limited: trying again in 2 s.
✗ The answer broke off. Ask again.
› rate limited: trying again in 2 s.
✗ The answer broke off. Ask again.
› 
`);
    expect(asked.map(({ text }) => text)).toEqual(['one', 'half', 'two']);
  });

  it('stops an answer on Ctrl-C and asks for the next line', async () => {
    let interrupt = (): void => {};
    const { stdin, stdout, stderr, options } = lines({
      async *send(_, { signal }) {
        yield { kind: 'text', text: 'This came' };
        interrupt();
        signal.throwIfAborted();
      },
      onInterrupt(listener) {
        interrupt = listener;
        return () => void (interrupt = () => {});
      },
    });
    stdin.end('one\n');
    await runLineChat(options);
    expect(stdout.text).toBe('This came\n');
    expect(stderr.text).toBe('› (stopped)\n› \n');
  });

  it('ends with its signal, also in the middle of an answer', async () => {
    const controller = new AbortController();
    const { stdin, stdout, options } = lines({
      signal: controller.signal,
      async *send(_, { signal }) {
        yield { kind: 'text', text: 'This came' };
        controller.abort();
        signal.throwIfAborted();
      },
    });
    stdin.write('one\n');
    await runLineChat(options);
    expect(stdout.text).toBe('This came\n');
    await runLineChat(options);
  });
});
