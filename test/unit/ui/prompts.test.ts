import { describe, expect, it, vi } from 'vitest';
import { MiraError } from '../../../src/errors.ts';
import { askHidden, choose, confirm } from '../../../src/ui/prompts.ts';
import { fakeInput, fakeOutput, type FakeInput } from './support/fake-terminal.ts';

const patient = (): AbortSignal => new AbortController().signal;

function asked(signal = patient()) {
  const stdin = fakeInput();
  const stderr = fakeOutput();
  return { stdin, stderr, question: { question: 'API key:', stdin, stderr, signal } };
}

function expectRestored(stdin: FakeInput): void {
  expect(stdin.rawModes).toEqual([true, false]);
  expect(stdin.listeners('data')).toEqual([]);
}

describe('askHidden', () => {
  it.each([
    ['typed', ['abc\r'], 'abc'],
    ['typed key by key', ['a', 'b', 'c', '\n'], 'abc'],
    ['corrected', ['abx\x7fc\r'], 'abc'],
    ['a joined emoji taken back by character', ['a😀\x7f\r'], 'a'],
    ['begun anew', ['wrong\x15abc\r'], 'abc'],
    ['pasted with its line break', ['\x1b[200~abc\r\n\x1b[201~', '\r'], 'abc'],
    ['pasted in pieces', ['\x1b[20', '0~ab', 'c\x1b[201', '~\r'], 'abc'],
    ['a pasted line break within is kept', ['\x1b[200~a\rb\x1b[201~\r'], 'a\nb'],
    ['with arrow keys between', ['a\x1b[D\x1bOAb\x1b[1;5Cc\r'], 'abc'],
    ['nothing', ['\r'], ''],
  ])('%s', async (_, keys, secret) => {
    const { stdin, stderr, question } = asked();
    const answer = askHidden(question);
    for (const key of keys) stdin.press(key);
    expect(await answer).toBe(secret);
    expect(stderr.text).toBe('API key: \x1b[?2004h\x1b[?2004l\n');
    expectRestored(stdin);
  });

  it('has switched the echo off when the question appears', async () => {
    const { stdin, stderr, question } = asked();
    const modes: (readonly boolean[])[] = [];
    vi.spyOn(stderr, 'write').mockImplementation(() => {
      modes.push([...stdin.rawModes]);
      return true;
    });
    const answer = askHidden(question);
    stdin.press('abc\r');
    await answer;
    expect(modes[0]).toEqual([true]);
  });

  it('reads a character that arrives in two halves', async () => {
    const { stdin, question } = asked();
    const answer = askHidden(question);
    const bytes = Buffer.from('é\r');
    stdin.emit('data', bytes.subarray(0, 1));
    stdin.emit('data', bytes.subarray(1));
    expect(await answer).toBe('é');
  });

  it.each([
    ['Ctrl-C', 'abc\x03'],
    ['Esc', 'abc\x1b'],
    ['Ctrl-D on an empty line', '\x04'],
  ])('%s interrupts', async (_, keys) => {
    const { stdin, stderr, question } = asked();
    const answer = askHidden(question);
    stdin.press(keys);
    await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
    expect(stderr.text).not.toContain('abc');
    expectRestored(stdin);
  });

  it('ends with its input', async () => {
    const { stdin, question } = asked();
    const answer = askHidden(question);
    stdin.hangUp();
    await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
    expectRestored(stdin);
  });

  it('ends with its signal, also one that came before', async () => {
    const controller = new AbortController();
    const { stdin, question } = asked(controller.signal);
    const answer = askHidden(question);
    controller.abort(new MiraError('terminated', 'Stopped by a signal.'));
    await expect(answer).rejects.toMatchObject({ code: 'terminated' });
    expectRestored(stdin);
    await expect(askHidden(question)).rejects.toMatchObject({ code: 'terminated' });
    expect(stdin.rawModes).toEqual([true, false]);
  });
});

describe('confirm', () => {
  it.each([
    ['y', false, true, 'yes'],
    ['N', true, false, 'no'],
    ['\r', false, false, 'no'],
    ['\r', true, true, 'yes'],
    ['x?y', false, false, 'no'],
  ])('%j with default %s is %s', async (keys, byDefault, expected, shown) => {
    const { stdin, stderr, question } = asked();
    const answer = confirm({ ...question, question: 'Remove it?', byDefault });
    stdin.press(keys);
    if (keys === 'x?y') stdin.press('n');
    expect(await answer).toBe(expected);
    expect(stderr.text).toBe(`Remove it? ${byDefault ? '[Y/n]' : '[y/N]'} ${shown}\n`);
    expectRestored(stdin);
  });

  it('is no answer when interrupted', async () => {
    const { stdin, question } = asked();
    const answer = confirm(question);
    stdin.press('\x03');
    await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
    expectRestored(stdin);
  });
});

it('a question keeps the program alive, also where a screen before it let go of the terminal', async () => {
  const { stdin, question } = asked();
  const ref = vi.fn<() => void>();
  const answer = confirm({ ...question, stdin: Object.assign(stdin, { ref }) });
  stdin.press('y');

  expect(await answer).toBe(true);
  expect(ref).toHaveBeenCalledOnce();
});

describe('choose', () => {
  const choices = [
    { key: '1', label: 'Sign\x1b[2J in', value: 'sign-in' },
    { key: 'q', label: 'Quit', value: 'quit' },
  ] as const;

  it.each([
    ['the key', ['1'], 'sign-in'],
    ['a key that is none first', ['x', '9', 'q'], 'quit'],
    ['a capital', ['Q'], 'quit'],
    ['Enter for the first', ['\r'], 'sign-in'],
  ])('%s', async (_, keys, value) => {
    const { stdin, stderr, question } = asked();
    const answer = choose({ ...question, question: 'What now?', choices });
    for (const key of keys) stdin.press(key);

    expect(await answer).toBe(value);
    const given = choices.find((choice) => choice.value === value)?.key;
    expect(stderr.text).toBe(`What now?\n  1  Sign in\n  q  Quit\nYour choice [1]: ${given}\n`);
    expectRestored(stdin);
  });

  it.each(['\x03', '\x04'])('%j is no answer', async (key) => {
    const { stdin, question } = asked();
    const answer = choose({ ...question, choices });
    stdin.press(key);
    await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
    expectRestored(stdin);
  });
});
