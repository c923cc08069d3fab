/**
 * Asks services with the vendors' own SDKs, as their documentation does: `node sdk-process.ts FOLDER` reads the jobs as
 * JSON from stdin and writes what came of each, a line a job. A process of its own, because an SDK may hang.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

export interface SdkJob {
  readonly sdk: 'openai' | 'anthropic' | 'ollama';
  /** As the SDK wants it. */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
  readonly ask: 'answer' | 'models';
}

export interface SdkHeard {
  readonly outcome: 'whole' | 'error' | 'hang';
  /** The text of the answer as far as it came, or the ids of the models. */
  readonly text: string;
  readonly error?: string;
}

const HANGS_AFTER_MS = 3_000;
const [, , folder = ''] = process.argv;
const require = createRequire(join(folder, 'package.json'));

async function hear(job: SdkJob): Promise<SdkHeard> {
  let text = '';
  const add = (piece: string | null | undefined): void => {
    text += piece ?? '';
  };
  const asked = ASK[job.sdk](job, add).then(
    (): SdkHeard => ({ outcome: 'whole', text }),
    (error: unknown): SdkHeard => ({
      outcome: 'error',
      text,
      error: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    }),
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<SdkHeard>((resolve) => {
    timer = setTimeout(() => resolve({ outcome: 'hang', text }), HANGS_AFTER_MS);
  });
  const heard = await Promise.race([asked, late]);
  clearTimeout(timer);
  return heard;
}

type Ask = (job: SdkJob, add: (piece: string | null | undefined) => void) => Promise<void>;
type Maker<T> = new (options: object) => T;

const ASK: Readonly<Record<SdkJob['sdk'], Ask>> = {
  openai: askOpenAi,
  anthropic: askAnthropic,
  ollama: askOllama,
};
const messages = [{ role: 'user', content: 'hi' }];

interface OpenAi {
  readonly chat: { readonly completions: { create(body: object): Promise<AsyncIterable<OpenAiChunk>> } };
  readonly models: { list(): Promise<{ readonly data: readonly { readonly id: string }[] }> };
}

interface OpenAiChunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly refusal?: string | null };
  }[];
}

async function askOpenAi({ baseUrl, key, model, ask }: SdkJob, add: Parameters<Ask>[1]): Promise<void> {
  const { default: Client } = (await load('openai')) as { default: Maker<OpenAi> };
  const client = new Client({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });
  if (ask === 'models') {
    add((await client.models.list()).data.map(({ id }) => id).join(' '));
    return;
  }
  for await (const { choices } of await client.chat.completions.create({ model, messages, stream: true })) {
    add(choices?.[0]?.delta?.content);
    add(choices?.[0]?.delta?.refusal);
  }
}

interface Anthropic {
  readonly messages: { stream(body: object): AnthropicStream };
  readonly models: { list(): Promise<{ readonly data: readonly { readonly id: string }[] }> };
}

interface AnthropicStream {
  on(event: 'text', listener: (piece: string) => void): AnthropicStream;
  finalMessage(): Promise<unknown>;
}

async function askAnthropic({ baseUrl, key, model, ask }: SdkJob, add: Parameters<Ask>[1]): Promise<void> {
  const { default: Client } = (await load('@anthropic-ai/sdk')) as { default: Maker<Anthropic> };
  const client = new Client({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });
  if (ask === 'models') add((await client.models.list()).data.map(({ id }) => id).join(' '));
  else await client.messages.stream({ model, messages, max_tokens: 1_000 }).on('text', add).finalMessage();
}

interface Ollama {
  chat(body: object): Promise<AsyncIterable<{ readonly message?: { readonly content?: string } }>>;
  list(): Promise<{ readonly models: readonly { readonly name: string }[] }>;
}

async function askOllama({ baseUrl, model, ask }: SdkJob, add: Parameters<Ask>[1]): Promise<void> {
  const { Ollama: Client } = (await load('ollama')) as { Ollama: Maker<Ollama> };
  const client = new Client({ host: baseUrl });
  if (ask === 'models') {
    add((await client.list()).models.map(({ name }) => name).join(' '));
    return;
  }
  for await (const { message } of await client.chat({ model, messages, stream: true })) add(message?.content);
}

/** By a path of its own: the packages are in a folder that is made for the occasion. */
function load(name: string): Promise<unknown> {
  return import(pathToFileURL(require.resolve(name)).href);
}

for (const job of JSON.parse(await readText(process.stdin)) as readonly SdkJob[])
  process.stdout.write(`${JSON.stringify(await hear(job))}\n`);
process.exit(0);
