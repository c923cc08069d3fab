/** The mock server of others: `node aimock-process.ts FOLDER` prints where it is, and ends with its stdin. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Mock {
  readonly url: string;
  onMessage(question: string | RegExp, answer: object): Mock;
  start(): Promise<unknown>;
}

const [, , folder = ''] = process.argv;
const require = createRequire(join(folder, 'package.json'));
const { LLMock } = (await import(pathToFileURL(require.resolve('@copilotkit/aimock')).href)) as {
  LLMock: new (options: object) => Mock;
};
const mock = new LLMock({ port: 0, host: '127.0.0.1' });
mock.onMessage('hello', { content: 'Grüße von nebenan 🙂, wie geht es?' });
mock.onMessage('think', { content: 'Forty-two.', reasoning: 'Six times nine.' });
await mock.start();
process.stdout.write(`${mock.url}\n`);
process.stdin.resume().on('end', () => process.exit(0));
