import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../../src/chat/provider.ts';
import { refuseSecrets } from '../../../../src/commands/chat/refuse-secrets.ts';
import { MiraError } from '../../../../src/errors.ts';
import { drawnKey } from '../../../support/drawn-key.ts';

const NOW = Date.UTC(2026, 0, 2);
const KEY = drawnKey.openaiProject('refuse');
const VALUE = 'a stored välue';

function said(messages: readonly ChatMessage[]): string {
  try {
    refuseSecrets(messages, { values: [{ label: 'work', value: VALUE }], now: NOW });
    return 'nothing';
  } catch (error) {
    if (!(error instanceof MiraError) || error.code !== 'secret_found') throw error;
    return error.message.replace(/; it was not sent\.$/, '');
  }
}

const question = (text: string, parts?: ChatMessage['parts']): ChatMessage => ({ role: 'user', text, parts });

describe('what is found in a question', () => {
  it.each<[string, readonly ChatMessage[], string]>([
    ['a key in one line', [question(`Is ${KEY} good?`)], 'The question holds an OpenAI key'],
    ['a key in the third line', [question(`a\n\nb ${KEY}\n`)], 'The question, line 3, holds an OpenAI key'],
    ['a stored value', [question(`ü ${VALUE}`)], 'The question holds the stored value of work'],
    ['the first of several', [question(`${VALUE} ${KEY}`)], 'The question holds the stored value of work'],
    [
      'in a file, after letters of several bytes',
      [question(`Größe\n\nä.txt:\nö\n${VALUE}`, [{ name: 'ä.txt', at: 14 }])],
      'ä.txt, line 2, holds the stored value of work',
    ],
    [
      'in the question before a file',
      [question(`${KEY}\n\na.txt:\nx`, [{ name: 'a.txt', at: KEY.length + 9 }])],
      'The question, line 1, holds an OpenAI key',
    ],
    [
      'in standard input',
      [question(`x\n\n${KEY}`, [{ name: 'standard input', at: 3 }])],
      'Standard input, line 1, holds an OpenAI key',
    ],
    [
      'in the second of two files',
      [
        question(`a:\nx\n\nb:\n\n${KEY}`, [
          { name: 'a', at: 3 },
          { name: 'b', at: 9 },
        ]),
      ],
      'b, line 2, holds an OpenAI key',
    ],
    [
      'in what the model is told',
      [{ role: 'system', text: `Use ${KEY}` }, question('hi')],
      'What the model is told holds an OpenAI key',
    ],
    [
      'in a question before',
      [question(KEY), { role: 'assistant', text: 'No.' }, question('hi')],
      'An earlier question holds an OpenAI key',
    ],
    ['nothing in an answer', [{ role: 'assistant', text: KEY }, question('hi')], 'nothing'],
    ['nothing in a placeholder', [question(`export KEY=sk-proj-${'x'.repeat(40)}`)], 'nothing'],
  ])('is %s', (_, messages, sentence) => {
    expect(said(messages)).toBe(sentence);
  });
});
