/** Where the key of each service would come from, and why: of the platform, auth/credential.ts tells. */
import { SERVICES } from '../../api/services.ts';
import type { Service } from '../../api/services.ts';
import type { Context } from '../../context.ts';
import { describeStored } from './describe-stored.ts';
import { explainBedrock } from './explain-bedrock.ts';
import { customServices } from './find-service.ts';
import { keyVariableOf } from './key-variable.ts';
import { MEETINGS_KEY_OF_PLATFORM } from './stored-key.ts';

export interface ServiceKeySource {
  /** A variable, or `vault`. */
  readonly source: string;
  readonly present: boolean;
  readonly chosen: boolean;
  readonly detail: string;
}

export interface ServiceKeys {
  readonly service: string;
  readonly sources: readonly ServiceKeySource[];
}

/** Reads neither a value nor a key. */
export async function explainServices(context: Context): Promise<readonly ServiceKeys[]> {
  const { providers } = await context.settings();
  const named = [SERVICES.openai, SERVICES.anthropic, SERVICES.meetings, SERVICES.mirra];
  const services = [...named, ...customServices(providers)].filter(
    ({ keyVariables }) => keyVariables.length > 0,
  );
  return Promise.all([
    ...services.map((service) => explainService(context, service)),
    explainBedrock(context),
  ]);
}

async function explainService(context: Context, service: Service): Promise<ServiceKeys> {
  const { env } = context;
  const variable = keyVariableOf(service, env) ?? '';
  const isSet = env[variable] !== undefined;
  const own = await describeStored(context, { variable });
  const stored =
    own.present || service !== SERVICES.meetings
      ? own
      : await better(own, describeStored(context, MEETINGS_KEY_OF_PLATFORM));
  return {
    service: service.id,
    sources: [
      { source: variable, present: isSet, chosen: isSet, detail: isSet ? 'API key' : 'not set' },
      {
        source: 'vault',
        present: stored.present,
        chosen: !isSet && stored.present,
        detail: isSet && stored.present ? `${stored.detail}; ${variable} comes first` : stored.detail,
      },
    ],
  };
}

async function better<T extends { readonly present: boolean }>(one: T, other: Promise<T>): Promise<T> {
  const second = await other;
  return second.present ? second : one;
}
