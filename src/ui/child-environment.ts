/** The environment for a helper program (browser, clipboard): everything but mira's own variables, which may hold credentials. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function childEnvironment(env: Environment): Record<string, string> {
  const own = /^(MIRA_|MIRRA_|OPENAI_|ANTHROPIC_|AWS_)/;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !own.test(name)) kept[name] = value;
  }
  return kept;
}
