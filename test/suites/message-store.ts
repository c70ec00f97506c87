import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageStore, StoredMessage } from '../../src/history/message-store.ts';

const idOf = (n: number): string => `1-${String(n).padStart(4, '0')}`;
const timeOf = (n: number): string => new Date(n * 1_000).toISOString();
const message = (n: number, msg: Partial<StoredMessage['msg']> = {}): StoredMessage => ({
  id: idOf(n),
  sentAt: timeOf(n),
  userId: 'ann',
  msg: { from_user: 'Ann', text: `m${n}`, ...msg },
});
const messages = (from: number, to: number): StoredMessage[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

/** What every adapter of the port must keep. `open` gives an empty store. */
export function messageStoreSuite(
  name: string,
  open: () => Promise<{ store: MessageStore; close(): Promise<void> }>,
): void {
  describe(`message store: ${name}`, () => {
    let store: MessageStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
    });
    afterEach(() => close());

    const all = async () => (await store.before(undefined, 10_000)).messages.map(({ id }) => id);

    it('is empty at first', async () => {
      expect(await store.before(undefined, 50)).toEqual({ messages: [], gaps: [], more: false });
      expect(await store.before(idOf(1), 50)).toEqual({ messages: [], gaps: [], more: false });
      expect(await store.runs()).toEqual([]);
      await store.prune(timeOf(1), 1);
    });

    it('keeps messages exactly, whatever they hold', async () => {
      const odd = [
        message(1, { text: '\u0000\u001f"\\ \u2028 é e\u0301 𝒳 ', nonce: '$where' }),
        message(2, { text: 'x'.repeat(4_096), from_user: '__proto__' }),
        message(3, { text: '{"$gt": ""}', nonce: '\u0000' }),
      ];
      await store.append(odd, []);
      expect((await store.before(undefined, 50)).messages).toEqual(odd);
    });

    it('pages back, oldest first, and says whether there is more', async () => {
      // In whatever order they come.
      await store.append(messages(6, 10), []);
      await store.append(messages(1, 5), []);
      expect(await store.before(undefined, 4)).toEqual({ messages: messages(7, 10), gaps: [], more: true });
      expect(await store.before(idOf(7), 4)).toEqual({ messages: messages(3, 6), gaps: [], more: true });
      expect(await store.before(idOf(3), 2)).toEqual({ messages: messages(1, 2), gaps: [], more: false });
      expect(await store.before(idOf(1), 4)).toEqual({ messages: [], gaps: [], more: false });
      // Any place of the order will do.
      expect((await store.before(`${idOf(5)}-x`, 1)).messages).toEqual(messages(5, 5));
      expect((await store.before('~', 1)).messages).toEqual(messages(10, 10));
    });

    it('takes a message once, and with it those that are new', async () => {
      await store.append(messages(1, 3), [idOf(4)]);
      await store.append([message(2, { text: 'another' }), message(5)], [idOf(4), idOf(6)]);
      const { messages: kept, gaps } = await store.before(undefined, 50);
      expect([kept, gaps]).toEqual([
        [...messages(1, 3), message(5)],
        [idOf(4), idOf(6)],
      ]);
    });

    it('names each gap in one page: that of the message before it', async () => {
      await store.append([message(2), message(4), message(6)], [idOf(1), idOf(3), idOf(5), idOf(7)]);
      expect((await store.before(undefined, 2)).gaps).toEqual([idOf(5), idOf(7)]);
      expect((await store.before(idOf(4), 2)).gaps).toEqual([idOf(1), idOf(3)]);
      expect((await store.before(idOf(6), 1)).gaps).toEqual([idOf(5)]);
    });

    it('names a gap at the place of a message that is kept, also where a page begins with that', async () => {
      await store.append([message(2), message(4), message(6)], [idOf(4)]);
      expect((await store.before(undefined, 3)).gaps).toEqual([idOf(4)]);
      expect((await store.before(undefined, 2)).gaps).toEqual([]);
      expect((await store.before(idOf(4), 2)).gaps).toEqual([idOf(4)]);
    });

    it('forgets by age and by number, and gaps and runs that lie before all that is left', async () => {
      for (const [epoch, lastId] of [
        ['0', '0-9999'],
        ['1', '1-0010'],
        ['2', undefined],
      ] as const)
        await store.putRun({ epoch, lastId });
      await store.append(messages(1, 10), [idOf(2), idOf(9)]);
      await store.prune(timeOf(4), 100);
      expect(await all()).toEqual(messages(4, 10).map(({ id }) => id));
      await store.prune(timeOf(0), 3);
      expect(await all()).toEqual([idOf(8), idOf(9), idOf(10)]);
      expect((await store.before(undefined, 50)).gaps).toEqual([idOf(9)]);
      expect((await store.runs()).map(({ epoch }) => epoch)).toEqual(['1', '2']);
    });

    it('forgets many', async () => {
      await store.append(messages(1, 2_500), []);
      await store.prune(timeOf(0), 10);
      expect(await all()).toHaveLength(10);
    });

    it('keeps runs, and how each ended', async () => {
      await store.putRun({ epoch: '2', lastId: undefined });
      await store.putRun({ epoch: '1', lastId: undefined });
      await store.putRun({ epoch: '1', lastId: '1-5' });
      expect(await store.runs()).toEqual([
        { epoch: '1', lastId: '1-5' },
        { epoch: '2', lastId: undefined },
      ]);
    });
  });
}
