import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { keepRedis, linkingTo } from '../../../src/broker/redis.ts';
import { noRedis, type Redis, startRedis, startSentinel } from '../../harness/redis.ts';
import { startTcpProxy } from '../../harness/tcp-proxy.ts';

const poll = { timeout: 15_000, interval: 20 };
const key = 'palaver:{main}';

describe.skipIf(noRedis)('a Redis', () => {
  let redis: Redis;
  let admin: Client;
  beforeAll(async () => {
    redis = await startRedis(undefined, { databases: '16' });
    admin = new Client(redis.port);
    await admin.acl('SETUSER', 'chat', 'on', '>word', `~palaver:*`, '+@all');
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.remove();
  });

  async function keep(url: string, onHealth?: (fault?: Error) => void) {
    const kept = await keepRedis(url, { key, use: 'store', answerTimeoutMs: 1_000, onHealth });
    onTestFinished(() => kept.close());
    return kept;
  }
  const at = (rest: string): string => `redis://${rest.replace('HOST', `127.0.0.1:${redis.port}`)}`;
  const faultOf = (url: string): Promise<string> =>
    keep(url).then(
      () => 'none',
      (error: Error) => error.message,
    );

  /** Starts a server that sends this answer to each connection, at once or after the first data. Returns its port. */
  async function answering(answer: string | undefined, isFirst = false): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      if (answer === undefined) return;
      if (isFirst) socket.write(answer);
      else socket.once('data', () => socket.write(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return (server.address() as AddressInfo).port;
  }

  it('is refused with a database that it does not have', async () => {
    const says = `Redis at 127.0.0.1:${redis.port} cannot be used (database 16 of REDIS_URL cannot be selected: ERR DB index is out of range): see REDIS_URL`;
    expect(await faultOf(at('HOST/16'))).toBe(says);
    await expect(linkingTo(at('HOST/16'), key)()).rejects.toThrow(says);
    expect(await faultOf(at('HOST/15'))).toBe('none');
  });

  it('is refused with a database that it does not have, behind a sentinel', async () => {
    const sentinel = await startSentinel(redis.port);
    onTestFinished(() => sentinel.remove());
    const url = `redis+sentinel://127.0.0.1:${sentinel.port}`;
    expect(await faultOf(`${url}/palaver/16`)).toMatch(/^Redis at 127.+ \(sentinels of palaver\).+database 16/);
    expect(await faultOf(`${url}/nobody`)).toMatch(/the sentinels know no master nobody/);
    expect(await faultOf(`${url}/palaver/15`)).toBe('none');
  });

  const refusals: [name: string, rest: string, says: RegExp][] = [
    ['a wrong password', 'chat:canary@HOST', /refuses the user name or password .*percent-encoded/],
    ['an unknown user', 'canary:word@HOST', /refuses the user name or password/],
  ];
  it.each(refusals)('is named with the reason if it refuses %s', async (_, rest, says) => {
    const fault = await faultOf(at(rest));
    expect(fault).toMatch(says);
    expect(fault).toContain(`127.0.0.1:${redis.port}`);
    expect(fault).toContain('REDIS_URL');
    expect(fault).not.toContain('canary');
  });

  const rules: [rules: string[], says: string][] = [
    [['-@dangerous'], 'its user chat must be allowed to run the command info'],
    [['-hmget', '-smembers'], 'its user chat must be allowed to run hmget, smembers'],
    [['-script'], 'its user chat must be allowed to run the command script|load'],
    [['-multi'], 'its user chat must be allowed to run the command multi'],
    [['-select'], 'database 1 of REDIS_URL cannot be selected: NOPERM'],
    [['resetkeys', '~other:*'], "its user chat must be allowed to use Palaver's keys (palaver:*)"],
  ];
  it.each(rules)('is refused with the permission that its user lacks: %j', async (rule, says) => {
    await admin.acl('SETUSER', 'chat', 'reset', 'on', '>word', '~palaver:*', '+@all', ...rule);
    expect(await faultOf(at('chat:word@HOST/1'))).toContain(says);
  });

  it('is refused if it needs a password that the URL does not have', async () => {
    await admin.config('SET', 'requirepass', 'canary');
    onTestFinished(() => admin.config('SET', 'requirepass', '').then(() => {}));
    expect(await faultOf(at('HOST'))).toMatch(/it asks for a password, but REDIS_URL has none/);
  });

  const replies: [name: string, answer: string | undefined, isFirst: boolean, says: RegExp][] = [
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', false, /it is not a Redis/],
    ['SSH', 'SSH-2.0-OpenSSH_9\r\n', true, /it is not a Redis/],
    ['TLS', '\x15\x03\x03\x00\x02\x02\x46', false, /not a Redis, or it needs TLS \(rediss:\/\/\)/],
    ['nothing', undefined, false, /timed out|no answer within/],
  ];
  it.each(replies)('is refused if %s answers in its place', async (_, answer, isFirst, says) => {
    expect(await faultOf(`redis://127.0.0.1:${await answering(answer, isFirst)}`)).toMatch(says);
  });

  it('is refused without TLS for a rediss:// URL', async () => {
    expect(await faultOf(`rediss://127.0.0.1:${redis.port}`)).toMatch(/it does not speak TLS, which rediss:/);
  });

  /** Starts a server with this INFO. Returns its URL. */
  async function saying(info: string): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        for (const [, command] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
          socket.write(command === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  const infos: [info: string, says: RegExp][] = [
    ['redis_version:6.0.16\r\nrun_id:1\r\n', /it is Redis 6\.0\.16, but Palaver needs 6\.2 or newer/],
    ['redis_version:7.2.4\r\nrun_id:\r\n', /its INFO has no run_id/],
    ['redis_version:7.2.4\r\nrun_id:1\r\nrole:slave\r\n', /it is a replica/],
  ];
  it.each(infos)('is refused with the INFO %j', async (info, says) => {
    expect(await faultOf(await saying(info))).toMatch(says);
  });

  it('is refused as a node of a cluster that does not hold the keys', async () => {
    const node = await startRedis(undefined, {
      databases: '1',
      'cluster-enabled': 'yes',
      'cluster-node-timeout': '500',
    });
    onTestFinished(() => node.remove());
    const client = new Client(node.port);
    onTestFinished(() => client.disconnect());
    expect(await faultOf(`redis://127.0.0.1:${node.port}`)).toMatch(/CLUSTERDOWN/);
    await client.cluster('ADDSLOTSRANGE' as never, 0 as never, 16_383 as never);
    // All slots on one server are a single server.
    await expect.poll(() => faultOf(`redis://127.0.0.1:${node.port}`), poll).toBe('none');
  });

  it('is disconnected, without a write to another database, when its address leads to another server', async () => {
    const other = await startRedis(undefined, { databases: '1' });
    const proxy = await startTcpProxy(redis.port);
    const client = new Client(other.port);
    onTestFinished(async () => {
      client.disconnect();
      await Promise.all([proxy.close(), other.remove()]);
    });
    const health: string[] = [];
    const kept = await keep(`redis://127.0.0.1:${proxy.port}/7`, (fault) => health.push(fault?.message ?? 'well'));
    await kept.probe();
    proxy.moveTo(other.port);
    proxy.cut();
    await expect.poll(() => kept.fault?.message, poll).toMatch(/database 7 of REDIS_URL cannot be selected/);
    await expect(kept.redis.set('a', 'b')).rejects.toThrow();
    await expect(kept.probe()).rejects.toThrow();
    expect(await client.dbsize()).toBe(0);
    proxy.moveTo(redis.port);
    await expect.poll(() => kept.fault, poll).toBeUndefined();
    await kept.probe();
    expect(health).toEqual([expect.any(String), 'well']);
  });

  const illnesses: [
    name: string,
    begin: (client: Client) => Promise<unknown>,
    end: (client: Client) => Promise<unknown>,
    says: RegExp,
  ][] = [
    ['is full', (c) => c.config('SET', 'maxmemory', '1'), (c) => c.config('SET', 'maxmemory', '0'), /OOM/],
    [
      'has too few replicas',
      (c) => c.config('SET', 'min-replicas-to-write', '1'),
      (c) => c.config('SET', 'min-replicas-to-write', '0'),
      /NOREPLICAS/,
    ],
    [
      'may no longer be written by its user',
      (c) => c.acl('SETUSER', 'chat', '-set'),
      (c) => c.acl('SETUSER', 'chat', '+set'),
      /must be allowed to run the command set/,
    ],
  ];
  it.each(illnesses)(
    'is reported once as unusable if it %s, and can be read meanwhile',
    async (_, begin, end, says) => {
      await admin.acl('SETUSER', 'chat', 'reset', 'on', '>word', '~palaver:*', '+@all');
      const health: string[] = [];
      const kept = await keep(at('chat:word@HOST/3'), (fault) => health.push(fault?.message ?? 'well'));
      await kept.probe();
      await begin(admin);
      await expect(kept.probe()).rejects.toThrow(says);
      await expect(kept.probe()).rejects.toThrow(says);
      expect(await kept.redis.get('palaver:nothing')).toBeNull();
      await end(admin);
      await kept.probe();
      expect(health).toEqual([expect.stringMatching(says), 'well']);
    },
  );

  it('is reconnected to after it has become a replica', async () => {
    const next = await startRedis(undefined, { databases: '16' });
    const proxy = await startTcpProxy(redis.port);
    const client = new Client(next.port);
    onTestFinished(async () => {
      await admin.replicaof('NO', 'ONE');
      client.disconnect();
      await Promise.all([proxy.close(), next.remove()]);
    });
    const kept = await keep(`redis://127.0.0.1:${proxy.port}/1`);
    proxy.moveTo(next.port);
    await admin.replicaof('127.0.0.1', next.port);
    await expect(kept.probe()).rejects.toThrow(/replica|READONLY/);
    await expect.poll(() => kept.probe().then(() => 'well', String), poll).toBe('well');
    await kept.redis.set('palaver:written', 'there');
    await client.select(1);
    expect(await client.get('palaver:written')).toBe('there');
  });

  it('is awaited while it loads its data', async () => {
    // Microseconds for each key.
    const loading = { 'key-load-delay': '1000', 'loading-process-events-interval-bytes': '1024' };
    const slow = await startRedis(undefined, { ...loading, appendonly: 'no' });
    onTestFinished(() => slow.remove());
    const client = new Client(slow.port, { enableReadyCheck: false });
    onTestFinished(() => client.disconnect());
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => client.set(`key ${at}`, 'v')));
    await client.save();
    await slow.stop();
    const starting = slow.start();
    await expect.poll(() => client.get('key 1').catch(String), poll).toMatch(/LOADING/);
    expect(await faultOf(`redis://127.0.0.1:${slow.port}`)).toBe('none');
    await starting;
  });
});
