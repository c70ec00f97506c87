import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageStore, Slice, StoredMessage } from '../../src/history/message-store.ts';

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

/** Returns the last messages before an id, by the plainest of models. */
function sliceBefore(all: readonly StoredMessage[], gaps: readonly string[], at: string, limit: number): Slice {
  const earlier = all.filter(({ id }) => id < at);
  const found = earlier.slice(-limit);
  const more = earlier.length > limit;
  return { messages: found, more, gaps: gaps.filter((gap) => gap <= at && (!more || gap > found[0]!.id)) };
}

/** Returns the first messages after an id. */
function sliceAfter(all: readonly StoredMessage[], gaps: readonly string[], at: string, limit: number): Slice {
  const later = all.filter(({ id }) => id > at);
  const found = later.slice(0, limit);
  const more = later.length > limit;
  return { messages: found, more, gaps: gaps.filter((gap) => gap > at && (!more || gap <= found.at(-1)!.id)) };
}

type Opened = () => MessageStore;

const allIds = async (store: MessageStore) => (await store.before(undefined, 10_000)).messages.map(({ id }) => id);

function pages(opened: Opened): void {
  it('is empty at first', async () => {
    const store = opened();
    expect(await store.before(undefined, 50)).toEqual({ messages: [], gaps: [], more: false });
    expect(await store.before(idOf(1), 50)).toEqual({ messages: [], gaps: [], more: false });
    expect(await store.after(idOf(1), 50)).toEqual({ messages: [], gaps: [], more: false });
    expect(await store.runs()).toEqual([]);
    expect(await store.lastDue({ from: '', before: timeOf(1), until: timeOf(2) })).toBeUndefined();
    expect(await store.retention()).toBeUndefined();
    await store.prune('', 1);
  });

  it('keeps messages exactly, whatever they hold', async () => {
    const store = opened();
    const odd = [
      message(1, { text: '\u0000\u001f"\\ \u2028 é e\u0301 𝒳 ', nonce: '$where' }),
      message(2, { text: 'x'.repeat(4_096), from_user: '__proto__' }),
      message(3, { text: '{"$gt": ""}', nonce: '\u0000' }),
    ];
    await store.append(odd, []);
    expect((await store.before(undefined, 50)).messages).toEqual(odd);
    expect((await store.after('0', 50)).messages).toEqual(odd);
  });

  it('pages back, oldest first, and says whether there is more', async () => {
    const store = opened();
    // In any order.
    await store.append(messages(6, 10), []);
    await store.append(messages(1, 5), []);
    expect(await store.before(undefined, 4)).toEqual({ messages: messages(7, 10), gaps: [], more: true });
    expect(await store.before(idOf(7), 4)).toEqual({ messages: messages(3, 6), gaps: [], more: true });
    expect(await store.before(idOf(3), 2)).toEqual({ messages: messages(1, 2), gaps: [], more: false });
    expect(await store.before(idOf(1), 4)).toEqual({ messages: [], gaps: [], more: false });
    // Any position of the stream is a valid argument.
    expect((await store.before(`${idOf(5)}-x`, 1)).messages).toEqual(messages(5, 5));
    expect((await store.before('~', 1)).messages).toEqual(messages(10, 10));
  });

  it('pages forwards, oldest first, and says whether there is more', async () => {
    const store = opened();
    await store.append(messages(6, 10), []);
    await store.append(messages(1, 5), []);
    expect(await store.after('0', 4)).toEqual({ messages: messages(1, 4), gaps: [], more: true });
    expect(await store.after(idOf(4), 4)).toEqual({ messages: messages(5, 8), gaps: [], more: true });
    expect(await store.after(idOf(8), 2)).toEqual({ messages: messages(9, 10), gaps: [], more: false });
    expect(await store.after(idOf(10), 4)).toEqual({ messages: [], gaps: [], more: false });
    expect((await store.after(`${idOf(5)}-x`, 1)).messages).toEqual(messages(6, 6));
    expect((await store.after('~', 1)).messages).toEqual([]);
  });

  it('names each gap in one page forwards: that of the message after it, or the last one', async () => {
    const store = opened();
    await store.append([message(2), message(4), message(6)], [idOf(1), idOf(3), idOf(5), idOf(7)]);
    expect((await store.after('0', 2)).gaps).toEqual([idOf(1), idOf(3)]);
    expect((await store.after(idOf(4), 2)).gaps).toEqual([idOf(5), idOf(7)]);
    expect((await store.after(idOf(3), 1)).gaps).toEqual([]);
    await store.append([], [idOf(4)]);
    // At the position of a message: before it, and not after.
    expect((await store.after(idOf(3), 1)).gaps).toEqual([idOf(4)]);
    expect((await store.after(idOf(4), 1)).gaps).toEqual([idOf(5), idOf(7)]);
  });

  it('agrees with a list at every position, for every limit, and compares ids byte by byte', async () => {
    const store = opened();
    const ids = ['1-0001', '1-0001-x', '1-A', '1-a', '10-0001', '2-0001'];
    const gaps = ['1-!', '1-0001', '1-0001~', '1-B', '1-~', '1-~~', '2-0001', '2-0002', '~'];
    const all = ids.map((id): StoredMessage => ({ ...message(1), id }));
    await store.append(all.toReversed(), gaps.toReversed());
    for (const at of ['!', '0', '1-', '1-AA', '1-_', '3', '~~', ...ids, ...gaps])
      for (let limit = 1; limit <= ids.length + 1; limit += 1) {
        expect(await store.before(at, limit), `before ${at}, ${limit}`).toEqual(sliceBefore(all, gaps, at, limit));
        expect(await store.after(at, limit), `after ${at}, ${limit}`).toEqual(sliceAfter(all, gaps, at, limit));
      }
  });

  it('appends a message once, and with it those that are new', async () => {
    const store = opened();
    await store.append(messages(1, 3), [idOf(4)]);
    await store.append([message(2, { text: 'another' }), message(5)], [idOf(4), idOf(6)]);
    const { messages: kept, gaps } = await store.before(undefined, 50);
    expect([kept, gaps]).toEqual([
      [...messages(1, 3), message(5)],
      [idOf(4), idOf(6)],
    ]);
  });

  it('names each gap in one page: the page of the message before it', async () => {
    const store = opened();
    await store.append([message(2), message(4), message(6)], [idOf(1), idOf(3), idOf(5), idOf(7)]);
    expect((await store.before(undefined, 2)).gaps).toEqual([idOf(5), idOf(7)]);
    expect((await store.before(idOf(4), 2)).gaps).toEqual([idOf(1), idOf(3)]);
    expect((await store.before(idOf(6), 1)).gaps).toEqual([idOf(5)]);
  });

  it('names a gap at the position of a stored message, also where a page begins with it', async () => {
    const store = opened();
    await store.append([message(2), message(4), message(6)], [idOf(4)]);
    expect((await store.before(undefined, 3)).gaps).toEqual([idOf(4)]);
    expect((await store.before(undefined, 2)).gaps).toEqual([]);
    expect((await store.before(idOf(4), 2)).gaps).toEqual([idOf(4)]);
  });
}

function retention(opened: Opened): void {
  it('removes messages up to a position, and all but the last so many, with their gaps and runs', async () => {
    const store = opened();
    for (const [epoch, lastId] of [
      ['0', '0-9999'],
      ['1', '1-0010'],
      ['2', undefined],
    ] as const)
      await store.putRun({ epoch, lastId });
    await store.append(messages(1, 10), [idOf(2), idOf(9)]);
    await store.prune(idOf(3), 100);
    expect(await allIds(store)).toEqual(messages(4, 10).map(({ id }) => id));
    await store.prune('', 3);
    expect(await allIds(store)).toEqual([idOf(8), idOf(9), idOf(10)]);
    expect((await store.before(undefined, 50)).gaps).toEqual([idOf(9)]);
    expect((await store.runs()).map(({ epoch }) => epoch)).toEqual(['1', '2']);
  });

  it('keeps a gap until retention has removed the messages it stands for', async () => {
    const store = opened();
    const [gap, last] = [`${idOf(3)}-x`, idOf(9)];
    const gaps = async () => (await store.before(undefined, 50)).gaps;
    await store.append(messages(4, 6), [gap, last]);
    // No message comes before the first one.
    await store.prune('', 100);
    expect(await gaps()).toEqual([gap, last]);
    await store.append(messages(1, 3), []);
    await store.prune(idOf(3), 100);
    expect([await allIds(store), await gaps()]).toEqual([[4, 5, 6].map(idOf), [gap, last]]);
    await store.prune(idOf(4), 100);
    expect([await allIds(store), await gaps()]).toEqual([[5, 6].map(idOf), [last]]);
    await store.prune(idOf(6), 100);
    expect([await allIds(store), await gaps()]).toEqual([[], [last]]);
    await store.prune(last, 100);
    expect(await gaps()).toEqual([]);
  });

  it('merges very many gaps with no message between them', async () => {
    const store = opened();
    const ids = Array.from({ length: 300 }, (_, n) => idOf(n * 2));
    await store.append([message(100), message(201)], ids);
    await store.prune('', 100);
    const { gaps } = await store.before(undefined, 50);
    // The last gap before a message stays, and so do the last 100 gaps.
    expect(gaps).toEqual([idOf(100), idOf(200), idOf(398), ...ids.slice(-100)]);
  });

  it('finds the last message before the first that is not due', async () => {
    const store = opened();
    const times = (from: number, before: number, until = 10_000) => ({
      from: timeOf(from),
      before: timeOf(before),
      until: timeOf(until),
    });
    await store.append(messages(1, 10), []);
    expect(await store.lastDue(times(0, 1))).toBeUndefined();
    expect(await store.lastDue(times(0, 4))).toBe(idOf(3));
    expect(await store.lastDue(times(0, 100))).toBe(idOf(10));
    // Sent before the last removal and stored after it.
    expect(await store.lastDue(times(11, 100))).toBeUndefined();
    // Sent by clocks that were far ahead, and far behind.
    await store.append(
      [
        { ...message(0), sentAt: timeOf(20_000) },
        { ...message(11), sentAt: timeOf(2) },
      ],
      [],
    );
    expect(await store.lastDue(times(1, 4))).toBe(idOf(3));
    expect(await store.lastDue(times(5, 100))).toBe(idOf(10));
  });

  it('keeps the state of retention', async () => {
    const store = opened();
    const first = { presentMs: 1.5e12, cutMs: -5, doubtedMs: 0, lastId: '', lastMs: 0 };
    await store.putRetention(first);
    expect({ ...(await store.retention()) }).toEqual(first);
    const second = { presentMs: 1.6e12 + 1, cutMs: 1.5e12, doubtedMs: 7, lastId: idOf(1), lastMs: 2 };
    await store.putRetention(second);
    expect({ ...(await store.retention()) }).toEqual(second);
  });

  it('removes a large number at once', async () => {
    const store = opened();
    await store.append(messages(1, 2_500), []);
    await store.prune('', 10);
    expect(await allIds(store)).toHaveLength(10);
    await store.prune(idOf(2_500), 10);
    expect(await allIds(store)).toEqual([]);
  });
}

function runs(opened: Opened): void {
  it('keeps runs, and how each ended', async () => {
    const store = opened();
    await store.putRun({ epoch: '2', lastId: undefined });
    await store.putRun({ epoch: '1', lastId: undefined });
    await store.putRun({ epoch: '1', lastId: '1-5' });
    expect(await store.runs()).toEqual([
      { epoch: '1', lastId: '1-5' },
      { epoch: '2', lastId: undefined },
    ]);
  });
}

/** Declares the tests of the port. `open` returns an empty store. */
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

    const opened: Opened = () => store;
    pages(opened);
    retention(opened);
    runs(opened);
  });
}
