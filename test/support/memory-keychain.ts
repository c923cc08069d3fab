/** A keychain in memory with the limits of Windows' own: 2,560 bytes an item, and no text after a NUL. */
import { keychainError } from '../../src/store/keychain-failure.ts';
import type { SecretStore } from '../../src/store/secret-store.ts';
import { requireStorable } from '../../src/store/storable.ts';

const LIMIT_BYTES = 2_560;

export interface MemoryKeychain extends SecretStore {
  /** What is in it, for assertions. */
  readonly items: ReadonlyMap<string, string>;
  /** As a real keychain that is locked: reads find nothing, writes fail, removals do nothing. */
  lock(): void;
  unlock(): void;
}

export function createMemoryKeychain(items = new Map<string, string>()): MemoryKeychain {
  let locked = false;
  const write = async (name: string, value: string): Promise<void> => {
    requireStorable(value);
    if (locked) throw keychainError('Cannot create an item in a locked collection', 'linux');
    if (Buffer.byteLength(value) > LIMIT_BYTES) throw keychainError('The stub received bad data.', 'win32');
    items.set(name, value);
  };
  return {
    kind: 'keychain',
    protection: 'protected by this test',
    items,
    lock() {
      locked = true;
    },
    unlock() {
      locked = false;
    },
    async read(name) {
      return locked ? undefined : items.get(name);
    },
    write,
    async remove(name) {
      return !locked && items.delete(name);
    },
    async probe() {
      await write('probe', 'probe');
      items.delete('probe');
    },
  };
}
