/** What becomes of the old key at its service: deleted there by mira where that can be, else where a person does it. */
import { SERVICES } from '../../api/services.ts';
import { locateService } from '../../api/services/locate-service.ts';
import { findKeysPlace } from '../../api/services/service-failure.ts';
import { deletePlatformKey } from '../../auth/platform-keys.ts';
import type { Context } from '../../context.ts';
import { toMiraError } from '../../errors.ts';
import { findServiceOfToken } from '../services/service-of-token.ts';

const GITHUB_TOKENS_PAGE = 'https://github.com/settings/tokens';

export type Revocation =
  | { readonly revoked: true }
  /** Why not, in a few words. */
  | { readonly revoked: false; readonly reason: string };

interface OldKey {
  readonly env: string;
  readonly kind: string;
  readonly old: string;
}

interface Revoker {
  /** The service has a way that mira knows. */
  readonly canRevoke: boolean;
  readonly revokeAt: string | undefined;
  /** Asks the person, where one is there. */
  isWanted(): Promise<boolean>;
  /** Never throws for what a server says; `bearer` is the new key. */
  revoke(bearer: string): Promise<Revocation>;
}

export async function createRevoker(context: Context, { env, kind, old }: OldKey): Promise<Revoker> {
  const settings = await context.settings();
  const { service } = findServiceOfToken({ env, kind, value: old }, settings.providers);
  const isPlatform = service === SERVICES.mira && kind === 'mira';
  const places = { ...context.env, MIRA_API_URL: settings.value('api_url') };
  return {
    canRevoke: isPlatform,
    revokeAt: service === undefined ? placeOf(kind) : placeAt(service, { key: old, env: places }),
    async isWanted() {
      if (!context.canPrompt) return false;
      const { confirm } = await import('../../ui/prompts.ts');
      const { stdin, stderr } = context.io.terminal();
      const { host } = locateService(SERVICES.mira, places);
      const question = `Revoke the old key at ${host}?`;
      return confirm({ question, stdin, stderr, signal: context.signal });
    },
    async revoke(bearer) {
      try {
        const world = { http: await context.http(), signal: context.signal };
        const apiUrl = locateService(SERVICES.mira, places);
        const deletion = await deletePlatformKey(world, { apiUrl, key: old, bearer });
        if (deletion === 'deleted') return { revoked: true };
        return {
          revoked: false,
          reason: deletion === 'refused' ? 'the new key was refused' : deletion.reason,
        };
      } catch (error) {
        const failure = toMiraError(error);
        if (failure.code === 'unexpected' || context.signal.aborted) throw failure;
        return { revoked: false, reason: failure.message.replace(/\.$/, '') };
      }
    },
  };
}

type Service = (typeof SERVICES)[keyof typeof SERVICES];

function placeAt(
  service: Service,
  { key, env }: { readonly key: string; readonly env: Readonly<Record<string, string | undefined>> },
): string | undefined {
  try {
    return findKeysPlace(service, { url: locateService(service, env), key });
  } catch {
    // Nothing says where the service is.
    return service.keysAt;
  }
}

function placeOf(kind: string): string | undefined {
  if (kind === 'github') return GITHUB_TOKENS_PAGE;
  return Object.values(SERVICES).find(({ keyKind }) => keyKind === kind)?.keysAt;
}
