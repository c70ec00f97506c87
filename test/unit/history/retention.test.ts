/** Retention under wrong clocks: removed messages, and log events. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { type History, openHistory } from '../../../src/history/history.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { createLog } from '../../../src/log/log.ts';
import { temporaryFolder } from '../../harness/folder.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
const today = Date.UTC(2026, 0, 1);

/** A store over many starts, and a clock that can be set. Only `run` and `off` pass time. */
function world() {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const database = openSqlite(temporaryFolder());
  onTestFinished(() => database.close());
  const store = sqliteMessageStore(database);
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    { logLevel: 'info', production: true },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  let [trueMs, aheadMs, count, starts] = [today, 0, 0, 0];
  let history: History | undefined;
  const now = () => trueMs + aheadMs;
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  const stop = async (): Promise<void> => {
    await history?.close();
    history = undefined;
  };
  return {
    lines,
    history: () => history!,
    setClock: (ms: number) => {
      aheadMs = ms;
    },
    start: async (maxAgeS = (30 * day) / 1_000): Promise<void> => {
      starts += 1;
      const epoch = String(starts);
      history = await openHistory({ store, epoch, isReady: () => true, maxAgeS, maxCount: 1_000_000, log, now });
      await settled();
    },
    stop,
    /** Appends a message at the time of the clock. */
    say: async (text: string): Promise<void> => {
      count += 1;
      const msg = { from_user: 'Ann', text };
      const id = `${starts}-${String(count).padStart(9, '0')}`;
      await store.append([{ id, sentAt: new Date(now()).toISOString(), userId: 'ann', msg }], []);
    },
    /** Starts another server's run in the same store. */
    startAnother: (epoch: string): Promise<void> => store.putRun({ epoch, lastId: undefined }),
    addGap: (): Promise<void> => {
      count += 1;
      return store.append([], [`${starts}-${String(count).padStart(9, '0')}`]);
    },
    /** Runs the server for this long. */
    run: async (ms: number): Promise<void> => {
      for (let leftMs = ms; leftMs > 0; leftMs -= 10 * minute) {
        trueMs += Math.min(leftMs, 10 * minute);
        await vi.advanceTimersByTimeAsync(Math.min(leftMs, 10 * minute));
        await settled();
      }
    },
    /** Passes time without a server. */
    off: (ms: number): void => {
      trueMs += ms;
    },
    kept: async (): Promise<string[]> => (await store.before(undefined, 1_000)).messages.map(({ msg }) => msg.text),
    gaps: async (): Promise<number> => (await store.before(undefined, 1_000)).gaps.length,
  };
}
const saidLines = ({ lines }: ReturnType<typeof world>) =>
  lines.filter(({ event }) => event === 'clock_implausible').map(({ aheadS }) => Number(aheadS) / 86_400);

it('reports a later server on the same store once', async () => {
  const room = world();
  await room.start();
  await room.run(20 * minute);
  const told = () => room.lines.filter(({ event }) => event === 'second_server');
  expect(told()).toEqual([]);
  await room.startAnother('2');
  await room.run(30 * minute);
  expect(told()).toMatchObject([{ level: 50, epoch: '2' }]);
});

describe('retention', () => {
  it('removes by age, a day or ten minutes late at most, while the clock is right', async () => {
    const room = world();
    await room.start();
    await room.say('first');
    await room.run(20 * hour);
    await room.say('second');
    await room.stop();
    // Overnight, and over a week of nights.
    for (let night = 0; night < 29; night += 1) {
      room.off(12 * hour);
      await room.start();
      await room.run(12 * hour);
      await room.stop();
    }
    await room.start();
    expect(await room.kept()).toEqual(['first', 'second']);
    await room.run(5 * hour);
    expect(await room.kept()).toEqual(['second']);
    await room.run(20 * hour);
    expect(await room.kept()).toEqual([]);
    expect(saidLines(room)).toEqual([]);
  });

  it('removes nothing because of starts with a clock that is far ahead, and logs each', async () => {
    const room = world();
    await room.start();
    await room.say('before');
    await room.stop();
    room.setClock(60 * day);
    for (let again = 0; again < 50; again += 1) {
      await room.start();
      await room.run(5 * minute);
      await room.stop();
    }
    await room.start();
    await room.say('meanwhile');
    await room.run(20 * hour);
    await room.stop();
    expect(await room.kept()).toEqual(['before', 'meanwhile']);
    expect(saidLines(room)).toHaveLength(51);
    expect(saidLines(room)[0]).toBeCloseTo(60, 1);
    room.setClock(0);
    await room.start();
    await room.say('after');
    expect(saidLines(room)).toHaveLength(51);
    // Pruning goes on: it removes messages with an impossible time together with those sent after them.
    await room.run(28 * day);
    expect(await room.kept()).toEqual(['before', 'meanwhile', 'after']);
    await room.run(day + 12 * hour);
    expect(await room.kept()).toEqual(['meanwhile', 'after']);
    await room.run(day);
    expect(await room.kept()).toEqual([]);
  });

  it('removes nothing because of a jump while the server runs', async () => {
    const room = world();
    await room.start();
    await room.say('before');
    await room.run(hour);
    room.setClock(400 * day);
    await room.run(12 * hour);
    await room.say('meanwhile');
    room.setClock(0);
    await room.run(12 * hour);
    expect(await room.kept()).toEqual(['before', 'meanwhile']);
    expect(saidLines(room)).toEqual([expect.closeTo(400, 1)]);
  });

  it('removes messages from before a long pause after a day of running', async () => {
    const room = world();
    await room.start();
    await room.say('before');
    await room.stop();
    room.off(60 * day);
    await room.start();
    await room.say('after');
    await room.run(23 * hour);
    await room.stop();
    await room.start();
    expect(await room.kept()).toEqual(['before', 'after']);
    await room.run(2 * hour);
    expect(await room.kept()).toEqual(['after']);
    expect(saidLines(room)).toHaveLength(2);
  });

  it('keeps messages sent while the clock was far behind', async () => {
    const room = world();
    await room.start();
    await room.say('before');
    await room.run(day);
    await room.stop();
    room.setClock(-today);
    await room.start();
    expect(saidLines(room)).toEqual([expect.closeTo(-today / day, 1)]);
    await room.say('meanwhile');
    await room.run(hour);
    await room.stop();
    room.setClock(0);
    await room.start();
    await room.run(27 * day);
    expect(await room.kept()).toEqual(['before', 'meanwhile']);
    await room.say('after');
    await room.run(29 * day);
    expect(await room.kept()).toEqual(['meanwhile', 'after']);
    await room.run(2 * day);
    expect(await room.kept()).toEqual([]);
  });

  it('removes all messages and gaps after HISTORY_MAX_AGE without a message', async () => {
    const room = world();
    await room.start();
    room.setClock(3_650 * day);
    await room.say('in ten years');
    room.setClock(0);
    await room.addGap();
    await room.run(29 * day);
    expect([await room.kept(), await room.gaps()]).toEqual([['in ten years'], 1]);
    await room.run(2 * day);
    expect([await room.kept(), await room.gaps()]).toEqual([[], 0]);
  });

  it('warns about a store without earlier pruning if its last message is far from the clock', async () => {
    const room = world();
    await room.say('before');
    room.setClock(60 * day);
    await room.start();
    expect(await room.kept()).toEqual(['before']);
    expect(saidLines(room)).toEqual([expect.closeTo(60, 1)]);
  });

  it('removes messages at once after a shorter HISTORY_MAX_AGE', async () => {
    const room = world();
    await room.start();
    await room.say('before');
    await room.run(10 * day);
    await room.say('after');
    await room.stop();
    await room.start((2 * day) / 1_000);
    expect(await room.kept()).toEqual(['after']);
  });

  it('gives revocations a time that is ahead of neither the believed time nor the clock', async () => {
    const room = world();
    await room.start();
    expect(room.history().believedMs()).toBe(today);
    room.setClock(60 * day);
    await room.run(hour);
    expect(room.history().believedMs()).toBe(today + hour);
    room.setClock(-day);
    expect(room.history().believedMs()).toBe(today + hour - day);
  });
});
