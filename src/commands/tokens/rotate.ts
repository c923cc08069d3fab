import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import type { Style } from '../../ui/style.ts';
import { moment, secondsUntil } from '../moments.ts';
import { valueCommand } from '../define.ts';
import type { Input } from '../define.ts';
import { checkToken } from './check-token.ts';
import { parseExpiry } from './expiry.ts';
import { rotateToken } from './rotate-token.ts';
import type { Rotation } from './rotate-token.ts';

const options = {
  expires: {
    kind: 'text',
    flags: '--expires <date>',
    summary: 'when the new value expires: 2027-01-31 (00:00 UTC), a moment, or 90d',
  },
  noTest: { kind: 'flag', flags: '--no-test', summary: 'do not ask the service whether the new value works' },
  revoke: {
    kind: 'flag',
    flags: '--revoke',
    summary: 'revoke the old key at its service, where mira can, without asking',
  },
  force: { kind: 'flag', flags: '--force', summary: 'take the value whatever it looks like' },
  back: { kind: 'flag', flags: '--back', summary: 'go back to the old value, while it is kept' },
  forget: { kind: 'flag', flags: '--forget', summary: 'forget the old value, while it is kept' },
} as const;

type Result = Rotation | { readonly kind: 'back' | 'forgotten'; readonly label: string };

export const rotate = valueCommand<typeof options, Result>({
  summary: 'Exchange the value of a token for a new one that works',
  description:
    'Exchange the value of a token: the new value is read unseen or from stdin, tested at its service, and takes the place of the old one only if it works. ' +
    'Where nobody can tell, the old value is kept beside it until `mira tokens test` has an answer, and --back returns to it. ' +
    'A key of the Mira platform is revoked there if you say so; for all others mira says where to do that.',
  arguments: [{ syntax: '<label>', summary: 'which' }],
  options,
  examples: [
    { command: 'mira tokens rotate openai', shows: 'asks for the new value, unseen' },
    {
      command: 'mira tokens rotate mira --revoke < new-key.txt',
      shows: 'and ends the old key at the platform',
    },
    { command: 'mira tokens rotate openai --back', shows: 'the old value once more' },
  ],
  run: async (context, input) => {
    const { args, options: given } = input;
    const [label = ''] = args;
    if (given.back || given.forget) return settleByHand(context, { label, given });
    const { expires, force, noTest, revoke } = given;
    const expiresAt = expires === undefined ? undefined : parseExpiry(expires, context.now());
    const check = noTest ? undefined : checkToken;
    return rotateToken(context, { label, expiresAt, force, revoke, check });
  },
  human: (result, style) => {
    if (result.kind === 'rotated') return sentences(result, style).join('\n');
    return result.kind === 'back'
      ? `${result.label} has its old value again.`
      : `The old value of ${result.label} is forgotten.`;
  },
  json: (result) => ({
    schema: 'mira.tokens.rotate/1',
    label: result.label,
    ...(result.kind === 'rotated' ? rotationJson(result) : { [result.kind]: true }),
  }),
});

async function settleByHand(
  context: Context,
  { label, given }: { readonly label: string; readonly given: Input<typeof options>['options'] },
): Promise<Result> {
  if (given.back && given.forget)
    throw new MiraError('invalid_usage', '--back and --forget exclude each other.');
  const vault = await context.vault();
  const done = await context.withoutInterruption(() =>
    given.back ? vault.restore(label) : vault.settle(label),
  );
  if (done) return { kind: given.back ? 'back' : 'forgotten', label };
  throw new MiraError('not_found', `No old value of ${label} is kept.`, {
    hint: 'It is kept only until the new one has answered.',
  });
}

function sentences(rotation: Rotation, style: Style): readonly string[] {
  const { label, check, isOldKept, expiresAt } = rotation;
  const until = expiresAt === undefined ? '' : `, until ${moment(expiresAt)}`;
  const tested =
    check?.outcome === 'valid' ? `; it works at ${check.service ?? 'its service'}` : ', untested';
  const why = check?.outcome === 'valid' || check?.detail === undefined ? '' : ` (${check.detail})`;
  return [
    `${label} has its new value${tested}${why}${until}.`,
    ...(isOldKept ? keptSentences(rotation) : []),
    revocationSentence(rotation, style),
  ];
}

/** What no service is known for, no test will ever settle. */
function keptSentences({ label, check }: Rotation): readonly string[] {
  const name = shellQuote(label);
  const back = `mira tokens rotate ${name} --back`;
  const forget = `mira tokens rotate ${name} --forget`;
  return check === undefined || check.service !== undefined
    ? [
        `The old value is kept until the new one answers: mira tokens test ${name}`,
        `Back to it: ${back}; or forget it: ${forget}`,
      ]
    : [`The old value is kept. When the new one works, forget it: ${forget}; if not, go back: ${back}`];
}

function revocationSentence({ revocation, revokeAt }: Rotation, style: Style): string {
  if (revocation?.revoked === true) return 'The old key was revoked at the service.';
  const why = revocation === undefined ? '' : ` (not done: ${revocation.reason})`;
  return style.warn(
    `The old value may still work; revoke it${why}${revokeAt === undefined ? ' where it was made.' : `: ${revokeAt}`}`,
  );
}

function rotationJson(rotation: Rotation): Readonly<Record<string, unknown>> {
  const { env, keyKind, check, isOldKept, revocation, revokeAt, expiresAt, now } = rotation;
  return {
    env,
    kind: keyKind,
    ...(expiresAt === undefined
      ? {}
      : { expires_at: moment(expiresAt), expires_in: secondsUntil(expiresAt, now) }),
    service: check?.service ?? null,
    outcome: check?.outcome ?? 'not_tested',
    ...(check?.detail === undefined ? {} : { detail: check.detail }),
    previous_kept: isOldKept,
    revoked: revocation?.revoked ?? false,
    ...(revocation?.revoked === false ? { reason: revocation.reason } : {}),
    ...(revocation?.revoked === true || revokeAt === undefined ? {} : { revoke_at: revokeAt }),
  };
}
