import type { Context } from '../context.ts';
import { MiraError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Answer } from './api/answer.ts';
import { headOf } from './api/answer.ts';
import type { Outcome } from './api/ask.ts';
import type { Field } from './api/fields.ts';
import { valueCommand } from './define.ts';
import type { Input, JsonObject } from './define.ts';

const options = {
  field: {
    kind: 'list',
    flags: '-f, --field <key=value>',
    summary:
      'field of the body, or of the query for GET; numbers, true, false and null count as such, @FILE is read',
  },
  rawField: { kind: 'list', flags: '--raw-field <key=value>', summary: 'the same, always as text' },
  input: { kind: 'text', flags: '--input <path>', summary: 'file that is sent as the body; - reads stdin' },
  header: {
    kind: 'list',
    flags: '-H, --header <name:value>',
    summary: 'header of the request, but no credential; may be given again',
  },
  paginate: { kind: 'flag', flags: '--paginate', summary: 'read all pages of a list, one after the other' },
  service: {
    kind: 'text',
    flags: '--service <name>',
    summary:
      'who is asked: mira (unless you say otherwise), meetings, mirra, openai, anthropic, ollama, or a provider of your own',
  },
  force: { kind: 'flag', flags: '--force', summary: 'send a key although it looks like another vendor’s' },
  include: { kind: 'flag', flags: '-i, --include', summary: 'print status and headers too' },
  timeout: {
    kind: 'number',
    flags: '--timeout <seconds>',
    summary: 'limit for each whole answer; none by default',
    least: 0.001,
    most: 86_400,
  },
} as const;

type ApiInput = Input<typeof options>;

interface Result extends Outcome {
  readonly shape: 'body' | 'with_head' | 'pages';
}

export const api = valueCommand<typeof options, Result>({
  summary: 'Send a request of your own, with the credential',
  description:
    'Send one request to the Mira platform with the active credential, or to another service with its own, and print the body, also of an error (the exit status tells). ' +
    'The path is one under the base URL, or begins with / to start at the origin; a whole address must be of the same origin. ' +
    'The key of a service comes from its variable (MIRA_MEETINGS_API_KEY, MIRRA_API_KEY, OPENAI_API_KEY, ANTHROPIC_API_KEY), else from the vault; it is sent to that service and nowhere else. ' +
    'The method is GET, or POST with fields or --input; next to --input, and for GET, fields are the query. ' +
    'Redirects are not followed, and your credential is taken out of what is printed. ' +
    'With --json a JSON body is printed as it is; a body that is not JSON, or --include, or --paginate makes a mira.api/1 object of it.',
  arguments: [{ syntax: '<request...>', summary: '[METHOD] PATH' }],
  options,
  examples: [
    { command: 'mira api /v1/quota', shows: 'a path from the origin' },
    { command: 'mira api models | jq -r ".data[].id"', shows: 'a path under the base URL' },
    {
      command:
        'mira api chat/completions -f model=mira -f "messages[][role]=user" -f "messages[][content]=hi"',
      shows: 'a JSON body from fields',
    },
    { command: 'mira api POST embeddings --input request.json', shows: 'a body from a file' },
    { command: 'mira api meetings --service meetings --paginate', shows: 'another service, all pages' },
    { command: 'mira api models -H "Accept-Language: en" --timeout 10', shows: 'a header, a limit' },
    { command: 'mira api DELETE /api/v1/api-keys/ID -i', shows: 'another method, with the headers' },
  ],
  run: async (context, input) => {
    const { paginate, include } = input.options;
    const { method, path } = readRequest(input);
    if (paginate && method !== 'GET') {
      throw new MiraError('invalid_usage', '--paginate goes with GET.');
    }
    if (paginate && include) {
      throw new MiraError('invalid_usage', '--include shows one answer, so it does not go with --paginate.');
    }
    const headers = await readHeaders(input);
    const fields = await readFields(context, input);
    const body = await readBody(context, { input, method, fields });
    const { openService } = await import('./api/open-service.ts');
    const { service, base, bearer } = await openService(context, {
      name: input.options.service,
      force: input.options.force,
    });
    const { requestAddress } = await import('./api/address.ts');
    const url = requestAddress(path, { base, from: service.address?.from });
    if (method === 'GET' || input.options.input !== undefined) {
      const { addToQuery } = await import('./api/fields.ts');
      addToQuery(url, fields);
    }
    const { askForPages, askOnce } = await import('./api/ask.ts');
    const outcome = await (paginate ? askForPages : askOnce)({
      http: await context.http(),
      service,
      bearer,
      url,
      method,
      headers,
      ...body,
      timeoutS: input.options.timeout,
      signal: context.signal,
      now: context.now,
    });
    const [answer] = outcome.answers;
    const saysNothing = answer === undefined || (answer.body.kind === 'empty' && !include);
    if (outcome.failure && saysNothing && outcome.answers.length < 2) throw outcome.failure;
    return { ...outcome, shape: paginate ? 'pages' : include ? 'with_head' : 'body' };
  },
  human: ({ answers, shape }) => answers.map((answer) => answerText(answer, shape)).join('\n'),
  json: resultObject,
  jsonText: ({ answers, shape }) => {
    const body = answers[0]?.body;
    return shape === 'body' && body?.kind === 'json' ? body.text : undefined;
  },
  failure: ({ failure }) => failure,
});

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

function readRequest({ args, options: given }: ApiInput): {
  readonly method: string;
  readonly path: string;
} {
  const [first = '', second, ...rest] = args;
  if (rest.length > 0) {
    throw new MiraError('invalid_usage', 'There are more words on the line than a method and a path.', {
      hint: 'See what it takes: mira api --help',
    });
  }
  const hasBody = given.field.length > 0 || given.rawField.length > 0 || given.input !== undefined;
  if (second === undefined) return { method: hasBody ? 'POST' : 'GET', path: first };
  const method = first.toUpperCase();
  if (METHODS.includes(method)) return { method, path: second };
  throw new MiraError('invalid_input', 'That is no method of HTTP.', {
    hint: `The methods are: ${METHODS.join(', ')}; the path comes after it.`,
  });
}

async function readHeaders({ options: { header } }: ApiInput): Promise<Readonly<Record<string, string>>> {
  if (header.length === 0) return {};
  const { parseHeaders } = await import('./api/headers.ts');
  return parseHeaders(header);
}

async function readFields(context: Context, { options: given }: ApiInput): Promise<readonly Field[]> {
  if (given.field.length + given.rawField.length === 0) return [];
  const { parseField } = await import('./api/fields.ts');
  const typed = given.field.map((text) => ({ ...parseField(text), isText: false }));
  const raw = given.rawField.map((text) => ({ ...parseField(text), isText: true }));
  const fields: Field[] = [];
  for (const field of typed) fields.push(await withFile(context, field));
  return [...fields, ...raw];
}

/** `@FILE` stands for what is in the file, `@-` for stdin. */
async function withFile(context: Context, field: Field): Promise<Field> {
  if (!field.value.startsWith('@')) return field;
  const { readTextFile } = await import('./chat/question.ts');
  const file = field.value.slice(1);
  const value =
    file === '-' ? (await readInput(context)).toString('utf8') : await readTextFile(file, '--field');
  return { ...field, value, isText: true };
}

interface Sending {
  readonly input: ApiInput;
  readonly method: string;
  readonly fields: readonly Field[];
}

async function readBody(
  context: Context,
  { input, method, fields }: Sending,
): Promise<{ readonly body: string | Uint8Array | undefined; readonly contentType: string | undefined }> {
  const file = input.options.input;
  if (file !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw new MiraError('invalid_usage', `${method} takes no body, so --input does not go with it.`);
  }
  if (file !== undefined) {
    const { readAtMost } = await import('./chat/question.ts');
    const body =
      file === '-'
        ? await readInput(context)
        : await readAtMost(file, { most: MOST_BYTES, option: '--input' });
    return {
      body,
      contentType: parseJson(body.toString('utf8')) !== undefined ? JSON_TYPE : 'application/octet-stream',
    };
  }
  if (fields.length === 0 || method === 'GET') return { body: undefined, contentType: undefined };
  if (method === 'HEAD')
    throw new MiraError('invalid_usage', 'HEAD takes no body, so -f does not go with it.');
  const { fieldsToJson } = await import('./api/fields.ts');
  return { body: fieldsToJson(fields), contentType: JSON_TYPE };
}

const JSON_TYPE = 'application/json';
const MOST_BYTES = 64 * 1024 * 1024;

/** `-` says that the wait is wanted. */
async function readInput(context: Context): Promise<Buffer> {
  const { readStdinBytes } = await import('./read-stdin.ts');
  return readStdinBytes(context, {
    patient: true,
    waiting: 'Waiting for standard input.',
    hint: 'Give a file instead of `-`.',
    mostBytes: MOST_BYTES,
    tooLarge: () => new MiraError('input_too_large', 'Standard input holds more than 64 MB.'),
  });
}

/** @throws MiraError `malformed_response` for what cannot be text */
function answerText(answer: Answer, shape: Result['shape']): string {
  const head = shape === 'with_head' ? `${headOf(answer)}\n\n` : '';
  const { body } = answer;
  switch (body.kind) {
    case 'empty':
      return head.trimEnd();
    case 'json':
    case 'text':
      return head + body.text;
    case 'binary':
      throw new MiraError('malformed_response', 'The answer is no text, so it is not printed.', {
        hint: 'With --json it is printed in base64: … --json | jq -r .bytes | base64 -d',
        status: answer.status,
      });
  }
}

function resultObject({ answers, shape }: Result): JsonObject {
  if (shape === 'pages') return { schema: SCHEMA, pages: answers.map(bodyJson) };
  const [answer] = answers;
  return {
    schema: SCHEMA,
    ...(answer && { status: answer.status }),
    ...(answer && shape === 'with_head' ? { headers: answer.headers } : {}),
    ...(answer && bodyJson(answer)),
  };
}

const SCHEMA = 'mira.api/1';

function bodyJson({ headers, body }: Answer): Readonly<Record<string, unknown>> {
  const type = headers['content-type'];
  const named = type === undefined ? {} : { content_type: type };
  switch (body.kind) {
    case 'empty':
      return {};
    case 'json':
      return { body: JSON.parse(body.text) };
    case 'text':
      return { ...named, text: body.text };
    case 'binary':
      return { ...named, bytes: body.base64 };
  }
}
