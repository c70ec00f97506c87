import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { type History, openHistory } from '../../../src/history/history.ts';
import type { MessageStore } from '../../../src/history/message-store.ts';
import { completeFrom, readPast } from '../../../src/history/past.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { createLog } from '../../../src/log/log.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { idOf, stored } from './messages.ts';

const envelope = (n: number, text?: string): Envelope => {
  const { msg, ...rest } = stored(n, text);
  return { ...rest, frame: { type: 'chat_message', msg } };
};

/** A history over a store that a test makes unavailable, and the lines of its log. */
async function start(given?: MessageStore) {
  const database = openSqlite(temporaryFolder());
  const store = given ?? sqliteMessageStore(database);
  let isAvailable = true;
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
    setAvailable: (available: boolean) => (isAvailable = available),
    events: () => lines.map(({ event }) => event),
  };
}
const textsIn = async (history: History, before?: string): Promise<string[]> =>
  (await history.page(before, 100)).messages.map(({ msg }) => msg.text);

describe('the history', () => {
  it('stores in batches, and returns messages that are not stored yet', async () => {
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
