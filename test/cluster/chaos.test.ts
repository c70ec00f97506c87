import { expect, it } from 'vitest';
import { noMongo } from '../harness/mongo.ts';
import { noRedis } from '../harness/redis.ts';
import { crowdSize } from './crowd.ts';
import { runChaos } from './run.ts';
import { faultsPerRound, scheduleOf } from './schedule.ts';

/** Timeout against hanging only: a round takes about a minute, and settling may take another. */
const patienceMs = 300_000;

it.skipIf(noRedis ?? noMongo)(
  'three nodes keep the guarantees through a round of every fault',
  async () => {
    const { violations, account, happened } = await runChaos({
      schedule: scheduleOf(1, crowdSize),
      checkEvery: faultsPerRound,
    });
    expect({ violations: violations.slice(0, 5), happened: violations.length > 0 ? happened : [] }).toEqual({
      violations: [],
      happened: [],
    });
    // The faults happened, and clients chatted meanwhile.
    const told = (text: string): number =>
      account.connections.filter(({ frames: [first = ''] }) => first.includes(text)).length;
    expect(account.restarts).toHaveLength(3);
    expect(account.sends.filter(({ outcome }) => outcome?.kind === 'echoed').length).toBeGreaterThan(300);
    expect(told('"recovered":true')).toBeGreaterThan(20);
    expect(told('"recovered":false')).toBeGreaterThan(crowdSize / 2);
    expect(account.end?.pages).toHaveLength(3);
  },
  patienceMs,
);
