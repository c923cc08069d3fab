import { describe, expect, it } from 'vitest';

import { composeMessages } from '../../../src/chat/conversation.ts';
import type { ChatMessage } from '../../../src/chat/provider.ts';

const user = (text: string): ChatMessage => ({ role: 'user', text });
const assistant = (text: string): ChatMessage => ({ role: 'assistant', text });
const system = (text: string): ChatMessage => ({ role: 'system', text });

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
