import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { createBacklog } from '../../../src/history/backlog.ts';
import { completeFrom, type History, openHistory, readPast } from '../../../src/history/history.ts';
import type { MessageStore, StoredMessage } from '../../../src/history/message-store.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { createLog } from '../../../src/log/log.ts';
import { temporaryFolder } from '../../harness/folder.ts';

const idOf = (n: number): string => `1-${String(n).padStart(6, '0')}`;
const stored = (n: number, text = `m${n}`): StoredMessage => ({
  id: idOf(n),
  sentAt: new Date(n).toISOString(),
  userId: 'ann',
  msg: { from_user: 'Ann', text },
});
const envelope = (n: number, text?: string): Envelope => {
  const { msg, ...rest } = stored(n, text);
  return { ...rest, frame: { type: 'chat_message', msg } };
};

/** A store that may go away, and what the log was told. */
async function start(given?: MessageStore) {
  const database = openSqlite(temporaryFolder());
  const store = given ?? sqliteMessageStore(database);
  let away = false;
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    { logLevel: 'info', production: true },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const history = await openHistory({
    store: {
      ...store,
      append: (messages, gaps) =>
        away ? Promise.reject(new StoreUnavailable('planted')) : store.append(messages, gaps),
    },
    epoch: '1',
    maxAgeS: 100 * 365 * 86_400,
    maxCount: 1_000_000,
    log,
  });
  onTestFinished(() => database.close());
  return {
    store,
    history,
    lines,
    goAway: (gone: boolean) => (away = gone),
    events: () => lines.map(({ event }) => event),
  };
}
const textsIn = async (history: History, before?: string): Promise<string[]> =>
  (await history.page(before, 100)).messages.map(({ msg }) => msg.text);

describe('the history', () => {
  it('keeps in batches, and says what it has not kept yet', async () => {
    const { store, history } = await start();
    for (let n = 1; n <= 3; n += 1) history.add(envelope(n));
    expect((await store.before(undefined, 10)).messages).toEqual([]);
    expect(await textsIn(history)).toEqual(['m1', 'm2', 'm3']);
    expect(await textsIn(history, idOf(3))).toEqual(['m1', 'm2']);
    await expect.poll(async () => (await store.before(undefined, 10)).messages.length).toBe(3);
    history.add(envelope(4));
    const { messages, before } = await history.page(undefined, 2);
    expect([messages.map(({ msg }) => msg.text), before]).toEqual([['m3', 'm4'], idOf(3)]);
    await history.close();
  });

  it('goes on while the store is away, says so once, and keeps all when it is back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { store, history, goAway, events } = await start();
    goAway(true);
    for (let n = 1; n <= 3; n += 1) {
      history.add(envelope(n));
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(events()).toEqual(['history_behind']);
    goAway(false);
    await vi.advanceTimersByTimeAsync(20_000);
    vi.useRealTimers();
    await expect.poll(events).toEqual(['history_behind', 'history_caught_up']);
    expect((await store.before(undefined, 10)).messages.map(({ id }) => id)).toEqual([1, 2, 3].map(idOf));
    await history.close();
  });

  it('gives up the oldest where too much waits, counts them, and leaves a gap', async () => {
    const { store, history, goAway, lines } = await start();
    goAway(true);
    for (let n = 1; n <= 10_003; n += 1) history.add(envelope(n));
    await expect.poll(() => lines.length).toBe(1);
    goAway(false);
    await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
    expect(lines.map(({ event, waiting, lost }) => [event, waiting, lost])).toEqual([
      ['history_behind', 10_001, undefined],
      ['history_caught_up', undefined, 3],
    ]);
    const { messages, gaps } = await store.before(undefined, 20_000);
    expect([messages.length, messages[0]!.id, gaps]).toEqual([10_000, idOf(4), [idOf(3)]]);
    await history.close();
  });

  it('that ends in order leaves a whole past; one that doesn’t ends with a gap', async () => {
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

  it('that could not keep all at its end does not say that it did', async () => {
    const { store, history, goAway, events } = await start();
    goAway(true);
    history.add(envelope(1));
    await history.close();
    expect(events()).toContain('history_lost');
    expect((await readPast(store, 10)).gaps).toEqual(['1-~']);
  });
});

describe('the backlog', () => {
  it('keeps what comes while a batch is written, and what was given up meanwhile is gone', () => {
    const backlog = createBacklog();
    for (let n = 1; n <= 5; n += 1) backlog.add(stored(n));
    const batch = backlog.peek(3);
    backlog.add(stored(6));
    backlog.drop(batch);
    expect(backlog.all().messages.map(({ id }) => id)).toEqual([4, 5, 6].map(idOf));
  });

  it('is bounded by its characters, too; gaps that touch are one', () => {
    const backlog = createBacklog();
    const long = 'x'.repeat(4_096);
    for (let n = 1; n <= 4_100; n += 1) backlog.add(stored(n, long));
    expect([backlog.lost, backlog.all().messages.length, backlog.all().gaps]).toEqual([4, 4_096, [idOf(4)]]);
    const batch = backlog.peek(1);
    backlog.add(stored(5_000, long));
    backlog.drop(batch);
    expect(backlog.all().messages[0]!.id).toBe(idOf(6));
    expect(backlog.all().gaps).toEqual([idOf(5)]);
  });
});
