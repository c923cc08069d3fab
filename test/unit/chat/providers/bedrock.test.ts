import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ChatProvider, ChatRequest } from '../../../../src/chat/provider.ts';
import { createBedrockProvider } from '../../../../src/chat/providers/bedrock.ts';
import type { BedrockOptions } from '../../../../src/chat/providers/bedrock.ts';
import { connect } from '../../../support/aws/connect.ts';
import type { Connecting } from '../../../support/aws/connect.ts';
import { answer, exception, FRAMES, text } from '../../../support/aws/frames.ts';
import { answerQuestion, createKeys, refuse, startAws } from '../../../support/aws/start-aws.ts';
import type { AwsDouble, AwsOptions, Question } from '../../../support/aws/start-aws.ts';
import { hear, never, patience } from '../support/hear.ts';

const PROFILE = 'us.anthropic.claude-v9:0';
const hi: ChatRequest = { model: PROFILE, messages: [{ role: 'user', text: 'hi' }] };

function bedrock(
  double: AwsDouble,
  options: Connecting & Partial<Pick<BedrockOptions, 'notice' | 'sleep'>> = {},
): ChatProvider {
  return createBedrockProvider({
    aws: connect(double, options),
    notice: () => {},
    ...patience(),
    ...options,
  });
}

/** The first questions are answered by `first`, one each, the others well. */
function then(...first: readonly ((question: Question) => void)[]): AwsOptions {
  return {
    converse: (question) => {
      const answerOne = first[question.index] ?? answerQuestion;
      answerOne(question);
    },
  };
}

const refused =
  (status: number, name: string, message: string) =>
  ({ response }: Question): void =>
    refuse(response, { status, name, message });

const streamed =
  (...frames: readonly Buffer[]) =>
  ({ response }: Question): void => {
    response.writeHead(200, FRAMES);
    response.end(Buffer.concat(frames));
  };

describe('a question to Bedrock', () => {
  it.each([
    ['with lasting keys', {}],
    ['with temporary keys', { isTemporary: true }],
  ])('is believed %s, whatever the name of the model has in it', async (_, options) => {
    const models = [
      'amazon.tiny-v1:0',
      PROFILE,
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2',
      "odd (name)!*'~",
    ];
    await using aws = await startAws(options);
    for (const model of models) {
      const { heard, error } = await hear(bedrock(aws).chat({ ...hi, model }, { signal: never }));
      expect([heard[0], error]).toEqual([{ kind: 'text', text: `${model} heard you.` }, undefined]);
    }
    expect(aws.requests.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('carries the limits and a picture', async () => {
    let asked: unknown;
    await using aws = await startAws({
      converse: (question) => {
        asked = question.input;
        answerQuestion(question);
      },
    });
    const request: ChatRequest = {
      model: PROFILE,
      maxTokens: 5,
      temperature: 0.5,
      messages: [
        { role: 'user', text: 'what is it?', images: [{ mediaType: 'image/jpeg', base64: 'QUJD' }] },
      ],
    };
    await hear(bedrock(aws).chat(request, { signal: never }));
    expect(asked).toEqual({
      messages: [
        {
          role: 'user',
          content: [{ image: { format: 'jpeg', source: { bytes: 'QUJD' } } }, { text: 'what is it?' }],
        },
      ],
      inferenceConfig: { maxTokens: 5, temperature: 0.5 },
    });
  });

  it('goes without a temperature to a model that takes none, which is said once', async () => {
    const asked: unknown[] = [];
    await using aws = await startAws({
      converse: (question) => {
        asked.push(question.input['inferenceConfig']);
        if (question.index === 0)
          refuse(question.response, {
            status: 400,
            name: 'ValidationException',
            message: 'The model returned the following errors: `temperature` is deprecated for this model.',
          });
        else answerQuestion(question);
      },
    });
    const said: string[] = [];
    const provider = bedrock(aws, { notice: (message) => said.push(message) });
    for (let round = 0; round < 2; round += 1) {
      const { error } = await hear(provider.chat({ ...hi, temperature: 0.5 }, { signal: never }));
      expect(error).toBeUndefined();
    }
    expect(asked).toEqual([{ temperature: 0.5 }, undefined, undefined]);
    expect(said).toEqual([`${PROFILE} takes no temperature, so it is asked without one.`]);
  });

  it('does not change a temperature that is only too high', async () => {
    await using aws = await startAws(
      then(refused(400, 'ValidationException', 'temperature: must be less than or equal to 1')),
    );
    const { error } = await hear(bedrock(aws).chat({ ...hi, temperature: 2 }, { signal: never }));
    expect([error?.code, aws.requests.length]).toEqual(['invalid_request', 1]);
  });

  it('uses the API key it is given', async () => {
    await using aws = await startAws();
    const { error } = await hear(
      bedrock(aws, { credential: { kind: 'token', token: aws.apiKey } }).chat(hi, { signal: never }),
    );
    expect([error, aws.requests[0]?.headers['authorization']]).toEqual([undefined, `Bearer ${aws.apiKey}`]);
  });
});

describe('the environment of the process', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is left alone by the AWS client: its Bedrock API key does not go in place of keys', async () => {
    await using aws = await startAws();
    vi.stubEnv('AWS_BEARER_TOKEN_BEDROCK', aws.apiKey);
    const { secretAccessKey } = createKeys();
    const credential = { kind: 'keys', ...aws.keys, secretAccessKey } as const;
    const { error } = await hear(bedrock(aws, { credential }).chat(hi, { signal: never }));
    expect([error?.code, aws.requests[0]?.headers['authorization']?.split(' ')[0]]).toEqual([
      'credential_rejected',
      'AWS4-HMAC-SHA256',
    ]);
  });

  it('is left alone by the AWS client: addresses and regions are those it is given', async () => {
    await using aws = await startAws();
    for (const [name, value] of Object.entries({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://127.0.0.1:9',
      AWS_REGION: 'eu-west-1',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_MAX_ATTEMPTS: '5',
      AWS_AUTH_SCHEME_PREFERENCE: 'httpBearerAuth',
    }))
      vi.stubEnv(name, value);
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error, aws.requests.length]).toEqual([undefined, 1]);
  });
});

describe('Bedrock that is busy', () => {
  it.each([
    [
      'with a status',
      refused(429, 'ThrottlingException', 'Too many requests, please wait before trying again.'),
    ],
    ['of 400', refused(400, 'ThrottlingException', 'Rate exceeded')],
    ['after a status of 200', streamed(exception('throttlingException', 'Too many requests'))],
    ['because the model is not ready', refused(429, 'ModelNotReadyException', 'Not ready.')],
    ['because the model took too long', refused(408, 'ModelTimeoutException', 'Too long.')],
    [
      'unavailable',
      refused(503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.'),
    ],
    ['and says so in the stream', streamed(exception('serviceUnavailableException', 'Busy'))],
    ['of itself', streamed(exception('modelStreamErrorException', 'Broken'))],
  ])('is asked again while nothing was shown: %s', async (_, first) => {
    await using aws = await startAws(then(first));
    const { heard, error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([heard.map(({ kind }) => kind), error]).toEqual([['retry', 'text', 'usage', 'finish'], undefined]);
  });

  it.each([
    ['throttlingException', 'rate_limited', 7],
    ['modelStreamErrorException', 'server_error', 9],
    ['internalServerException', 'server_error', 9],
    ['serviceUnavailableException', 'server_error', 9],
    ['validationException', 'invalid_request', 2],
  ])('is not asked again after text: %s', async (name, code, exit) => {
    await using aws = await startAws(then(streamed(text('so far'), exception(name, 'No.'))));
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, error?.partial, aws.requests.length]).toEqual([
      code,
      exit,
      { text: 'so far' },
      1,
    ]);
  });

  it.each([
    [
      'for the day',
      refused(429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.'),
    ],
    ['by the quota', refused(400, 'ServiceQuotaExceededException', 'Your account has used it up.')],
  ])('is not asked again when nothing is left %s', async (_, first) => {
    await using aws = await startAws(then(first));
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, aws.requests.length]).toEqual(['quota_exceeded', 7, 1]);
  });
});

describe('what Bedrock refuses', () => {
  it.each([
    [
      400,
      'ValidationException',
      `Invocation of model ID m with on-demand throughput isn\u2019t supported. Retry your request with the ID or ARN of an inference profile that contains this model.`,
      'invalid_request',
      2,
      `${PROFILE} answers through an inference profile only, in us-east-1.`,
    ],
    [
      404,
      'ResourceNotFoundException',
      'Model use case details have not been submitted for this account. Fill out the Anthropic use case details form before using the model.',
      'forbidden',
      5,
      `AWS wants to know what ${PROFILE} is used for before it answers in us-east-1.`,
    ],
    [
      403,
      'AccessDeniedException',
      "You don't have access to the model with the specified model ID.",
      'forbidden',
      5,
      `This account has no access to ${PROFILE} in us-east-1.`,
    ],
    [
      400,
      'ValidationException',
      'The provided model identifier is invalid.',
      'model_not_found',
      3,
      `Bedrock has no ${PROFILE} in us-east-1: The provided model identifier is invalid.`,
    ],
    [
      404,
      'ResourceNotFoundException',
      'This model version has reached the end of its life.',
      'model_not_found',
      3,
      `Bedrock has no ${PROFILE} in us-east-1: This model version has reached the end of its life.`,
    ],
    [
      400,
      'ValidationException',
      'Input is too long for requested model.',
      'input_too_large',
      2,
      'HOST finds the question too large: Input is too long for requested model.',
    ],
    [
      400,
      'ValidationException',
      'A conversation must start with a user message.',
      'invalid_request',
      2,
      'HOST does not accept the request: A conversation must start with a user message.',
    ],
    [
      424,
      'ModelErrorException',
      'It broke.',
      'server_error',
      9,
      'The model at HOST failed (status 424): It broke.',
    ],
  ] as const)('%d %s (%s) has a sentence of its own', async (status, name, message, code, exit, sentence) => {
    await using aws = await startAws(then(refused(status, name, message)));
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, error?.message, error?.requestId, aws.requests.length]).toEqual([
      code,
      exit,
      sentence.replace('HOST', `127.0.0.1:${aws.port}`),
      '0f5a-request',
      1,
    ]);
    expect(error?.hint === undefined).toBe(sentence.includes('accept the request'));
  });

  it('names the permission that is missing', async () => {
    await using aws = await startAws({ denied: ['bedrock:InvokeModelWithResponseStream'] });
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, error?.hint]).toEqual([
      'forbidden',
      5,
      'Whoever runs the account can allow it: the permission is bedrock:InvokeModelWithResponseStream.',
    ]);
  });

  it('tells which part of the credential it was', async () => {
    await using lasting = await startAws();
    await using expired = await startAws({ isTemporary: true, isExpired: true });
    const other = createKeys();
    const refusals = [
      bedrock(lasting, {
        credential: { kind: 'keys', ...lasting.keys, secretAccessKey: other.secretAccessKey },
      }),
      bedrock(lasting, { credential: { kind: 'keys', ...other } }),
      bedrock(expired),
      bedrock(lasting, { region: 'eu-west-1' }),
      bedrock(lasting, { credential: { kind: 'token', token: 'not-the-key' } }),
    ];
    const seen = [];
    for (const provider of refusals) {
      const { error } = await hear(provider.chat(hi, { signal: never }));
      seen.push([error?.code, error?.message]);
    }
    expect(seen).toEqual([
      [
        'credential_rejected',
        'The secret access key does not belong to the access key id from AWS_ACCESS_KEY_ID.',
      ],
      ['credential_rejected', 'AWS does not know the access key id from AWS_ACCESS_KEY_ID.'],
      ['credential_rejected', 'The session token of the access key id from AWS_ACCESS_KEY_ID has expired.'],
      [
        'invalid_request',
        `127.0.0.1:${lasting.port} is not in the region eu-west-1, for which the request was signed.`,
      ],
      [
        'credential_rejected',
        `127.0.0.1:${lasting.port} refused the credential from AWS_ACCESS_KEY_ID: Authentication failed: Please make sure your API Key is valid.`,
      ],
    ]);
  });
});

describe('an answer of Bedrock over a connection that breaks', () => {
  it.each([
    ['is reset', ({ response }: Question) => response.socket?.resetAndDestroy(), 'connection_reset', 6],
    ['ends', ({ response }: Question) => response.destroy(), 'stream_cut', 9],
    ['ends in good order', ({ response }: Question) => response.end(), 'stream_cut', 9],
  ] as const)('keeps what came when it %s', async (_, end, code, exit) => {
    const { promise: shown, resolve } = Promise.withResolvers<void>();
    await using aws = await startAws({
      converse: async (question) => {
        question.response.writeHead(200, FRAMES);
        question.response.write(answer('so far').subarray(0, -400));
        await shown;
        end(question);
      },
    });
    const heard: unknown[] = [];
    let failure: unknown;
    try {
      for await (const event of bedrock(aws).chat(hi, { signal: never })) {
        heard.push(event);
        resolve();
      }
    } catch (error) {
      failure = error;
    }
    expect(heard).toEqual([{ kind: 'text', text: 'so far' }]);
    expect(failure).toMatchObject({ code, exitCode: exit, partial: { text: 'so far' } });
  });
});

describe('a clock that is wrong', () => {
  it.each([
    ['12 minutes slow', 12],
    ['12 minutes fast', -12],
    ['a day slow', 24 * 60],
  ])('%s is met with the clock of AWS', async (_, minutes) => {
    await using aws = await startAws({ now: () => Date.now() + minutes * 60_000 });
    const provider = bedrock(aws);
    for (let round = 0; round < 2; round += 1) {
      const { heard, error } = await hear(provider.chat(hi, { signal: never }));
      expect([heard[0]?.kind, error]).toEqual(['text', undefined]);
    }
    // The second question is signed well at once.
    expect(aws.requests.map(({ status }) => status)).toEqual([403, 200, 200]);
  });

  it('is told where AWS keeps its time to itself', async () => {
    await using aws = await startAws({ now: () => Date.now() + 3_600_000, tellsTime: false });
    const { error } = await hear(bedrock(aws).chat(hi, { signal: never }));
    expect([error?.code, error?.exitCode, error?.message, error?.hint, aws.requests.length]).toEqual([
      'credential_rejected',
      4,
      'AWS does not believe the time of the request: the clock of this machine is wrong.',
      'Set the clock (on Linux: timedatectl set-ntp true), then try again.',
      1,
    ]);
  });
});

describe('the models of Bedrock', () => {
  it('are those that write text, by the names they are asked by, profiles page after page', async () => {
    const profile = (id: string, more: object = {}): object => ({
      inferenceProfileId: id,
      inferenceProfileArn: `arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/${id}`,
      models: [{ modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v9:0' }],
      status: 'ACTIVE',
      type: 'SYSTEM_DEFINED',
      ...more,
    });
    await using aws = await startAws({
      profiles: [
        profile('us.anthropic.claude-v9:0'),
        profile('global.anthropic.claude-v9:0'),
        profile('own', { type: 'APPLICATION' }),
        profile('us.painter', {
          models: [{ modelArn: 'arn:aws:bedrock:us-east-1::foundation-model/amazon.painter-v1' }],
        }),
      ],
    });
    expect(await bedrock(aws).models({ signal: never })).toEqual([
      { id: 'amazon.tiny-v1:0', ownedBy: 'Amazon' },
      { id: 'us.anthropic.claude-v9:0', ownedBy: 'Anthropic' },
      { id: 'global.anthropic.claude-v9:0', ownedBy: 'Anthropic' },
      {
        id: 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/own',
        ownedBy: 'Anthropic',
      },
    ]);
  });

  it('are an error that names the permission where they may not be listed', async () => {
    await using aws = await startAws({ denied: ['bedrock:ListFoundationModels'] });
    await expect(bedrock(aws).models({ signal: never })).rejects.toMatchObject({
      code: 'forbidden',
      hint: 'Whoever runs the account can allow it: the permission is bedrock:ListFoundationModels.',
    });
  });
});
