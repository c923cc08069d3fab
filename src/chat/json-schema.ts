/** JSON Schema 2020-12, by ajv. A `format` is an annotation, as the specification has it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject } from 'ajv/dist/2020.js';
import { MiraError } from '../errors.ts';

/** What does not fit, at most five of it, as "/items/0 must be integer"; empty for a value that is valid. */
export type Validate = (value: unknown) => readonly string[];

const MOST_FAULTS = 5;

/** @throws MiraError `invalid_input` for a schema that is none; nothing is fetched for a reference */
export function compileSchema(schema: object | boolean, name: string): Validate {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  const validate = compiled(() => ajv.compile(schema), name);
  return (value) => {
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, MOST_FAULTS).map(faultText);
  };
}

function compiled<T>(compile: () => T, name: string): T {
  try {
    return compile();
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/[.\s]+$/, '') : 'unknown reason';
    throw new MiraError('invalid_input', `${name} holds no JSON Schema that mira can use: ${reason}.`, {
      hint: 'It is read as JSON Schema 2020-12, with references within the file only.',
      cause: error,
    });
  }
}

function faultText({ instancePath, message = 'is not valid', params }: ErrorObject): string {
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  const named = typeof extra === 'string' ? ` (${JSON.stringify(extra)})` : '';
  return `${instancePath === '' ? 'the answer' : instancePath} ${message}${named}`;
}
