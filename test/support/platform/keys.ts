/** API keys in the platform's format, made at run time, kept as a hash and a 16-character prefix. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly keyPrefix: string;
  readonly createdAt: string;
}

export interface ApiKeys {
  /** The key itself is given this once. */
  mint(name?: string): string;
  find(key: string): ApiKey | undefined;
  list(): readonly ApiKey[];
  /** True when there was one and it is gone. */
  remove(id: string): boolean;
}

export function createApiKeys(): ApiKeys {
  const keys = new Map<string, ApiKey>();
  return {
    mint(name = `mira-cli-${new Date().toISOString().slice(0, 10)}`) {
      const key = `sk-mira-${randomBytes(20).toString('hex')}`;
      const createdAt = new Date().toISOString();
      keys.set(hash(key), { id: randomUUID(), name, keyPrefix: key.slice(0, 16), createdAt });
      return key;
    },
    find: (key) => keys.get(hash(key)),
    list: () => [...keys.values()],
    remove(id) {
      const found = [...keys].find(([, key]) => key.id === id);
      return found !== undefined && keys.delete(found[0]);
    },
  };
}

function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
