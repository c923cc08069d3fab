import type { SecretStore } from './secret-store.ts';
import { requireStorable } from './storable.ts';
import { PROTECTION } from './protection.ts';

/** Secrets that end with this process. */
export function createMemoryStore(): SecretStore {
  const secrets = new Map<string, string>();
  return {
    kind: 'memory',
    protection: PROTECTION.memory,
    async read(name) {
      return secrets.get(name);
    },
    async write(name, value) {
      requireStorable(value);
      secrets.set(name, value);
    },
    async remove(name) {
      return secrets.delete(name);
    },
    async probe() {},
  };
}
