/**
 * The fields of a request as they are typed, `key=value`: made into a JSON object, whose values have the types they
 * look like, or into a query. `a[b]=1` nests, `a[]=1` appends, `a[][b]=1` begins a new object when the last has its b.
 */
import { MiraError } from '../../errors.ts';

export interface Field {
  readonly key: string;
  readonly value: string;
  /** The value is text, whatever it looks like. */
  readonly isText: boolean;
}

/** @throws MiraError `invalid_input`; the value is not repeated */
export function parseField(text: string): Omit<Field, 'isText'> {
  const at = text.indexOf('=');
  if (at > 0) return { key: text.slice(0, at), value: text.slice(at + 1) };
  throw new MiraError('invalid_input', 'A field has no name, or no = after it.', {
    hint: 'Write fields as key=value, for example: -f model=mira',
  });
}

type Json = string | number | boolean | null | Json[] | JsonFields;
interface JsonFields {
  [key: string]: Json;
}

/** @throws MiraError `invalid_input` for a key that nothing can be made of, or that contradicts an earlier one */
export function fieldsToJson(fields: readonly Field[]): string {
  const body = emptyObject();
  for (const field of fields) put(body, field);
  return JSON.stringify(body);
}

/** A query has text alone: keys and values as they were typed. */
export function addToQuery(url: URL, fields: readonly Field[]): void {
  for (const { key, value } of fields) url.searchParams.append(key, value);
}

/** Without a prototype, so that `__proto__` is a name like any other. */
function emptyObject(): JsonFields {
  return Object.create(null) as JsonFields;
}

function put(body: JsonFields, field: Field): void {
  const [name = '', ...steps] = partsOf(field.key);
  let place: Place = inObject(body, name);
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    place = step === '' ? inArray(place, { field, next }) : inObject(objectAt(place, field), step);
  }
  if (place.get() !== undefined) throw contradiction(field);
  place.set(field.isText ? field.value.toWellFormed() : typed(field.value));
}

const LONGEST_PATH = 20;

/** `a[b][]` is a, b, and an empty part. */
function partsOf(key: string): readonly string[] {
  const [, name, rest] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(key) ?? [];
  const parts = rest === undefined ? [] : [...rest.matchAll(/\[([^[\]]*)\]/g)].map(([, part = '']) => part);
  if (name !== undefined && parts.length <= LONGEST_PATH) return [name, ...parts];
  throw new MiraError('invalid_input', 'The name of a field has brackets that do not match.', {
    hint: 'Names are like: model, options[limit], messages[][role].',
  });
}

interface Place {
  get(): Json | undefined;
  set(value: Json): void;
}

function inObject(object: JsonFields, key: string): Place {
  return {
    get: () => object[key],
    set: (value) => {
      object[key] = value;
    },
  };
}

function objectAt(place: Place, field: Field): JsonFields {
  const there = place.get();
  if (there === undefined) {
    const made = emptyObject();
    place.set(made);
    return made;
  }
  if (typeof there === 'object' && there !== null && !Array.isArray(there)) return there;
  throw contradiction(field);
}

/** A new end of the list, or its last object where that has no `next` yet. */
function inArray(
  place: Place,
  { field, next }: { readonly field: Field; readonly next: string | undefined },
): Place {
  const there = place.get() ?? [];
  if (!Array.isArray(there)) throw contradiction(field);
  place.set(there);
  const last = there.at(-1);
  const goesOn =
    next !== undefined &&
    next !== '' &&
    typeof last === 'object' &&
    last !== null &&
    !Array.isArray(last) &&
    !(next in last);
  const index = goesOn ? there.length - 1 : there.length;
  return {
    get: () => there[index],
    set: (value) => {
      there[index] = value;
    },
  };
}

function contradiction({ key }: Field): MiraError {
  return new MiraError('invalid_input', `The field ${key} is given twice, or as two different things.`);
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** A number too long to be kept exactly stays text. */
function typed(value: string): Json {
  if (value === 'true') return true;
  if (value === 'false') return false;
  if (value === 'null') return null;
  if (!NUMBER.test(value)) return value.toWellFormed();
  const number = Number(value);
  const isExact = Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
  return isExact ? number : value;
}
