/**
 * A cross-check from outside: the vendors' own SDKs understand our doubles and recordings, mira understands a mock server
 * that others wrote, and what the SDKs make of the odd streams is printed beside what mira makes of them.
 */
import { spawn } from 'node:child_process';
import { text as readText } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAnthropic, startOpenAi } from '../support/chat-services.ts';
import { completionsStreams } from '../support/odd-streams/completions.ts';
import { messagesStreams } from '../support/odd-streams/messages.ts';
import type { OddStream } from '../support/odd-streams/odd-stream.ts';
import { NDJSON, ollamaStreams } from '../support/odd-streams/ollama.ts';
import { startOllama } from '../support/ollama.ts';
import { startPlatform } from '../support/platform/start-platform.ts';
import { startRawServer, whole } from '../support/raw-server.ts';
import { recordedStreams } from '../support/recordings.ts';
import { runMira } from '../support/run-mira.ts';
import type { Environment } from '../support/run-mira.ts';
import { printFigures } from './figures.ts';
import { installSdks } from './sdks/install-sdks.ts';
import type { Sdks } from './sdks/install-sdks.ts';
import type { SdkHeard, SdkJob } from './sdks/sdk-process.ts';
import { sized } from './size.ts';

/** They come from the registry, which `npm test` does not ask. */
const isAbsent = sized({ small: true, full: false });
if (isAbsent) process.stdout.write('skipped: the vendors’ SDKs, which only npm run campaign installs\n');

const KEY = 'key-of-a-test';
const INSTALL_MS = 300_000;

describe.skipIf(isAbsent)('the SDKs of the vendors', () => {
  let sdks: Sdks;
  beforeAll(async () => {
    sdks = await installSdks();
  }, INSTALL_MS);
  afterAll(() => sdks[Symbol.asyncDispose]());

  test('understand the embedded platform and the doubles as mira does', async () => {
    await using platform = await startPlatform();
    await using openai = await startOpenAi(['small', 'large']);
    await using anthropic = await startAnthropic(['small', 'large']);
    await using ollama = await startOllama(['small', 'large']);
    const key = platform.mintKey();
    const services: readonly (readonly [string, Omit<SdkJob, 'ask'>, Environment])[] = [
      [
        'mira/mira',
        { sdk: 'openai', baseUrl: platform.apiUrl, key, model: 'mira' },
        { MIRA_API_URL: platform.apiUrl, MIRA_API_KEY: key },
      ],
      [
        'openai/small',
        { sdk: 'openai', baseUrl: `${openai.origin}/v1`, key: openai.key, model: 'small' },
        openai.env,
      ],
      [
        'anthropic/small',
        { sdk: 'anthropic', baseUrl: anthropic.origin, key: anthropic.key, model: 'small' },
        anthropic.env,
      ],
      ['ollama/small', { sdk: 'ollama', baseUrl: ollama.origin, key: '', model: 'small' }, ollama.env],
    ];
    for (const [model, job, env] of services) {
      const [answer, list] = await askSdks(sdks, [
        { ...job, ask: 'answer' },
        { ...job, ask: 'models' },
      ]);
      const chat = await runMira(['chat', 'hi', '-m', model, '--json'], { env });
      const models = await runMira(['models', '-p', model.split('/')[0] ?? '', '--json'], { env });
      expect({ model, answer, list }).toEqual({
        model,
        answer: { outcome: 'whole', text: JSON.parse(chat.stdout).text },
        list: {
          outcome: 'whole',
          text: JSON.parse(models.stdout)
            .models.map(({ id }: { readonly id: string }) => id)
            .join(' '),
        },
      });
    }
  });

  test.each(['completions', 'messages', 'ollama'] as const)(
    'read the recordings of %s as mira does',
    async (format) => {
      const rows = recordedStreams(format);
      const heard = await hearRows(sdks, SDK_OF[format], rows);
      expect(rows.map(({ name }, index) => [name, heard[index]?.outcome, heard[index]?.text])).toEqual(
        rows.map(({ name, expected }) => [
          name,
          outcomeOf(name, expected.error !== undefined),
          textOf(expected),
        ]),
      );
    },
  );

  test('are compared with mira on every odd stream', async () => {
    const figures: Record<string, string | number> = { versions: sdks.versions.join(', ') };
    for (const [sdk, rows] of TABLES) {
      const heard = await hearRows(sdks, sdk, rows);
      expect(heard).toHaveLength(rows.length);
      const verdicts = rows.map((row, index) => verdictOf(row, heard[index]));
      printTable(sdk, rows, heard);
      for (const verdict of new Set(verdicts))
        figures[`${sdk}: ${verdict}`] = verdicts.filter((one) => one === verdict).length;
    }
    printFigures('odd streams', figures);
  });

  test.each([
    ['openai', (url: string): Environment => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: KEY })],
    ['anthropic', (url: string): Environment => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: KEY })],
    ['ollama', (url: string): Environment => ({ OLLAMA_BASE_URL: url })],
  ])('beside a mock server of others: mira understands it as %s', async (provider, envAt) => {
    await using mock = await startAimock(sdks);
    const ask = async (question: string) => {
      const line = ['chat', question, '-m', `${provider}/model`, '--json', '--no-save'];
      const { code, stdout, stderr } = await runMira(line, { env: envAt(mock.url) });
      return { code, stderr, answer: JSON.parse(stdout) };
    };
    expect(await ask('hello')).toMatchObject({
      code: 0,
      stderr: '',
      answer: { text: 'Grüße von nebenan 🙂, wie geht es?', finish_reason: 'stop' },
    });
    expect(await ask('think')).toMatchObject({ code: 0, stderr: '', answer: { text: 'Forty-two.' } });
  });
});

const SDK_OF = { completions: 'openai', messages: 'anthropic', ollama: 'ollama' } as const;

const TABLES: readonly (readonly [SdkJob['sdk'], readonly OddStream[]])[] = [
  ['openai', completionsStreams],
  ['anthropic', messagesStreams],
  ['ollama', ollamaStreams],
];

/** An SDK leaves it to its user to see that the words are a refusal. */
function outcomeOf(name: string, fails: boolean): SdkHeard['outcome'] {
  return fails && !name.includes('refusal') ? 'error' : 'whole';
}

function textOf({ events }: OddStream['expected']): string {
  return events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
}

type Verdict = 'same' | 'error in place of the text' | 'other text' | 'failure taken for an answer' | 'hang';

function verdictOf({ expected }: OddStream, heard: SdkHeard | undefined): Verdict {
  if (heard === undefined || heard.outcome === 'hang') return 'hang';
  if (expected.error !== undefined) return heard.outcome === 'error' ? 'same' : 'failure taken for an answer';
  if (heard.outcome === 'error') return 'error in place of the text';
  return heard.text === textOf(expected) ? 'same' : 'other text';
}

function printTable(sdk: string, rows: readonly OddStream[], heard: readonly SdkHeard[]): void {
  for (const [index, row] of rows.entries()) {
    const { error, outcome, text } = heard[index] ?? { outcome: 'hang', text: '' };
    const ours = row.expected.error?.message ?? JSON.stringify(textOf(row.expected));
    const theirs = error ?? (outcome === 'hang' ? 'hangs' : JSON.stringify(text));
    const verdict = verdictOf(row, heard[index]);
    process.stdout.write(`${sdk} | ${row.name} | ${verdict} | mira: ${ours} | SDK: ${oneLine(theirs)}\n`);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 120);
}

/** Each row at an address of its own. */
async function hearRows(
  sdks: Sdks,
  sdk: SdkJob['sdk'],
  rows: readonly OddStream[],
): Promise<readonly SdkHeard[]> {
  const server = await startRawServer(async ({ request, write, end }) => {
    const { body = '', type } = rows[Number(/^\/row-(\d+)\//.exec(request.path)?.[1])] ?? {};
    const usual = sdk === 'ollama' ? NDJSON : 'text/event-stream';
    await write(whole(200, body, { 'content-type': type ?? usual, connection: 'close' }));
    end();
  });
  try {
    const jobs = rows.map((_, index): SdkJob => ({
      sdk,
      baseUrl: `${server.origin}/row-${index}${sdk === 'openai' ? '/v1' : ''}`,
      key: KEY,
      model: 'm',
      ask: 'answer',
    }));
    return await askSdks(sdks, jobs);
  } finally {
    await server.close();
  }
}

async function askSdks({ folder }: Sdks, jobs: readonly SdkJob[]): Promise<readonly SdkHeard[]> {
  const program = fileURLToPath(new URL('./sdks/sdk-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(jobs));
  const lines = (await readText(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line): SdkHeard => JSON.parse(line));
}

async function startAimock({ folder }: Sdks): Promise<AsyncDisposable & { readonly url: string }> {
  const program = fileURLToPath(new URL('./sdks/aimock-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
    child.once('exit', (code) => reject(new Error(`aimock ended (${code}) before it listened.`)));
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await gone;
    },
  };
}
