/** The environment for a helper program (browser, clipboard): everything but the variables that may hold our credentials. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function childEnvironment(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !isOwnVariable(name)) kept[name] = value;
  }
  return kept;
}

/** A variable of mira's, or of a service whose keys it keeps. */
export function isOwnVariable(name: string): boolean {
  return /^(MIRA_|MIRRA_|OPENAI_|ANTHROPIC_|AWS_)/.test(name);
}
