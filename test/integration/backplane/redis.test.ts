import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { createRedisBackplane, roomKey } from '../../../src/backplane/redis/backplane.ts';
import { openLink } from '../../../src/backplane/redis/link.ts';
import { linkingTo } from '../../../src/broker/redis.ts';
import { silent } from '../../harness/log.ts';
import { noRedis, startRedis, startSentinel } from '../../harness/redis.ts';
import { startTcpProxy } from '../../harness/tcp-proxy.ts';
import { backplaneSuite } from '../../suites/backplane.ts';

const redis = noRedis ? undefined : await startRedis();
afterAll(() => redis?.remove());

const open = (url: string) => createRedisBackplane({ create: linkingTo(url, roomKey), log: silent });

describe.skipIf(noRedis)('the Redis backplane', () => {
  backplaneSuite('redis', () => open(redis!.uri()));

  it('refuses a late call over an earlier connection of the node', async () => {
    const create = linkingTo(redis!.uri(), roomKey);
    const link = await openLink({ create, room: roomKey, blockMs: 100 });
    onTestFinished(() => link.fail(new Error('over')));
    const [first, second] = [randomUUID(), randomUUID()];
    const [epoch] = (await link.call('greet', ['node', first, link.run, 0, 6_000])) as [string];
    const ann = ['node/1/ann', 'ann', 'Ann', 'ann', 10];
    await link.call('greet', ['node', second, link.run, 0, 6_000]);
    expect(await link.call('enter', [epoch, 'node', first, ...ann])).toEqual(['unavailable']);
    expect(await link.call('enter', [epoch, 'node', second, ...ann])).toEqual(['seated', '1', 'Ann']);
    const said = ['node/1/ann', 'ann', '', '{}'];
    expect(await link.call('publish', [epoch, 'node', first, ...said])).toEqual(['refused']);
    expect(await link.call('publish', [epoch, 'node', second, ...said])).toEqual(['accepted', '2']);
  });

  it('continues the room of another node, with its recent messages', async () => {
    const url = redis!.uri();
    const before = open(url);
    const heard: Envelope[] = [];
    await before.start({ deliver: (envelope) => heard.push(envelope) });
    const admission = await before.admit({ id: '1', username: 'Ann' });
    if ('refusal' in admission) throw new Error(admission.refusal);
    await admission.seat.publish({ text: 'one' });
    await admission.seat.publish({ text: 'two' });
    before.noteStored(heard[1]!.id);
    await before.close();
    const next = open(url);
    onTestFinished(() => next.close());
    const beginnings: object[] = [];
    await next.start({ deliver: () => {}, begin: (beginning) => beginnings.push(beginning) });
    const [, one, two] = heard;
    expect(beginnings).toEqual([
      {
        id: two!.id,
        epoch: two!.id.slice(0, 16),
        messages: [one, two],
        completeFrom: two!.id.replace(/.$/, '0'),
        unstored: { messages: [two], gap: undefined },
      },
    ]);
  });

  it('answers a repeat only after it has delivered the first message', async () => {
    const url = redis!.uri();
    const slow = await startTcpProxy(redis!.port);
    slow.delay(20);
    // A link calls over its first connection and reads over its second one, so that entries come late.
    const connections = [linkingTo(url, roomKey), linkingTo(url.replace(`${redis!.port}`, `${slow.port}`), roomKey)];
    let made = 0;
    const other = createRedisBackplane({
      create: () => connections[made++ % 2]!(),
      log: silent,
    });
    const one = open(url);
    onTestFinished(async () => {
      await Promise.all([one.close(), other.close()]);
      await slow.close();
    });
    const heard: string[] = [];
    await one.start({ deliver: () => {} });
    await other.start({ deliver: ({ id }) => heard.push(id) });
    const seats = await Promise.all([one, other].map((node) => node.admit({ id: '1', username: 'Ann' })));
    const [here, there] = seats.map((admission) => {
      if ('refusal' in admission) throw new Error(admission.refusal);
      return admission.seat;
    });
    for (let n = 0; n < 20; n += 1) {
      await here!.publish({ text: `${n}`, nonce: `${n}` });
      const again = await there!.publish({ text: `${n}`, nonce: `${n}` });
      if (typeof again !== 'object') throw new Error(again);
      expect(heard).toContain(again.repeats.id);
    }
  });

  it('connects to the master that a sentinel names', async () => {
    const sentinel = await startSentinel(redis!.port);
    onTestFinished(() => sentinel.remove());
    const { redis: found } = await linkingTo(`redis+sentinel://127.0.0.1:${sentinel.port}/palaver/7`, roomKey)();
    onTestFinished(() => found.disconnect());
    expect(await found.client('INFO')).toMatch(/ laddr=127.0.0.1:\d+ .*db=7 /);
    expect(found.stream.remotePort).toBe(redis!.port);
  });

  it('names the address in a connection error, and no password', async () => {
    // The second password holds an @ itself.
    for (const password of ['secret', 'sec@ret'])
      await expect(linkingTo(`redis://user:${password}@127.0.0.1:1/2`, roomKey)()).rejects.toThrow(
        /^Redis at 127\.0\.0\.1:1 cannot be used \(connect ECONNREFUSED/,
      );
  });
});
