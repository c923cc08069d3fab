/** Options that hold names: each may be given several times, and hold several with commas between them. */
import { MiraError } from '../../errors.ts';
import { requireVariableName } from '../../vault/variable-names.ts';

export function readNames(given: readonly string[]): readonly string[] {
  return given
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** @throws MiraError `invalid_input` for NAME=VALUE, whose value is not repeated */
export function readVariables(given: readonly string[], option: string): readonly string[] {
  const names = readNames(given);
  if (!names.some((name) => name.includes('='))) return names;
  throw new MiraError('invalid_input', `${option} takes names of variables, without values.`, {
    hint: `For example: mira run ${option} OPENAI_API_KEY -- env`,
  });
}

export interface Rename {
  readonly name: string;
  readonly label: string;
}

/** @throws MiraError `invalid_input`; whether the name is dangerous is for the choice to say */
export function readRenames(given: readonly string[], platform: NodeJS.Platform): readonly Rename[] {
  return given.map((text) => {
    const [, name, label] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || label === undefined) {
      throw new MiraError('invalid_input', '--as takes a variable and a label, as NAME=LABEL.', {
        hint: 'For example: mira run --as OPENAI_API_KEY=team-key -- env',
      });
    }
    return { name: requireVariableName(name, { platform, allowed: [name] }), label };
  });
}
