/**
 * The steps of a rotation, each of which may be the last: at any moment what is stored works, or what worked before is
 * stored beside it. The new value is tested before it is stored; the old one goes when the new one has answered.
 */
import { requireTokenValue } from '../../auth/token-value.ts';
import type { Context } from '../../context.ts';
import { MiraError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { shellQuote } from '../../store/shell-quote.ts';
import type { Token, Vault } from '../../vault/vault.ts';
import type { checkToken, TokenCheck, TokenOutcome } from './check-token.ts';
import { readValue } from './read-value.ts';
import { createRevoker } from './revoke-old.ts';
import type { Revocation } from './revoke-old.ts';

export interface Rotation {
  readonly kind: 'rotated';
  readonly label: string;
  readonly env: string;
  /** The family of the new value, or `other`. */
  readonly keyKind: string;
  readonly expiresAt: number | undefined;
  /** The moment of the exchange. */
  readonly now: number;
  /** Undefined when no test was wanted. */
  readonly check: TokenCheck | undefined;
  readonly isOldKept: boolean;
  /** Undefined when it was not tried. */
  readonly revocation: Revocation | undefined;
  /** Where a person revokes the old key, if mira knows. */
  readonly revokeAt: string | undefined;
}

export interface RotationWish {
  readonly label: string;
  readonly expiresAt: number | undefined;
  readonly force: boolean;
  /** Revoke the old key without asking. */
  readonly revoke: boolean;
  /** Undefined for no test. */
  readonly check: typeof checkToken | undefined;
}

/** @throws MiraError: then the token is as it was. */
export async function rotateToken(context: Context, wish: RotationWish): Promise<Rotation> {
  const vault = await context.vault();
  const { token, old } = await openToken(vault, wish.label);
  await vault.prepare();
  context.keepOut(old);
  const { label, env } = token;
  const { value, source } = await readValue(context, {
    question: `New value of ${env}:`,
    command: `mira tokens rotate ${shellQuote(label)}`,
  });
  const kind = requireTokenValue(value, { env, source, force: wish.force });
  if (value === old) throw new MiraError('invalid_input', `That is the value ${label} has already.`);
  const check = await wish.check?.(context, { env, kind, value });
  if (check !== undefined) requireNoRefusal(check, label);
  const isProven = check?.outcome === 'valid';

  const revoker = await createRevoker(context, { env, kind: token.kind, old });
  const mayRevoke = isProven && revoker.canRevoke;
  const { expiresAt } = wish;
  await context.withoutInterruption(() =>
    vault.replace({ label, value, kind, expiresAt, proven: isProven && !mayRevoke }),
  );
  const revocation = mayRevoke
    ? wish.revoke || (await revoker.isWanted())
      ? await revoker.revoke(value)
      : undefined
    : refusedWish({ wish, isProven });
  if (mayRevoke) await context.withoutInterruption(() => vault.settle(label));
  const { revokeAt } = revoker;
  return {
    kind: 'rotated',
    label,
    env,
    keyKind: kind,
    expiresAt,
    now: context.now(),
    check,
    isOldKept: !isProven,
    revocation,
    revokeAt,
  };
}

function refusedWish({
  wish,
  isProven,
}: {
  readonly wish: RotationWish;
  readonly isProven: boolean;
}): Revocation | undefined {
  if (!wish.revoke) return undefined;
  return {
    revoked: false,
    reason: isProven ? 'its service lets only a person do that' : 'the new value was not tested',
  };
}

/** The vault is opened before anything is asked: a value that cannot be kept need not be typed. */
async function openToken(
  vault: Vault,
  label: string,
): Promise<{ readonly token: Token; readonly old: string }> {
  const old = (await vault.values([label])).get(label);
  const token = (await vault.list()).find((each) => each.label === label);
  if (old !== undefined && token !== undefined) return { token, old };
  throw new MiraError('not_found', 'The token was removed by another mira.');
}

/** What a service, or nobody, can say of a value that may take the place of one that works. */
const ACCEPTED: readonly TokenOutcome[] = ['valid', 'unverified', 'unknown_service'];

const CODES: Partial<Readonly<Record<TokenOutcome, ErrorCode>>> = {
  revoked: 'credential_rejected',
  wrong_scope: 'forbidden',
  malformed: 'malformed_key',
  misplaced: 'other_vendor',
  not_configured: 'invalid_config',
  no_quota: 'quota_exceeded',
  rate_limited: 'rate_limited',
  unreachable: 'network_failed',
  failed: 'server_error',
};

function requireNoRefusal({ outcome, detail }: TokenCheck, label: string): void {
  if (ACCEPTED.includes(outcome)) return;
  const why = detail ?? outcome.replaceAll('_', ' ');
  throw new MiraError(CODES[outcome] ?? 'server_error', `The new value was not taken: ${why}.`, {
    hint: `${label} has its old value. Give another one, or keep this one untested: --no-test`,
  });
}
