import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RevocationStore } from '../../src/revocations/revocation-store.ts';

/** Declares the tests of the port. `open` returns an empty store. */
export function revocationStoreSuite(
  name: string,
  open: () => Promise<{ store: RevocationStore; close(): Promise<void> }>,
): void {
  describe(`revocation store: ${name}`, () => {
    let store: RevocationStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
    });
    afterEach(() => close());

    it('is empty at first', async () => {
      expect(await store.load()).toEqual({ tokens: new Map(), users: [] });
      expect(await store.disabledUsers()).toEqual([]);
    });

    it('keeps tokens, and forgets expired ones when it stores the next', async () => {
      await store.addToken('a', 1_000, 0);
      await store.addToken('b', 2_000, 999);
      expect((await store.load()).tokens).toEqual(
        new Map([
          ['a', 1_000],
          ['b', 2_000],
        ]),
      );
      await store.addToken('c', 253_402_214_400_000, 1_000);
      expect([...(await store.load()).tokens.keys()].sort()).toEqual(['b', 'c']);
    });

    it('keeps a token once, with its last expiry', async () => {
      await store.addToken('a', 1_000, 0);
      await store.addToken('a', 2_000, 0);
      expect((await store.load()).tokens).toEqual(new Map([['a', 2_000]]));
    });

    it('keeps disabled users, whatever their ids hold, until they are enabled', async () => {
      const ids = ['1', '$where', "'; DROP TABLE users; --", '𝒳\u0000y', 'x'.repeat(128)];
      for (const id of ids) await store.addUser(id);
      await store.addUser('1');
      expect([...(await store.load()).users].sort()).toEqual([...ids].sort());
      await store.removeUser('1');
      await store.removeUser('nobody');
      expect([...(await store.load()).users].sort()).toEqual(ids.slice(1).sort());
      expect((await store.disabledUsers()).toSorted()).toEqual(ids.slice(1).sort());
    });
  });
}
