/** Random lives of a server. Over all their connections, users see the same as a session that stayed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openMongo } from '../../src/database/mongo.ts';
import { openSqlite } from '../../src/database/sqlite.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { mongoMessageStore } from '../../src/history/mongo.ts';
import { sqliteMessageStore } from '../../src/history/sqlite.ts';
import { anyMongo, type Mongo, noMongo } from '../harness/mongo.ts';
import { createWorld, type Step } from './recovery-world.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);
const timeoutMs = 600_000;

const who = fc.nat(4);
const joins = fc.record({
  do: fc.constant('join' as const),
  who,
  after: fc.constantFrom('nothing', 'last', 'last', 'last', 'older', 'foreign' as const),
  at: fc.nat(9_999),
});
const publishes = fc.record({ do: fc.constantFrom('publish', 'publish', 'post' as const), who, nonce: fc.nat(2) });
const cuts = fc.record({
  do: fc.constant('cut' as const),
  who,
  hears: fc.constantFrom(0, 1, 2, 3, 9_999),
  arrive: fc.constantFrom(0, 1, 9_999),
});
const leaves = fc.record({ do: fc.constant('leave' as const), who });
const ticks = fc.record({
  do: fc.constant('tick' as const),
  ms: fc.constantFrom(20, 60, 9_000, 10_500, 200_000, 302_000),
});
const bursts = fc.record({ do: fc.constant('burst' as const), who, count: fc.constantFrom(3, 998, 1_000, 1_001) });
const moods = fc.record({ do: fc.constant('store' as const), mood: fc.constantFrom('up', 'down', 'mute' as const) });
const ends = fc.record({ do: fc.constantFrom('restart', 'crash' as const) });
/** Two short disconnections: the second one must get a grace period of its own. */
const blips = fc.record({ who, ms: fc.constantFrom(4_000, 6_000, 9_000) }).map(({ who, ms }): Step[] =>
  [1, 2].flatMap((): Step[] => [
    { do: 'cut', who, hears: 9_999, arrive: 9_999 },
    { do: 'tick', ms },
    { do: 'join', who, after: 'last', at: 0 },
  ]),
);
const turns = fc.record({ do: fc.constant('turn' as const), arrive: fc.nat(3) });
const flushes = fc.record({ do: fc.constant('flush' as const) });

const schedules: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 40, arbitrary: joins },
      { weight: 50, arbitrary: publishes },
      { weight: 15, arbitrary: cuts },
      { weight: 6, arbitrary: leaves },
      { weight: 5, arbitrary: blips },
      { weight: 15, arbitrary: flushes },
      { weight: 20, arbitrary: turns },
      { weight: 12, arbitrary: ticks },
      { weight: 1, arbitrary: bursts },
      { weight: 6, arbitrary: moods },
      { weight: 8, arbitrary: ends },
    ),
    { maxLength: 50, size: 'max' },
  )
  .map((steps): Step[] => steps.flat());

interface Opened {
  readonly store: MessageStore;
  close(): Promise<void>;
}

/** Runs a schedule on a new store. */
async function live(schedule: readonly Step[], open: (folder: string) => Promise<Opened>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'palaver-'));
  const { store, close } = await open(folder);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  try {
    const world = await createWorld(store, folder);
    for (const step of schedule) {
      await world.perform(step);
      expect(world.faults).toEqual([]);
    }
    await world.finish();
    expect(world.faults).toEqual([]);
  } finally {
    vi.useRealTimers();
    await close();
    await rm(folder, { recursive: true });
  }
}

async function onSqlite(folder: string): Promise<Opened> {
  const database = openSqlite(folder);
  return { store: sqliteMessageStore(database), close: database.close };
}

const property = (open: (folder: string) => Promise<Opened>, runs: number, steps = schedules): Promise<void> =>
  fc.assert(
    fc.asyncProperty(steps, (schedule) => live(schedule, open)),
    { numRuns: runs },
  );

/** While the store is down, more is published than its queue holds. Timing decides which messages are dropped. */
const overflows: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.constantFrom('down', 'mute' as const),
    fc.integer({ min: 9_990, max: 10_300 }),
    fc.array(fc.oneof(ticks, publishes, ends, joins), { maxLength: 6 }),
  )
  .map(([mood, count, rest]): Step[] => [
    { do: 'join', who: 0, after: 'nothing', at: 0 },
    { do: 'publish', who: 0, nonce: 1 },
    { do: 'tick', ms: 10_500 },
    { do: 'store', mood },
    { do: 'burst', who: 0, count },
    { do: 'tick', ms: 60 },
    { do: 'store', mood: 'up' },
    ...rest,
  ]);

/** After a kill, enough is published to push some or all earlier messages out of recovery. */
const forgets: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.constantFrom(3, 600, 998),
    fc.constantFrom(3, 600, 1_001),
    fc.array(fc.oneof(joins, publishes), { maxLength: 3 }),
  )
  .map(([before, after, rest]): Step[] => [
    { do: 'join', who: 0, after: 'nothing', at: 0 },
    { do: 'join', who: 1, after: 'nothing', at: 0 },
    { do: 'burst', who: 0, count: before },
    { do: 'turn', arrive: 9_999 },
    { do: 'flush' },
    { do: 'tick', ms: 60 },
    { do: 'cut', who: 1, hears: 9_999, arrive: 9_999 },
    // Published, received by one client, and lost with the process.
    { do: 'publish', who: 0, nonce: 0 },
    { do: 'turn', arrive: 9_999 },
    { do: 'flush' },
    { do: 'crash' },
    { do: 'join', who: 0, after: 'nothing', at: 0 },
    { do: 'burst', who: 0, count: after },
    { do: 'flush' },
    { do: 'join', who: 1, after: 'last', at: 0 },
    ...rest,
  ]);

describe('recovery, over the lives of a server', () => {
  it('shows the same as a session that stayed (SQLite)', () => property(onSqlite, numRuns), timeoutMs);

  it('keeps every gap', () => property(onSqlite, Math.ceil(numRuns / 10), forgets), timeoutMs);

  it('marks where messages were dropped', () => property(onSqlite, Math.ceil(numRuns / 60), overflows), timeoutMs);

  describe.skipIf(noMongo)('on MongoDB', () => {
    let mongo: Pick<Mongo, 'uri' | 'remove'>;
    beforeAll(async () => {
      mongo = await anyMongo();
    });
    afterAll(() => mongo.remove());

    it(
      'shows the same as a session that stayed',
      () =>
        property(
          async () => {
            const database = openMongo(mongo.uri());
            return { store: await mongoMessageStore(database), close: database.close };
          },
          Math.ceil(numRuns / 15),
        ),
      timeoutMs,
    );
  });
});
