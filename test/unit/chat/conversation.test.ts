import { describe, expect, it } from 'vitest';

import { composeMessages, fitMessages } from '../../../src/chat/conversation.ts';
import type { ChatMessage } from '../../../src/chat/provider.ts';

const user = (text: string): ChatMessage => ({ role: 'user', text });
const assistant = (text: string): ChatMessage => ({ role: 'assistant', text });
const system = (text: string): ChatMessage => ({ role: 'system', text });
const roomy = { maxMessages: 100, maxCharacters: 10_000 };

describe('the messages of a question', () => {
  it('are the instructions, what was said, and the question', () => {
    const history = [system('old'), user('a'), assistant(''), assistant('b')];
    expect(composeMessages({ system: 'be brief', history, prompt: 'c' })).toEqual([
      system('be brief'),
      user('a'),
      assistant('b'),
      user('c'),
    ]);
    expect(composeMessages({ prompt: 'c' })).toEqual([user('c')]);
  });
});

describe('what fits', () => {
  const all = [system('s'), user('1'), assistant('2'), user('3'), assistant('4'), user('5')];

  it('is everything when there is room', () => {
    expect(fitMessages(all, roomy)).toEqual(all);
  });

  it('is the newest, beginning with a question, and always the instructions', () => {
    expect(fitMessages(all, { ...roomy, maxMessages: 5 })).toEqual([
      system('s'),
      user('3'),
      assistant('4'),
      user('5'),
    ]);
    expect(fitMessages(all, { ...roomy, maxCharacters: 3 })).toEqual([system('s'), user('5')]);
  });

  it('keeps the question even where nothing fits', () => {
    expect(fitMessages(all, { maxMessages: 0, maxCharacters: 0 })).toEqual([system('s'), user('5')]);
    expect(fitMessages([], roomy)).toEqual([]);
  });
});
