/** A client that polls reads every message once, whatever the nodes and their store go through meanwhile. */
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openSqlite } from '../../src/database/sqlite.ts';
import { sqliteMessageStore } from '../../src/history/sqlite.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { createWorld, nodeCount, type Step } from './polling-world.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);
const timeoutMs = 600_000;

const node = fc.nat(nodeCount - 1);
const publishes = fc.record({ do: fc.constant('publish' as const), isMessage: fc.nat(3).map((n) => n > 0) });
const deliveries = fc.record({ do: fc.constant('deliver' as const), node, count: fc.constantFrom(1, 2, 5) });
const polls = fc.record({
  do: fc.constant('poll' as const),
  client: fc.nat(nodeCount),
  limit: fc.constantFrom(1, 2, 3, 100),
  asked: fc.nat(4),
  answered: fc.nat(4),
});
const moods = fc.record({
  do: fc.constant('store' as const),
  node,
  mood: fc.constantFrom('up', 'up', 'down', 'mute' as const),
  canRead: fc.nat(3).map((n) => n > 0),
});
const readiness = fc.record({ do: fc.constant('ready' as const), node, isReady: fc.boolean() });
const times = fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(10, 60, 2_000) });
const beginnings = fc.record({ do: fc.constant('begin' as const), node });
const epochs = fc.record({ do: fc.constant('epoch' as const) });

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: publishes },
    { weight: 30, arbitrary: deliveries },
    { weight: 25, arbitrary: polls },
    { weight: 10, arbitrary: times },
    { weight: 5, arbitrary: moods },
    { weight: 5, arbitrary: readiness },
    { weight: 3, arbitrary: beginnings },
    { weight: 2, arbitrary: epochs },
  ),
  { maxLength: 80, size: 'max' },
);

it(
  'a client that polls reads every message once',
  async () => {
    const database = openSqlite(temporaryFolder());
    onTestFinished(() => database.close());
    const live = async (schedule: readonly Step[]): Promise<void> => {
      for (const table of ['messages', 'message_gaps', 'runs', 'retention']) database.db.exec(`DELETE FROM ${table}`);
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
      try {
        const world = await createWorld(sqliteMessageStore(database));
        const advance = async (ms: number): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
        for (const step of schedule) await world.perform(step, advance);
        await world.finish();
        expect(world.faults).toEqual([]);
      } finally {
        vi.useRealTimers();
      }
    };
    await fc.assert(fc.asyncProperty(steps, live), { numRuns });
  },
  timeoutMs,
);
