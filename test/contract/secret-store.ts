/** What every place for secrets must do alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SecretStore } from '../../src/store/secret-store.ts';

export interface StoreUnderTest {
  /** A store over the same secrets, as another process would open it. */
  open(): Promise<SecretStore>;
  stop(): Promise<void>;
}

export interface SecretStoreContract {
  readonly name: string;
  readonly start: () => Promise<StoreUnderTest>;
  /** What was written is there when the store is opened again; false for memory. */
  readonly survivesReopen: boolean;
  readonly timeoutMs?: number;
}

export function describeSecretStore({
  name,
  start,
  survivesReopen,
  timeoutMs = 30_000,
}: SecretStoreContract): void {
  describe(`a secret store: ${name}`, { timeout: timeoutMs }, () => {
    let place: StoreUnderTest;
    let store: SecretStore;
    let last = 0;
    const newName = (): string => `profile-${++last}.0123456789ab`;

    beforeAll(async () => {
      place = await start();
      store = await place.open();
    }, timeoutMs);
    afterAll(() => place?.stop());

    test('gives back what was written', async () => {
      const item = newName();
      const value = JSON.stringify({ access: 'a', nested: { list: [1, 2] } });
      await store.write(item, value);
      expect(await store.read(item)).toBe(value);
    });

    test('has nothing under a name that was never written', async () => {
      expect(await store.read(newName())).toBeUndefined();
    });

    test('replaces what was there', async () => {
      const item = newName();
      await store.write(item, '{"v":1}');
      await store.write(item, '{"v":2}');
      expect(await store.read(item)).toBe('{"v":2}');
    });

    test('removes once, and says whether there was something', async () => {
      const item = newName();
      await store.write(item, '{"v":1}');
      expect(await store.remove(item)).toBe(true);
      expect(await store.read(item)).toBeUndefined();
      expect(await store.remove(item)).toBe(false);
    });

    test('keeps two names apart', async () => {
      const [one, other] = [newName(), newName()];
      await store.write(one, '"one"');
      await store.write(other, '"other"');
      await store.remove(one);
      expect(await store.read(other)).toBe('"other"');
    });

    test('keeps every character', async () => {
      const item = newName();
      const value = JSON.stringify({ text: 'äöü – עברית 日本語 👨‍👩‍👧 \u0001 \u007f \r\n\t "\\ \0' });
      await store.write(item, value);
      expect(await store.read(item)).toBe(value);
    });

    test.each([64, 200])('keeps %i KB', async (kilobytes) => {
      const item = newName();
      const value = JSON.stringify('é'.repeat(kilobytes * 512));
      await store.write(item, value);
      expect(await store.read(item)).toBe(value);
    });

    test('goes from a small value to a large one and back', async () => {
      const item = newName();
      const large = JSON.stringify('x'.repeat(9_000));
      await store.write(item, '"small"');
      await store.write(item, large);
      expect(await store.read(item)).toBe(large);
      await store.write(item, '"small again"');
      expect(await store.read(item)).toBe('"small again"');
      expect(await store.remove(item)).toBe(true);
      expect(await store.read(item)).toBeUndefined();
    });

    test.each([
      ['nothing', ''],
      ['a NUL character', '"a\0b"'],
      ['half a character', '"\ud800"'],
    ])('refuses %s, and the old value stands', async (_, value) => {
      const item = newName();
      await store.write(item, '"old"');
      await expect(store.write(item, value)).rejects.toThrow(TypeError);
      expect(await store.read(item)).toBe('"old"');
    });

    test('can be probed, which changes nothing', async () => {
      const item = newName();
      await store.write(item, '"kept"');
      await store.probe();
      expect(await store.read(item)).toBe('"kept"');
    });

    test('takes writes from several at once, and each gets through', async () => {
      const items = Array.from({ length: 8 }, newName);
      const writers = survivesReopen
        ? await Promise.all(items.map(() => place.open()))
        : items.map(() => store);
      await Promise.all(writers.map((writer, i) => writer.write(items[i] ?? '', JSON.stringify({ i }))));
      expect(await Promise.all(items.map((item) => store.read(item)))).toEqual(
        items.map((_, i) => JSON.stringify({ i })),
      );
    });

    test('takes writes to one name from several at once, and one of them is there whole', async () => {
      const item = newName();
      const values = Array.from({ length: 8 }, (_, i) => JSON.stringify(String(i).repeat(1_500)));
      const writers = survivesReopen
        ? await Promise.all(values.map(() => place.open()))
        : values.map(() => store);
      const outcomes = await Promise.allSettled(
        writers.map((writer, i) => writer.write(item, values[i] ?? '')),
      );
      expect(values).toContain(await store.read(item));
      // One that read back its neighbour's value says so; callers who mind hold the lock of the name.
      expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    });

    if (!survivesReopen) return;
    test('still has it when opened again', async () => {
      const item = newName();
      await store.write(item, '"still here"');
      expect(await (await place.open()).read(item)).toBe('"still here"');
    });
  });
}
