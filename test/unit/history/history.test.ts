import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Beginning, Envelope } from '../../../src/backplane/backplane.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { type History, openHistory } from '../../../src/history/history.ts';
import type { MessageStore } from '../../../src/history/message-store.ts';
import { completeFrom, envelopeOf, readPast } from '../../../src/history/past.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { createLog } from '../../../src/log/log.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { idOf, stored } from './messages.ts';

const envelope = (n: number, text?: string): Envelope => {
  const { msg, ...rest } = stored(n, text);
  return { ...rest, frame: { type: 'chat_message', msg } };
};

/** A history over a store that a test makes unavailable, and the lines of its log. */
async function start(given?: MessageStore, shared?: { readonly isShared: true }) {
  const database = openSqlite(temporaryFolder());
  const store = given ?? sqliteMessageStore(database);
  let isAvailable = true;
  let isReady = true;
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    { logLevel: 'info', production: true },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const history = await openHistory({
    store: {
      ...store,
      append: (messages, gaps) =>
        isAvailable ? store.append(messages, gaps) : Promise.reject(new StoreUnavailable('planted')),
    },
    ...(!shared && { epoch: '1' }),
    isReady: () => isReady,
    maxAgeS: 100 * 365 * 86_400,
    maxCount: 1_000_000,
    log,
  });
  onTestFinished(() => database.close());
  return {
    store,
    history,
    lines,
    setAvailable: (available: boolean) => (isAvailable = available),
    setReady: (ready: boolean) => (isReady = ready),
    events: () => lines.map(({ event }) => event),
  };
}
const joined = (n: number): Envelope => ({
  id: idOf(n),
  sentAt: new Date(n).toISOString(),
  frame: { type: 'user_joined', msg: { username: 'Bob' } },
});
/** A beginning of the run `1`, at its nth position. */
const beginningAt = (n: number, unstored: readonly Envelope[] = []): Beginning => ({
  id: idOf(n),
  epoch: '1',
  messages: [],
  completeFrom: idOf(n),
  unstored: { messages: unstored },
});
const textsIn = async (history: History, before?: string): Promise<string[]> =>
  (await history.page({ before }, 100)).messages.map(({ msg }) => msg.text);

describe('the history', () => {
  it('stores in batches, and returns messages that are not stored yet', async () => {
    const { store, history } = await start();
    for (let n = 1; n <= 3; n += 1) history.add(envelope(n));
    expect((await store.before(undefined, 10)).messages).toEqual([]);
    expect(await textsIn(history)).toEqual(['m1', 'm2', 'm3']);
    expect(await textsIn(history, idOf(3))).toEqual(['m1', 'm2']);
    await expect.poll(async () => (await store.before(undefined, 10)).messages.length).toBe(3);
    history.add(envelope(4));
    const { messages, before } = await history.page({}, 2);
    expect([messages.map(({ msg }) => msg.text), before]).toEqual([['m3', 'm4'], idOf(3)]);
    await history.close();
  });

  it('keeps the id of the user once, and returns each message as it was delivered', async () => {
    const { store, history } = await start();
    const msg = { from_user: 'Ann', from_user_id: 'ann', text: 'm1', nonce: 'n' };
    history.add({ ...envelope(1), frame: { type: 'chat_message', msg } });
    const queued = await history.page({}, 1);
    await history.close();
    expect((await store.before(undefined, 1)).messages).toEqual([
      { ...stored(1), msg: { from_user: 'Ann', text: 'm1', nonce: 'n' } },
    ]);
    const { messages } = await history.page({}, 1);
    const past = (await readPast(store, 1)).messages.map(envelopeOf);
    for (const read of [queued.messages[0]!, messages[0]!, past[0]!.frame])
      expect(JSON.stringify(read.msg)).toBe(JSON.stringify(msg));
  });

  it('adds the id of the user to a message that an earlier version stored', async () => {
    const { store, history } = await start();
    await store.append([{ ...stored(1), id: '0-1' }], []);
    const { messages } = await history.page({}, 1);
    expect(messages[0]!.msg).toEqual({ from_user: 'Ann', from_user_id: 'ann', text: 'm1' });
    await history.close();
  });

  it('logs an outage of the store once, and stores everything after it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { store, history, setAvailable, events } = await start();
    setAvailable(false);
    for (let n = 1; n <= 3; n += 1) {
      history.add(envelope(n));
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(events()).toEqual(['history_behind']);
    setAvailable(true);
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    await expect.poll(events).toEqual(['history_behind', 'history_caught_up']);
    expect((await store.before(undefined, 10)).messages.map(({ id }) => id)).toEqual([1, 2, 3].map(idOf));
    await history.close();
  });

  it('drops the oldest messages of a full queue, counts them, and leaves a gap', async () => {
    const { store, history, setAvailable, lines } = await start();
    setAvailable(false);
    for (let n = 1; n <= 10_003; n += 1) history.add(envelope(n));
    await expect.poll(() => lines.length).toBe(1);
    setAvailable(true);
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
    expect(lines.map(({ event, waiting, lost }) => [event, waiting, lost])).toEqual([
      ['history_behind', 10_001, undefined],
      ['history_caught_up', undefined, 3],
    ]);
    const { messages, gaps } = await store.before(undefined, 20_000);
    expect([messages.length, messages[0]!.id, gaps]).toEqual([10_000, idOf(4), [idOf(3)]]);
    await history.close();
  });

  it('leaves a complete past if it is closed, and a gap at its end if it is not', async () => {
    const first = await start();
    first.history.add(envelope(1));
    await first.history.close();
    const past = await readPast(first.store, 10);
    expect([past.gaps, past.runs, completeFrom(past)]).toEqual([[], [{ epoch: '1', lastId: idOf(1) }], idOf(1)]);
    await first.store.putRun({ epoch: '2', lastId: undefined });
    for (let again = 0; again < 2; again += 1) {
      const broken = await readPast(first.store, 10);
      expect([broken.gaps, completeFrom(broken)]).toEqual([['2-~'], '2-~']);
    }
  });

  it('leaves a gap at its end if it is closed before everything is stored', async () => {
    const { store, history, setAvailable, events } = await start();
    setAvailable(false);
    history.add(envelope(1));
    await history.close();
    expect(events()).toContain('history_lost');
    expect((await readPast(store, 10)).gaps).toEqual(['1-~']);
  });
});

describe('as_of', () => {
  const summary = async (history: History, ...given: Parameters<History['page']>) => {
    const { messages, as_of, after } = await history.page(...given);
    return { texts: messages.map(({ msg }) => msg.text), as_of, after };
  };

  it('is the position of the last delivered frame of any type, and the start of the run before it', async () => {
    const { history } = await start();
    expect((await history.page({}, 1)).as_of).toBe('1-0000000000000000');
    history.add(envelope(1));
    history.add(joined(2));
    for (const place of [{}, { before: idOf(1) }, { before: '~' }, { after: '0' }])
      expect((await history.page(place, 1)).as_of).toBe(idOf(2));
    await history.close();
  });

  it('follows the beginnings of a shared stream', async () => {
    const { history } = await start(undefined, { isShared: true });
    history.begin(beginningAt(3, [envelope(2)]));
    expect(await summary(history, { after: '0' }, 5)).toEqual({ texts: ['m2'], as_of: idOf(3) });
    history.add(joined(4));
    history.begin(beginningAt(9));
    expect(await summary(history, { after: idOf(3) }, 5)).toEqual({ texts: [], as_of: idOf(9) });
    await history.close();
  });

  it('cuts off the messages after it that another node has stored', async () => {
    const { store, history } = await start();
    for (let n = 1; n <= 3; n += 1) history.add(envelope(n));
    await store.append(
      [4, 5, 6].map((n) => stored(n)),
      [idOf(5)],
    );
    const as_of = idOf(3);
    expect(await summary(history, {}, 2)).toEqual({ texts: ['m2', 'm3'], as_of });
    expect(await summary(history, { before: '~' }, 2)).toEqual({ texts: ['m2', 'm3'], as_of });
    expect(await summary(history, { before: idOf(3) }, 2)).toEqual({ texts: ['m1', 'm2'], as_of });
    expect(await summary(history, { after: '0' }, 2)).toEqual({ texts: ['m1', 'm2'], as_of, after: idOf(2) });
    expect(await summary(history, { after: '0' }, 3)).toEqual({ texts: ['m1', 'm2', 'm3'], as_of });
    expect(await summary(history, { after: idOf(3) }, 3)).toEqual({ texts: [], as_of });
    expect((await history.page({}, 9)).gaps).toEqual([]);
    history.add(envelope(4));
    history.add(envelope(5));
    expect(await history.page({ after: as_of }, 9)).toMatchObject({ gaps: [idOf(5)], as_of: idOf(5) });
    await history.close();
  });

  it('is taken before the store is asked', async () => {
    const { store } = await start();
    const read = Promise.withResolvers<void>();
    const { history } = await start({
      ...store,
      after: async (...given) => {
        await read.promise;
        return store.after(...given);
      },
    });
    history.add(envelope(1));
    const page = summary(history, { after: '0' }, 9);
    await new Promise(setImmediate);
    history.add(envelope(2));
    await store.append([stored(2)], []);
    read.resolve();
    expect(await page).toEqual({ texts: ['m1'], as_of: idOf(1) });
    await history.close();
  });

  it('is never before the position that a client comes with from another node', async () => {
    const { history } = await start();
    history.add(envelope(1));
    expect(await summary(history, { after: idOf(7) }, 9)).toEqual({ texts: [], as_of: idOf(7) });
    await history.close();
  });

  it('is absent while the stream is unavailable: then pages backwards have all that is stored', async () => {
    const { store, history, setReady } = await start();
    history.add(envelope(1));
    await store.append([stored(2)], []);
    setReady(false);
    expect(await summary(history, {}, 9)).toEqual({ texts: ['m1', 'm2'] });
    expect(await summary(history, { before: '~' }, 9)).toEqual({ texts: ['m1', 'm2'] });
    // A client goes on after the last message, so none before it may come later.
    expect(await summary(history, { after: '0' }, 9)).toEqual({ texts: ['m1'] });
    setReady(true);
    expect(await summary(history, {}, 9)).toEqual({ texts: ['m1'], as_of: idOf(1) });
    await history.close();
  });
});
