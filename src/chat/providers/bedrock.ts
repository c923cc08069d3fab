/** AWS Bedrock, by its Converse format, which is the same for the models of all vendors there. */
import type { Aws } from '../../api/aws.ts';
import type { HttpResponse } from '../../api/http.ts';
import { MiraError } from '../../errors.ts';
import { ask } from '../ask.ts';
import type { Patience } from '../ask.ts';
import { converseInput, createConverseDecoder } from '../converse.ts';
import { createFrameStream } from '../frame-stream.ts';
import type { ChatEvent, ChatOptions, ChatProvider, ChatRequest } from '../provider.ts';
import { ANSWER_CLOCKS, readAnswer } from '../read-answer.ts';
import type { AnswerClocks } from '../read-answer.ts';
import { withHint, withHints } from '../with-hints.ts';

export interface BedrockOptions extends Patience {
  readonly aws: Aws;
  /** A line for a person, about what was asked for and is not done. */
  readonly notice: (message: string) => void;
  readonly clocks?: AnswerClocks | undefined;
}

const LIST_MS = 30_000;
const FACTS = { id: 'bedrock', addressFrom: 'AWS_ENDPOINT_URL' };

export function createBedrockProvider(options: BedrockOptions): ChatProvider {
  const { aws, clocks = ANSWER_CLOCKS } = options;
  const url = aws.access.endpoints['bedrock-runtime'];
  /** Models that turned out to take no temperature: the next question does not begin with a refusal. */
  const withoutTemperature = new Set<string>();

  async function* chat(
    request: ChatRequest,
    { signal, onSent }: ChatOptions,
  ): AsyncGenerator<ChatEvent, void> {
    const { model } = request;
    const open = (stop: AbortSignal): Promise<HttpResponse> => {
      const asked = withoutTemperature.has(model) ? { ...request, temperature: undefined } : request;
      const input = converseInput(asked);
      return aws.openConverseStream({ input, call: { signal: stop, onSent } });
    };
    const send = async (_bearer: unknown, stop: AbortSignal): Promise<HttpResponse> => {
      try {
        return await open(stop);
      } catch (error) {
        if (request.temperature === undefined || withoutTemperature.has(model)) throw error;
        if (!refusesTemperature(error)) throw error;
        withoutTemperature.add(model);
        options.notice(`${model} takes no temperature, so it is asked without one.`);
        return open(stop);
      }
    };
    const read = (response: HttpResponse, stop: AbortController) =>
      readAnswer(response, {
        createDecoder: (context) =>
          createConverseDecoder({
            ...context,
            reported: (fault) => aws.reportedError(fault, { response, model }),
          }),
        framing: createFrameStream,
        clocks,
        stop,
        now: options.now,
      });
    yield* ask({ url, bearer: undefined, signal, send, read }, options);
  }

  return {
    id: FACTS.id,
    takesImages: true,
    chat: (request, chatOptions) => withHints(chat(request, chatOptions), FACTS),
    async models({ signal }) {
      try {
        return await aws.models({ signal, totalMs: LIST_MS });
      } catch (error) {
        throw withHint(error, FACTS);
      }
    },
  };
}

/** Some models know none any more. A value that is too high would be refused for its size. */
function refusesTemperature(error: unknown): boolean {
  return (
    error instanceof MiraError &&
    error.code === 'invalid_request' &&
    /\btemperature\b/i.test(error.message) &&
    /deprecated|unsupported|not support|not (?:permitted|allowed)|unrecogni[sz]ed|unknown|extraneous|only.*default/i.test(
      error.message,
    )
  );
}
