import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { createRedisBackplane, type RedisBackplaneOptions, roomKey } from '../../../src/backplane/redis/backplane.ts';
import { openLink } from '../../../src/backplane/redis/link.ts';
import type { ScriptName } from '../../../src/backplane/redis/scripts.ts';
import { linkingTo } from '../../../src/broker/redis.ts';
import { within } from '../../harness/deadline.ts';
import { silent } from '../../harness/log.ts';
import { noRedis, startRedis, startSentinel } from '../../harness/redis.ts';
import { startTcpProxy } from '../../harness/tcp-proxy.ts';
import { until } from '../../harness/until.ts';
import { backplaneSuite } from '../../suites/backplane.ts';

const redis = noRedis ? undefined : await startRedis();
afterAll(() => redis?.remove());

const open = (url: string, options?: Pick<RedisBackplaneOptions, 'presenceGraceMs'>) =>
  createRedisBackplane({ create: linkingTo(url, roomKey), log: silent, ...options });

describe.skipIf(noRedis)('the Redis backplane', () => {
  backplaneSuite('redis', (options) => open(redis!.uri(), options));

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
    const posted = ['bob', 'Bob', 'bob', 'n', '"text":"late"'];
    expect(await link.call('post', [epoch, 'node', first, ...posted])).toEqual(['unavailable']);
    expect(await link.call('post', [epoch, 'node', second, ...posted])).toMatchObject([
      'published',
      [`${epoch}-3`, {}],
    ]);
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

  it('answers a message without a seat, and a repeat, only after it has delivered the message', async () => {
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
      const posted = await other.publish({ id: '2', username: 'Bob' }, { text: 'without a seat' });
      if (!('published' in posted)) throw new Error(JSON.stringify(posted));
      expect(heard).toContain(posted.published.id);
    }
  });

  it('adds the ids of users to what a node of version 0.1 writes', async () => {
    const url = redis!.uri();
    const old = await openLink({ create: linkingTo(url, roomKey), room: roomKey, blockMs: 100 });
    onTestFinished(() => old.fail(new Error('over')));
    const key = randomUUID();
    const [epoch] = (await old.call('greet', ['old', key, old.run, 0, 60_000])) as [string];
    const call = (script: ScriptName, ...args: (string | number)[]) => old.call(script, [epoch, 'old', key, ...args]);
    await call('enter', 'old/1/a/n/n', 'a/n/n', 'Ann', 'ann', 10);
    const ann = { username: 'Ann', user_id: 'a/n/n' };

    const node = open(url);
    onTestFinished(() => node.close());
    const heard: Envelope[] = [];
    const departed = Promise.withResolvers<void>();
    await node.start({
      deliver: (envelope) => {
        heard.push(envelope);
        if (heard.length === 5) departed.resolve();
      },
    });
    await call('enter', 'old/2/bob', 'bob', 'Bob', 'bob', 10);
    // Version 0.1 knows no id in a message.
    await call('publish', 'old/2/bob', 'bob', 'n-1', '{"from_user":"Bob","text":"hi","nonce":"n-1"}');
    const repeated = await node.publish({ id: 'bob', username: 'Bob' }, { text: 'again', nonce: 'n-1' });
    const admission = await node.admit({ id: 'bob', username: 'Bob' });
    if ('refusal' in admission) throw new Error(admission.refusal);
    expect(admission.seat.roster).toEqual([
      { id: 'a/n/n', username: 'Ann' },
      { id: 'bob', username: 'Bob' },
    ]);
    await admission.seat.release('left');
    await call('leave', 'old/2/bob', 0);
    await call('leave', 'old/1/a/n/n', 0);
    await call('enter', 'old/3/a/n/n', 'a/n/n', 'Ann', 'ann', 10);
    await within(departed.promise, 'what the node of version 0.1 wrote');
    const bob = { username: 'Bob', user_id: 'bob' };
    expect(heard.map(({ frame }) => frame)).toEqual([
      { type: 'user_joined', msg: bob },
      { type: 'chat_message', msg: { from_user: 'Bob', from_user_id: 'bob', text: 'hi', nonce: 'n-1' } },
      { type: 'user_left', msg: bob },
      // It was in the room before this node was.
      { type: 'user_left', msg: ann },
      { type: 'user_joined', msg: ann },
    ]);
    expect(repeated).toEqual({ repeats: heard[1] });
  });

  it('has a message without a seat read by a node of version 0.1', async () => {
    const url = redis!.uri();
    const node = open(url);
    onTestFinished(() => node.close());
    await node.start({ deliver: () => {} });
    await node.publish({ id: '1', username: 'Ann "/" 安' }, { text: 'hi', nonce: 'n-1' });
    const old = await openLink({ create: linkingTo(url, roomKey), room: roomKey, blockMs: 100 });
    onTestFinished(() => old.fail(new Error('over')));
    const [epoch, offset] = (await old.call('greet', ['old', randomUUID(), old.run, 0, 6_000])) as [string, string];
    const [entry] = await old.entriesTo(Number(epoch), Number(offset));
    expect([entry!.fields.get('k'), entry!.fields.get('u')]).toEqual(['said', '1']);
    // Version 0.1 sends these members on as they are, and declares no others.
    expect(JSON.parse(entry!.fields.get('m')!)).toEqual({ from_user: 'Ann "/" 安', text: 'hi', nonce: 'n-1' });
  });

  it('answers a message without a seat as unavailable while Redis is, and publishes again afterwards', async () => {
    const proxy = await startTcpProxy(redis!.port);
    const node = open(redis!.uri(proxy.port));
    onTestFinished(async () => {
      await node.close();
      await proxy.close();
    });
    await node.start({ deliver: () => {} });
    await proxy.down();
    proxy.cut();
    expect(await node.publish({ id: '1', username: 'Ann' }, { text: 'hi' })).toEqual({ refusal: 'unavailable' });
    await proxy.up();
    await until(() => node.isReady(), 'the node to be ready');
    expect(await node.publish({ id: '1', username: 'Ann' }, { text: 'hi' })).toMatchObject({ published: {} });
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
