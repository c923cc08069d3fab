import { basename } from 'node:path';
import type { Context } from '../context.ts';
import { MiraError } from '../errors.ts';
import type { Conversation } from '../store/history.ts';
import type { ChatImage, ChatMessage, ChatRequest, TextPart } from '../chat/provider.ts';
import type { Attachment } from '../ui/chat/talk.ts';
import type { AnswerEvent } from './chat/answer-json.ts';
import { answerLines, answerObject } from './chat/answer-json.ts';
import type { HeldRequest } from './chat/hold-request.ts';
import type { ProviderChoice } from './chat/open-provider.ts';
import type { OutgoingGuard } from './chat/outgoing-guard.ts';
import { openRecorder } from './chat/open-recorder.ts';
import { saidSoFar } from './chat/said-so-far.ts';
import type { AnswerSchema } from './chat/structured-answer.ts';
import { streamCommand } from './define.ts';
import type { Input } from './define.ts';

const options = {
  model: { kind: 'text', flags: '-m, --model <id>', summary: 'model that answers', env: 'MIRA_MODEL' },
  provider: {
    kind: 'text',
    flags: '-p, --provider <name>',
    summary: 'provider that answers',
    env: 'MIRA_PROVIDER',
  },
  system: { kind: 'text', flags: '-s, --system <text>', summary: 'what the model is told about its task' },
  systemFile: { kind: 'text', flags: '--system-file <path>', summary: 'the same from a file' },
  file: { kind: 'list', flags: '-f, --file <path>', summary: 'text file to ask about; may be given again' },
  image: { kind: 'list', flags: '-i, --image <path>', summary: 'picture to ask about; may be given again' },
  maxTokens: {
    kind: 'number',
    flags: '--max-tokens <n>',
    summary: 'longest answer, in tokens',
    least: 1,
    most: 1_000_000,
    whole: true,
  },
  temperature: {
    kind: 'number',
    flags: '--temperature <t>',
    summary: 'how freely words are chosen, 0 to 2',
    least: 0,
    most: 2,
  },
  timeout: {
    kind: 'number',
    flags: '--timeout <seconds>',
    summary: 'limit for the whole answer; none by default',
    least: 0.001,
    most: 86_400,
  },
  retries: {
    kind: 'number',
    flags: '--retries <n>',
    summary: 'how often a busy service is asked again (4)',
    least: 0,
    most: 20,
    whole: true,
  },
  continue: {
    kind: 'flag',
    flags: '-c, --continue',
    summary: 'go on with the conversation that was last spoken in',
  },
  resume: {
    kind: 'text',
    flags: '-r, --resume <id>',
    summary: 'go on with this one (mira history list); the beginning of its id is enough',
  },
  noSave: { kind: 'flag', flags: '--no-save', summary: 'keep nothing of it in the history' },
  stream: { kind: 'flag', flags: '--stream', summary: 'with --json: an event a line, as it happens' },
  force: { kind: 'flag', flags: '--force', summary: 'send a key although it looks like another vendor’s' },
  allowSecrets: {
    kind: 'flag',
    flags: '--allow-secrets',
    summary: 'send a question although there is a key in it',
  },
  raw: { kind: 'flag', flags: '--raw', summary: 'the answer as it is written, its markdown not rendered' },
  schema: {
    kind: 'text',
    flags: '--schema <path>',
    summary: 'file with the JSON Schema of the answer, which is then JSON alone',
  },
  dryRun: {
    kind: 'flag',
    flags: '--dry-run',
    summary: 'print the request, without the credential, and send nothing',
  },
  plain: { kind: 'flag', flags: '--plain', summary: 'the chat as plain lines, without an interface' },
} as const;

type ChatInput = Input<typeof options>;

export const chat = streamCommand<typeof options, AnswerEvent>({
  summary: 'Ask a question, or open the chat',
  description:
    'Ask one question and print the answer, or, without a question on a terminal, open the chat. What stdin holds is added to the question.',
  arguments: [{ syntax: '[prompt...]', summary: 'the question; `-` reads all of stdin' }],
  options,
  examples: [
    { command: 'mira chat', shows: 'open the chat' },
    { command: 'mira chat "Explain device codes in one sentence"', shows: 'one answer' },
    { command: 'git diff | mira chat "Write a commit message"', shows: 'ask about what a pipe brings' },
    { command: 'mira chat "Explain" -f main.c -f util.c', shows: 'ask about files' },
    { command: 'mira chat "What is it?" -i a.png -m openai/MODEL', shows: 'ask about a picture' },
    { command: 'mira chat -c "And in two?"', shows: 'go on with the last conversation' },
    { command: 'mira chat "hi" --json | jq -r .text', shows: 'for a script' },
    { command: 'mira chat "hi" --json --stream', shows: 'an event a line' },
    { command: 'mira chat "Who wrote it?" -f a.txt --schema s.json', shows: 'an answer of that shape' },
    { command: 'mira chat "Explain" -f main.c --dry-run', shows: 'what would be sent' },
  ],
  run: answer,
  human: async (events, context, input) => {
    if (input.options.dryRun) {
      const { requestText } = await import('./chat/hold-request.ts');
      const { sanitize } = await import('../ui/sanitize.ts');
      context.io.stdout.write(`${sanitize(requestText(await heldRequest(context, input)))}\n`);
      return;
    }
    if (input.options.stream)
      throw new MiraError('invalid_usage', '--stream goes with --json.', {
        hint: 'Without --json the answer is streamed anyway.',
      });
    const { raw, plain, schema } = input.options;
    const { showAnswer } = await import('./chat/show-answer.ts');
    await showAnswer(events, context, { isRaw: raw || plain || schema !== undefined });
  },
  json: async function* (events, input, context) {
    if (input.options.dryRun) {
      const { requestObject } = await import('./chat/hold-request.ts');
      yield requestObject(await heldRequest(context, input));
    } else if (input.options.stream) yield* answerLines(events);
    else yield await answerObject(events, context.elapsed);
  },
  failure: (_error, { options: { stream, dryRun } }) =>
    stream && !dryRun ? { schema: 'mira.chat.event/1', event: 'error' } : undefined,
  interactive: async (context, input) => {
    const { stdin, stdout } = context.io;
    const asks = input.args.length > 0 || input.options.file.length > 0;
    const { stream, dryRun, schema } = input.options;
    if (asks || stream || dryRun || schema !== undefined || !stdin.isTerminal || !stdout.isTerminal)
      return undefined;
    const { openChat } = await import('./chat/open-chat.ts');
    const conversation = await earlierConversation(context, input);
    const system = await systemText(input);
    const attachments = await attachmentsOf(input);
    return () =>
      openChat(context, {
        ...choiceOf(input),
        showsImages: attachments.length > 0,
        system,
        conversation,
        attachments,
        saves: !input.options.noSave,
        plain: input.options.plain,
        limits: limitsOf(input),
        timeoutS: input.options.timeout,
      });
  },
});

async function* answer(context: Context, input: ChatInput): AsyncGenerator<AnswerEvent> {
  const { prompt, conversation, earlier, system, messages, choice, wanted, guard } = await prepare(
    context,
    input,
  );
  const { openProvider } = await import('./chat/open-provider.ts');
  const { withTimeLimit } = await import('./chat/with-time-limit.ts');
  const shape = wanted && { wanted, ...(await import('./chat/structured-answer.ts')) };
  const { provider, model } = await openProvider(context, choice);
  await guard.check(messages);
  const recorder = await openRecorder(context, {
    conversation,
    saves: !input.options.noSave,
    say: context.warn,
  });
  const recording = recorder.start({
    conversationId: conversation?.id,
    earlier: earlier.length,
    question: prompt,
    provider: provider.id,
    model,
    system,
  });
  yield { kind: 'start', provider: provider.id, model, conversationId: recording.id };
  const request = { model, messages, answerSchema: wanted?.schema, ...limitsOf(input) };
  const limit = { seconds: input.options.timeout, signal: context.signal };
  try {
    yield* recording.save((onSent) =>
      withTimeLimit((signal) => {
        const ask = (one: ChatRequest) => provider.chat(one, { signal, onSent });
        return shape ? shape.structuredAnswer(ask, { request, wanted: shape.wanted }) : ask(request);
      }, limit),
    );
  } catch (error) {
    const { withWayOn } = await import('./chat/way-on.ts');
    throw withWayOn(error, 'command');
  }
}

/** Everything about a question but who answers it. @throws MiraError `nothing_to_ask`, and for bad input */
async function prepare(context: Context, input: ChatInput): Promise<Prepared> {
  const { openGuard } = await import('./chat/outgoing-guard.ts');
  const guard = openGuard(context, { allowSecrets: input.options.allowSecrets, say: context.warn });
  const { findQuestion } = await import('./chat/question.ts');
  const question = await findQuestion(context, { words: input.args, files: input.options.file });
  if (question === undefined) {
    throw new MiraError('nothing_to_ask', 'There is nothing to ask.', {
      hint: 'Give a question: mira chat "What is a device code?"',
    });
  }
  const { composeMessages } = await import('../chat/conversation.ts');
  const conversation = await earlierConversation(context, input);
  const earlier = conversation ? saidSoFar(conversation) : [];
  const system = (await systemText(input)) ?? conversation?.system;
  const { wanted, told } = await wantedShape(input, system);
  const images = await imagesOf(input);
  const { text: prompt, parts } = question;
  const systemParts = systemPartsOf(input);
  const messages = composeMessages({ system: told, systemParts, history: earlier, prompt, parts, images });
  const choice = { ...choiceOf(input), conversation, showsImages: images.length > 0 };
  return { prompt, conversation, earlier, system, messages, choice, wanted, guard };
}

interface Prepared {
  readonly prompt: string;
  readonly conversation: Conversation | undefined;
  readonly earlier: readonly ChatMessage[];
  readonly system: string | undefined;
  readonly messages: readonly ChatMessage[];
  readonly choice: ProviderChoice;
  readonly wanted: AnswerSchema | undefined;
  /** What is to leave is shown to it first. */
  readonly guard: OutgoingGuard;
}

async function imagesOf({ options: { image } }: ChatInput): Promise<readonly ChatImage[]> {
  if (image.length === 0) return [];
  const { readImage } = await import('./chat/read-image.ts');
  return Promise.all(image.map((path) => readImage(path, '--image')));
}

/** The pictures, as the chat takes them along with its first question. */
async function attachmentsOf(input: ChatInput): Promise<readonly Attachment[]> {
  const images = await imagesOf(input);
  return images.map((image, index) => ({
    kind: 'image',
    name: basename(input.options.image[index] ?? ''),
    image,
  }));
}

/** The shape that is asked for, and what the model is told then. */
async function wantedShape(
  { options: { schema } }: ChatInput,
  system: string | undefined,
): Promise<{ readonly wanted: AnswerSchema | undefined; readonly told: string | undefined }> {
  if (schema === undefined) return { wanted: undefined, told: system };
  const { readAnswerSchema, withInstruction } = await import('./chat/structured-answer.ts');
  const wanted = await readAnswerSchema(schema);
  return { wanted, told: withInstruction(system, wanted) };
}

async function heldRequest(context: Context, input: ChatInput): Promise<HeldRequest> {
  const { messages, choice, wanted, guard } = await prepare(context, input);
  await guard.check(messages);
  const { holdRequest } = await import('./chat/hold-request.ts');
  return holdRequest(context, {
    choice,
    requestOf: (model) => ({ model, messages, answerSchema: wanted?.schema, ...limitsOf(input) }),
  });
}

/** @throws MiraError `not_found` where there is none, `invalid_input` for an id that several have */
async function earlierConversation(
  context: Context,
  { options: { continue: goesOn, resume } }: ChatInput,
): Promise<Conversation | undefined> {
  if (goesOn && resume !== undefined)
    throw new MiraError('invalid_usage', '--continue and --resume name two conversations; give one of them.');
  if (!goesOn && resume === undefined) return undefined;
  const history = await context.history();
  if (resume !== undefined) return history.find(resume);
  const { profile } = await context.settings();
  const latest = await history.findLatest({ profile });
  if (latest) return latest;
  throw new MiraError('not_found', 'There is no conversation to go on with.', {
    hint: 'Begin one: mira chat "What is a device code?"',
  });
}

function choiceOf({ options: { provider, model, retries, force, allowSecrets } }: ChatInput): {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly retries: number | undefined;
  readonly force: boolean;
  readonly allowSecrets: boolean;
} {
  return { provider, model, retries, force, allowSecrets };
}

function limitsOf({ options: { maxTokens, temperature } }: ChatInput): {
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
} {
  return { maxTokens, temperature };
}

async function systemText({ options: { system, systemFile } }: ChatInput): Promise<string | undefined> {
  if (systemFile === undefined) return system;
  if (system !== undefined)
    throw new MiraError('invalid_usage', '--system and --system-file say the same thing; give one of them.');
  const { readTextFile } = await import('./chat/question.ts');
  return (await readTextFile(systemFile, '--system-file')).trimEnd();
}

/** What the model is told begins with the file, whatever is added to it. */
function systemPartsOf({ options: { systemFile } }: ChatInput): readonly TextPart[] {
  return systemFile === undefined ? [] : [{ name: systemFile, at: 0 }];
}
