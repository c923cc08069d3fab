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
/** By a path of its own: the package is in a folder that is made for the occasion. */
const packageName = '@copilotkit/aimock';
const path = createRequire(join(folder, 'package.json')).resolve(packageName);
const { LLMock } = (await import(pathToFileURL(path).href)) as { LLMock: new (options: object) => Mock };
const mock = new LLMock({ port: 0, host: '127.0.0.1' });
mock.onMessage('hello', { content: 'Grüße von nebenan 🙂, wie geht es?' });
mock.onMessage('think', { content: 'Forty-two.', reasoning: 'Six times nine.' });
await mock.start();
process.stdout.write(`${mock.url}\n`);
process.stdin.resume().on('end', () => process.exit(0));
