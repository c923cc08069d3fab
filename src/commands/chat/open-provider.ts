/** From options and settings to a provider that answers: which service, at which address, with which credential. */
import { DEFAULT_RETRIES } from '../../api/retry.ts';
import type { Patience } from '../../chat/ask.ts';
import type { ChatProvider } from '../../chat/provider.ts';
import { createMiraProvider } from '../../chat/providers/mira.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import type { Setting, Settings } from '../../settings.ts';
import { BUILT_IN_PROVIDERS, isBuiltIn } from '../../store/config-schema.ts';
import type { BuiltInProvider } from '../../store/config-schema.ts';
import { refusingOwnCredential } from './refuse-secrets.ts';

export interface ProviderChoice {
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly retries: number | undefined;
  readonly force: boolean;
  /** Nothing is sent, for --dry-run: what would be refused for want of a key is shown without one. */
  readonly mayLackKey?: boolean | undefined;
  /** What is asked for is public on some installations of the platform: it is asked without a credential where there is none. */
  readonly mayBeSignedOut?: boolean | undefined;
  /** For --allow-secrets. */
  readonly allowSecrets?: boolean | undefined;
  /** The question comes with pictures. */
  readonly showsImages?: boolean | undefined;
  /** The conversation that goes on: who answered in it goes on too, unless an option or the environment says otherwise. */
  readonly conversation?: { readonly provider: string; readonly model: string } | undefined;
}

export interface OpenProvider {
  readonly provider: ChatProvider;
  readonly model: string;
}

/** A choice, and how long its provider is borne with. */
export interface Opening extends ProviderChoice {
  readonly patience: Patience;
}

type Open = (context: Context, opening: Opening) => Promise<ChatProvider>;

interface ProviderKind {
  readonly open: Open;
  /** The model where nobody has chosen one. @throws MiraError where none can be had, or none goes without saying */
  defaultModel(context: Context, provider: ChatProvider): Promise<string>;
}

const BUILT_IN = {
  mira: { open: openMira, defaultModel: async () => 'mira' },
  openai: { open: openOpenAi, defaultModel: noDefaultModel },
  anthropic: { open: openAnthropic, defaultModel: noDefaultModel },
  bedrock: { open: openBedrock, defaultModel: noDefaultModel },
  ollama: { open: openOllama, defaultModel: firstOfOllama },
} as const satisfies Readonly<Record<BuiltInProvider, ProviderKind>>;

/** What is known under the name; whatever else has one was added in the configuration. */
function kindOf(name: string): ProviderKind {
  if (isBuiltIn(name)) return BUILT_IN[name];
  return {
    open: async (context, choice) => {
      const { openCustom } = await import('./open-custom.ts');
      return openCustom(context, { name, choice });
    },
    defaultModel: async (context, provider) => {
      const { firstOfCustom } = await import('./open-custom.ts');
      return firstOfCustom(context, provider);
    },
  };
}

/**
 * The provider and the model that answers.
 * @throws MiraError `not_signed_in`, `other_origin`, `model_not_found`, `invalid_input` for a provider that does not exist
 *   or is not to be shown pictures
 */
export async function openProvider(context: Context, choice: ProviderChoice): Promise<OpenProvider> {
  const settings = await context.settings();
  const { name, model } = await chosen(settings, choice);
  if (model === '') throw modelUnnamed(name, settings.get('model', choice.model));
  const kind = kindOf(name);
  if (isBuiltIn(name) && name in settings.providers)
    await (await import('./warn-of-ignored.ts')).warnOfIgnored(context, name);
  const provider = await kind.open(careful(context, choice), opening(context, choice));
  if (choice.showsImages === true) (await import('./require-takes-images.ts')).requireTakesImages(provider);
  return { provider, model: model ?? (await kind.defaultModel(context, provider)) };
}

/** The provider alone, whatever its models are. Throws like `openProvider`. */
export async function connectProvider(context: Context, choice: ProviderChoice): Promise<ChatProvider> {
  const { name } = await chosen(await context.settings(), choice);
  return kindOf(name).open(careful(context, choice), opening(context, choice));
}

function opening(context: Context, choice: ProviderChoice): Opening {
  const { sleep, now, random, log } = context;
  const patience = { retries: choice.retries ?? DEFAULT_RETRIES, sleep, now, random, log };
  return { ...choice, patience };
}

function careful(context: Context, { allowSecrets = false }: ProviderChoice): Context {
  return allowSecrets ? context : refusingOwnCredential(context);
}

interface Chosen {
  readonly name: string;
  readonly model: string | undefined;
}

/** `provider/model` is taken apart only at the name of a provider; a model that was set for one is not asked of another. */
async function chosen(settings: Settings, choice: ProviderChoice): Promise<Chosen> {
  const { conversation } = choice;
  const model = settings.get('model', choice.model);
  const provider = settings.get('provider', choice.provider);
  const wanted = model.value ?? '';
  const added = Object.keys(settings.providers).filter((one) => !isBuiltIn(one));
  const names = [...BUILT_IN_PROVIDERS, ...added];
  const prefix = names.find((one) => wanted.startsWith(`${one}/`));
  const name = await requireProvider(
    choice.provider ??
      (isAsked(model) ? prefix : undefined) ??
      (isAsked(provider) ? provider.value : undefined) ??
      conversation?.provider ??
      prefix ??
      settings.value('provider'),
    names,
  );
  const isOwn =
    model.origin === 'option' ||
    (model.origin !== 'default' && (prefix ?? settings.value('provider')) === name);
  const own = isOwn ? wanted.slice(wanted.startsWith(`${name}/`) ? name.length + 1 : 0) : undefined;
  const goesOn = conversation?.provider === name && !(isOwn && isAsked(model));
  return { name, model: goesOn ? conversation.model : own };
}

/** By the line or the environment, which go before what a conversation began with. */
function isAsked({ origin }: Setting): boolean {
  return origin === 'option' || origin === 'environment';
}

async function requireProvider(name: string, names: readonly string[]): Promise<string> {
  if (names.includes(name)) return name;
  const { findSimilarLabel } = await import('../../vault/label.ts');
  const similar = findSimilarLabel(name, names);
  const meant = similar === undefined ? '' : `Did you mean ${similar}? `;
  throw new MiraError('invalid_input', 'There is no provider of that name.', {
    hint: `${meant}The providers are: ${names.join(', ')}.`,
  });
}

function modelUnnamed(provider: string, { from }: Setting): MiraError {
  return new MiraError('invalid_input', `${from} names no model.`, {
    hint: `Say which of ${provider} is to answer, or leave it out; mira models -p ${provider} lists them.`,
  });
}

async function openMira(context: Context, choice: Opening): Promise<ChatProvider> {
  const credentials = await context.credentials();
  const credential = choice.mayBeSignedOut === true ? await credentials.find() : await credentials.require();
  const apiUrl = credentials.apiUrl(credential);
  return createMiraProvider({
    http: await context.http(),
    baseUrl: apiUrl,
    bearer: credential && credentials.bearer(credential, { apiUrl, force: choice.force }),
    ...choice.patience,
  });
}

async function openOpenAi(context: Context, choice: Opening): Promise<ChatProvider> {
  const { openOpenAi: open } = await import('./open-openai.ts');
  return open(context, choice);
}

async function openAnthropic(context: Context, choice: Opening): Promise<ChatProvider> {
  const { openAnthropic: open } = await import('./open-anthropic.ts');
  return open(context, choice);
}

async function openBedrock(context: Context, choice: Opening): Promise<ChatProvider> {
  const { openBedrock: open } = await import('./open-bedrock.ts');
  return open(context, choice);
}

async function openOllama(context: Context, choice: Opening): Promise<ChatProvider> {
  const { createOllamaProvider } = await import('../../chat/providers/ollama.ts');
  const { ollamaAddress } = await import('../../api/ollama-address.ts');
  const { ollamaEnvironment } = await import('../services/ollama-environment.ts');
  const { baseUrl, isPlain } = ollamaAddress(await ollamaEnvironment(context));
  if (isPlain) context.notice(`What you ask goes to ${baseUrl.host} without encryption.`);
  return createOllamaProvider({ http: await context.http(), baseUrl, ...choice.patience });
}

async function firstOfOllama(context: Context, provider: ChatProvider): Promise<string> {
  const [first] = await provider.models({ signal: context.signal });
  if (first !== undefined) return first.id;
  throw new MiraError('model_not_found', 'Ollama has no model yet.', {
    hint: 'Get one, for example: ollama pull llama3.2',
  });
}

/** What such a service lists is made for many purposes and costs what it costs: no model goes without saying. */
async function noDefaultModel(_context: Context, { id }: ChatProvider): Promise<string> {
  throw new MiraError('invalid_input', `Which model of ${id} is to answer?`, {
    hint: `Say it with -m MODEL (mira models -p ${id} lists them), or once for all: mira config set model ${id}/MODEL`,
  });
}
