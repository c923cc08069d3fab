import { KEY_FAMILIES } from '../../auth/key-format.ts';
import { requireTokenValue } from '../../auth/token-value.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { PROTECTION } from '../../store/protection.ts';
import type { ProtectionForm } from '../../store/protection.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import { requireLabel } from '../../vault/label.ts';
import { requireVariableName } from '../../vault/variable-names.ts';
import type { Token } from '../../vault/vault.ts';
import { valueCommand } from '../define.ts';
import type { Input } from '../define.ts';
import { moment } from '../moments.ts';
import { parseExpiry } from './expiry.ts';
import { readValue } from './read-value.ts';
import { tokenWriter } from './token-json.ts';

const options = {
  label: { kind: 'text', flags: '--label <label>', summary: 'what you call it' },
  env: { kind: 'text', flags: '--env <name>', summary: 'the environment variable it is for' },
  expires: {
    kind: 'text',
    flags: '--expires <date>',
    summary: 'when it expires: 2027-01-31 (00:00 UTC), a moment, or 90d',
  },
  force: { kind: 'flag', flags: '--force', summary: 'keep the value whatever it looks like' },
  allowName: {
    kind: 'list',
    flags: '--allow-name <name>',
    summary: 'take a variable that changes how programs run',
  },
} as const;

interface Added {
  readonly token: Token;
  /** What the file that it is sealed in protects against. */
  readonly protection: ProtectionForm;
  readonly now: number;
}

export const add = valueCommand<typeof options, Added>({
  summary: 'Keep a token, typed unseen or read from stdin',
  description:
    'Keep a token: a value under a label of yours, for an environment variable. It is sealed in the credentials file under a key in the keychain, or under a passphrase or a key file where there is no keychain, and never shown again. Known formats of keys are checked here; nothing is sent.',
  options,
  examples: [
    { command: 'mira tokens add --label openai --env OPENAI_API_KEY', shows: 'asks for the value, unseen' },
    {
      command: 'pass show github | mira tokens add --label github --env GITHUB_TOKEN --expires 90d',
      shows: 'takes it from another program',
    },
  ],
  run: async (context, input) => {
    const wanted = requireWanted(context, input);
    const { label, env } = wanted;
    const vault = await context.vault();
    await vault.requireFree(label);
    await vault.prepare();
    const { value, source } = await readValue(context, {
      question: `Value of ${env}:`,
      command: `mira tokens add --label ${shellQuote(label)} --env ${env}`,
    });
    const kind = requireTokenValue(value, { env, source, force: input.options.force });
    if (kind === 'other' && value !== value.trim())
      context.notice('The value begins or ends with white space, which is kept.');
    const token = { ...wanted, kind, addedAt: context.now() };
    await context.withoutInterruption(() => vault.add({ ...token, value }));
    const protection = (await context.fileProtection()) ?? 'key_file';
    return { token, protection, now: token.addedAt };
  },
  human: ({ token: { label, env, kind, expiresAt }, protection }, style) => {
    const what = KEY_FAMILIES.find(({ id }) => id === kind)?.label ?? 'a value';
    const end = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
    return [`Kept ${label}: ${what} for ${env}${end}.`, style.dim(`Sealed; ${PROTECTION[protection]}.`)].join(
      '\n',
    );
  },
  json: ({ token, protection, now }) => ({
    schema: 'mira.tokens.add/1',
    ...tokenWriter(now)(token),
    sealed_with: protection,
  }),
});

interface Wanted {
  readonly label: string;
  readonly env: string;
  readonly expiresAt: number | undefined;
}

function requireWanted({ platform, now }: Context, { options: given }: Input<typeof options>): Wanted {
  const { label, env, expires, allowName } = given;
  if (label === undefined || env === undefined) {
    throw new MiraError('invalid_usage', `${label === undefined ? '--label' : '--env'} is needed.`, {
      hint: 'For example: mira tokens add --label openai --env OPENAI_API_KEY',
    });
  }
  return {
    label: requireLabel(label),
    env: requireVariableName(env, { platform, allowed: allowName }),
    expiresAt: expires === undefined ? undefined : parseExpiry(expires, now()),
  };
}
