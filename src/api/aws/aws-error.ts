/**
 * What AWS answers when it will not do what was asked, as one of our errors. It names each cause in its own way,
 * in a header, in JSON or in XML; the name decides, and where it is not known the status does, as for any service.
 */
import { MiraError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { isRecord, parseJson } from '../../json.ts';
import type { Bearer } from '../bearer.ts';
import { formatWait } from '../retry.ts';
import { requestId, serviceError } from '../service-error.ts';
import { serviceWords } from '../service-words.ts';
import type { AwsAccess, AwsCredential } from './access.ts';

export interface AwsAnswer {
  /** Undefined for what was reported inside a stream. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly url: URL;
  /** As sent, or what it was parsed to. */
  readonly body: unknown;
}

export interface AwsErrorFacts extends Pick<AwsAccess, 'credential' | 'region'> {
  readonly now: number;
  /** The clock here less the clock of AWS, milliseconds. */
  readonly skewMs?: number | undefined;
  /** The model that was asked. */
  readonly model?: string | undefined;
}

export interface AwsFailure {
  readonly error: MiraError;
  /** AWS did not believe the time of the signature. */
  readonly isClock: boolean;
}

export function awsFailure(answer: AwsAnswer, facts: AwsErrorFacts): AwsFailure {
  const { name, message } = namedFault(answer);
  const said: Said = { ...answer, ...facts, name, words: quotable(message, facts.credential) };
  const cause = CAUSES.find((one) => one.matches(said));
  if (cause === undefined) return { error: byStatus(said), isClock: false };
  const { code, sentence, hint } = cause;
  const isMendable = code === 'credential_rejected' && cause !== CLOCK;
  const { mend } = facts.credential;
  const error = new MiraError(code, sentence(said), {
    hint: hint(said),
    next: isMendable ? [{ command: mend, why: 'get a credential that works' }] : [],
    status: answer.status,
    requestId: requestId(answer.headers),
  });
  return { error, isClock: cause === CLOCK };
}

/** The credential in the words of the rest of the program. */
function asBearer(credential: AwsCredential): Bearer {
  const value = credential.kind === 'keys' ? credential.secretAccessKey : credential.token;
  return { value, source: credential.source, mend: credential.mend, refreshable: false };
}

interface Said extends AwsAnswer, AwsErrorFacts {
  readonly name: string;
  /** One line that can be printed; empty when nothing was said. */
  readonly words: string;
}

interface Cause {
  readonly code: ErrorCode;
  readonly matches: (said: Said) => boolean;
  readonly sentence: (said: Said) => string;
  readonly hint: (said: Said) => string | undefined;
}

const named =
  (...names: readonly string[]) =>
  ({ name }: Said): boolean =>
    names.includes(name);

const says =
  (pattern: RegExp) =>
  ({ words }: Said): boolean =>
    pattern.test(words);

const REFUSED_SIGNATURE = ['SignatureDoesNotMatch', 'InvalidSignature'];

const CLOCK: Cause = {
  code: 'credential_rejected',
  matches: (said) =>
    named('RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture')(said) ||
    (named(...REFUSED_SIGNATURE)(said) && says(/signature (?:expired|not yet current)/i)(said)),
  sentence: ({ skewMs }) =>
    `AWS does not believe the time of the request: the clock of this machine is ${isTold(skewMs) ? skewWords(skewMs) : 'wrong'}.`,
  hint: () => 'Set the clock (on Linux: timedatectl set-ntp true), then try again.',
};

/** In order: the first that matches is told. */
const CAUSES: readonly Cause[] = [
  CLOCK,
  {
    code: 'invalid_request',
    matches: (said) =>
      named(...REFUSED_SIGNATURE)(said) && says(/scoped to (?:a valid region|correct service)/i)(said),
    sentence: ({ url, region }) =>
      `${url.host} is not in the region ${region}, for which the request was signed.`,
    hint: () => 'Set AWS_REGION to the region of that address, or take the address (AWS_ENDPOINT_URL) away.',
  },
  {
    code: 'credential_rejected',
    matches: named(...REFUSED_SIGNATURE),
    sentence: ({ credential }) =>
      `The secret access key does not belong to the access key id from ${credential.source}.`,
    hint: ({ credential }) => `Enter both again, as they were given out together: ${credential.mend}`,
  },
  {
    code: 'credential_rejected',
    matches: named('InvalidClientTokenId', 'UnrecognizedClient', 'InvalidAccessKeyId'),
    sentence: ({ credential }) =>
      credential.kind === 'keys' && credential.sessionToken !== undefined
        ? `AWS does not know the access key id from ${credential.source}, or the session token is not its own.`
        : `AWS does not know the access key id from ${credential.source}.`,
    hint: ({ credential, region }) =>
      `It may have been deleted or switched off, or belong to another partition of AWS; or ${region} is not switched on for the account. Enter another: ${credential.mend}`,
  },
  {
    code: 'forbidden',
    matches: named('RegionDisabled'),
    sentence: ({ region }) =>
      `The account does not use the region ${region}, or AWS answers for no keys there.`,
    hint: () =>
      'Choose another region (AWS_REGION, --region), or have it switched on in the AWS console (Account, Regions).',
  },
  {
    code: 'credential_rejected',
    matches: (said) => named('ExpiredToken', 'TokenRefreshRequired')(said),
    sentence: ({ credential }) =>
      credential.kind === 'keys'
        ? `The session token of the access key id from ${credential.source} has expired.`
        : `The API key from ${credential.source} has expired.`,
    hint: ({ credential }) => `Get new ones where these came from, then: ${credential.mend}`,
  },
  {
    code: 'credential_rejected',
    matches: (said) =>
      said.credential.kind === 'token' &&
      (said.status === 401 ||
        (said.name === 'AccessDenied' && /api key|bearer token|authentication/i.test(said.words))),
    sentence: ({ url, credential, words }) =>
      `${url.host} refused the credential from ${credential.source}${quoted(words)}.`,
    hint: ({ credential }) => `Mend it with: ${credential.mend}`,
  },
  {
    code: 'forbidden',
    matches: says(/use case details/i),
    sentence: ({ model, region }) =>
      `AWS wants to know what ${model ?? 'the model'} is used for before it answers in ${region}.`,
    hint: () =>
      'Fill in the use case form in the Bedrock console (Model catalog); it counts after some 15 minutes.',
  },
  {
    code: 'forbidden',
    matches: says(/have access to the model/i),
    sentence: ({ model, region }) => `This account has no access to ${model ?? 'the model'} in ${region}.`,
    hint: () => 'Ask for it in the Bedrock console (Model access), or choose another: mira models -p bedrock',
  },
  {
    code: 'forbidden',
    matches: named('AccessDenied', 'UnauthorizedOperation', 'NotAuthorized', 'OptInRequired'),
    sentence: ({ words }) => `AWS does not allow this${quoted(words)}.`,
    hint: ({ words }) => {
      const action = /to perform:? ([\w-]+:\w+)/.exec(words)?.[1];
      return action === undefined
        ? 'Whoever runs the account can allow it.'
        : `Whoever runs the account can allow it: the permission is ${action}.`;
    },
  },
  {
    code: 'invalid_request',
    matches: says(/on-demand throughput/i),
    sentence: ({ model, region }) =>
      `${model ?? 'The model'} answers through an inference profile only, in ${region}.`,
    hint: () =>
      'Ask the profile instead; its name begins with us., eu., apac. or global.: mira models -p bedrock',
  },
  {
    code: 'model_not_found',
    matches: (said) =>
      (named('Validation')(said) &&
        says(/model identifier is invalid|model id\b.*(?:invalid|not found)/i)(said)) ||
      (named('ResourceNotFound')(said) && said.model !== undefined),
    sentence: ({ model, region, words }) =>
      `Bedrock has no ${model ?? 'such model'} in ${region}${quoted(words)}.`,
    hint: () => 'List those that are there: mira models -p bedrock',
  },
  {
    code: 'input_too_large',
    matches: (said) =>
      named('Validation')(said) &&
      says(/too long|too large|too many (?:input )?tokens|exceeds? the (?:maximum|context)/i)(said),
    sentence: ({ url, words }) => `${url.host} finds the question too large${quoted(words)}.`,
    hint: () => 'Ask with less text or fewer files.',
  },
  {
    code: 'quota_exceeded',
    matches: (said) =>
      named('ServiceQuotaExceeded')(said) || (isThrottled(said) && says(/per (?:day|month)|daily/i)(said)),
    sentence: ({ url, words }) => `${url.host} has nothing left for this account${quoted(words)}.`,
    hint: () =>
      'Look at the quotas of Bedrock in the AWS console (Service Quotas); waiting a moment does not help.',
  },
  {
    code: 'rate_limited',
    // An answer with that status can say how long to wait, see below.
    matches: (said) => said.status !== 429 && isThrottled(said),
    sentence: ({ url, words }) => `${url.host} limits how often it may be asked${quoted(words)}.`,
    hint: () => 'Wait a minute and try again.',
  },
  {
    code: 'server_error',
    matches: named('ModelNotReady', 'ModelError', 'ModelTimeout', 'ModelStreamError'),
    sentence: ({ url, status, words }) =>
      `The model at ${url.host} failed${status === undefined ? '' : ` (status ${status})`}${quoted(words)}.`,
    hint: () => 'Try again in a moment.',
  },
  {
    code: 'invalid_request',
    matches: (said) => said.status === undefined && named('Validation')(said),
    sentence: ({ url, words }) => `${url.host} does not accept the request${quoted(words)}.`,
    hint: () => undefined,
  },
];

function isThrottled({ name }: Said): boolean {
  return /^(?:Throttling|ThrottledRequest|TooManyRequests|RequestLimitExceeded|SlowDown)$/.test(name);
}

function byStatus({ status, headers, url, words, credential, now }: Said): MiraError {
  if (status !== undefined)
    return serviceError({ status, headers, url, body: words }, { bearer: asBearer(credential), now });
  return new MiraError('server_error', `${url.host} failed${quoted(words)}.`, {
    hint: 'Try again in a moment.',
    requestId: requestId(headers),
  });
}

/** What a cache or a proxy says of the time is not what the request was refused by. */
function isTold(skewMs: number | undefined): skewMs is number {
  return skewMs !== undefined && Math.abs(skewMs) >= 60_000;
}

/** "12 min ahead of theirs" */
export function skewWords(skewMs: number): string {
  return `${formatWait(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} theirs`;
}

function quoted(words: string): string {
  return words === '' ? '' : `: ${words.replace(/[.\s]+$/, '')}`;
}

interface Fault {
  /** Without a namespace, `Exception` and the small first letter that it has inside a stream. */
  readonly name: string;
  readonly message: string;
}

function namedFault({ headers, body }: AwsAnswer): Fault {
  const value = typeof body === 'string' ? parseJson(body) : body;
  const fields = isRecord(value) ? value : {};
  const xml = typeof body === 'string' && /^\s*<(?:\?xml|ErrorResponse|Response)/.test(body) ? body : '';
  const name = headers['x-amzn-errortype'] ?? fields['__type'] ?? fields['code'] ?? element(xml, 'Code');
  const message = fields['message'] ?? fields['Message'] ?? element(xml, 'Message');
  const isPlain = typeof body === 'string' && !isRecord(value) && xml === '';
  return {
    name: shortName(typeof name === 'string' ? name : ''),
    message: typeof message === 'string' ? message : isPlain ? body : '',
  };
}

/** `com.amazon#AccessDeniedException:http://…` is `AccessDenied`. */
function shortName(name: string): string {
  const [bare = ''] = name.slice(name.indexOf('#') + 1).split(':');
  return bare.replace(/(?:Exception|Error)$/, '').replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function quotable(message: string, credential: AwsCredential): string {
  const { value } = asBearer(credential);
  return serviceWords(message.replaceAll(value, '[redacted]')).text;
}
