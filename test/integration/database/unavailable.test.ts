/** An unavailable database: the server answers 503, reports it at `/readyz`, and logs the reason. */
import { once } from 'node:events';
import { readdirSync, renameSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { createStoreHealth } from '../../../src/database/health.ts';
import { isUnavailable, openMongo } from '../../../src/database/mongo.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { createLog } from '../../../src/log/log.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { request, signUp } from '../../harness/http.ts';
import { canStop, noMongo, startMongo } from '../../harness/mongo.ts';
import { startTestServer } from '../../harness/server.ts';

/** Passes TCP on, and ends connections like a peer that shuts down. */
async function endingProxy(target: number) {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = dial({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    clients.add(client);
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => client.writable && client.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => {
        clients.delete(client);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    endAll: () => {
      for (const client of clients) client.end();
    },
  };
}

/** Error that Node throws for a write after the peer's end. */
async function endedByPeer(): Promise<unknown> {
  const peer = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(peer, 'listening');
  onTestFinished(() => void peer.close());
  const socket = dial((peer.address() as AddressInfo).port, '127.0.0.1');
  socket.resume();
  socket.on('error', () => {});
  await once(socket, 'end');
  return new Promise((resolve) => socket.write('x', resolve));
}

describe('MongoDB is unavailable', () => {
  const serverError = (code: number, message = '') => new MongoServerError({ code, errmsg: message, message });
  it.each<[string, unknown]>([
    ['a connection that was reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['a stream that is destroyed', Object.assign(new Error('x'), { code: 'ERR_STREAM_DESTROYED' })],
    ['a network error of the driver', new MongoNetworkError('x')],
    ['a server that is not the primary', serverError(10107)],
    ['one that says so in words alone', serverError(0, 'not master')],
    ['one that can be read only', serverError(1, 'attempt to write a readonly database (1032)')],
    ['one whose disk is full', serverError(1, 'database or disk is full (13)')],
    ['one that takes nothing from this user', serverError(13)],
  ])('by %s', (_, error) => {
    expect(isUnavailable(error)).toBe(true);
  });

  it('after its peer has closed the socket', async () => {
    const error = await endedByPeer();
    expect([(error as Error).message, isUnavailable(error)]).toEqual([
      'This socket has been ended by the other party',
      true,
    ]);
  });

  it.each<[string, unknown]>([
    ['a fault of ours', new TypeError('x is not a function')],
    ['a wrong argument', Object.assign(new TypeError('x'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['a duplicate', serverError(11_000, 'E11000 duplicate key')],
  ])('not by %s', (_, error) => {
    expect(isUnavailable(error)).toBe(false);
  });
});

describe.skipIf(noMongo || !canStop)('a server whose connections to MongoDB end during a call', () => {
  it('answers 503 with Retry-After, and the log says why', async () => {
    const mongo = await startMongo();
    onTestFinished(() => mongo.remove());
    const uri = new URL(mongo.uri());
    const proxy = await endingProxy(Number(uri.port));
    uri.port = String(proxy.port);
    const events: string[] = [];
    await using server = await startTestServer({
      env: { MONGODB_URI: uri.href, LOG_LEVEL: 'info' },
      onLogLine: (line) => void events.push(JSON.parse(line).event),
    });
    const { email, password } = await signUp(server);
    const login = () => request(server, 'POST', '/login', { json: { email, password } });
    await mongo.hang();
    const asked = Promise.all([login(), login(), login()]);
    proxy.endAll();
    for (const { status, json, headers } of await asked)
      expect([status, json.code, headers['retry-after']]).toEqual([503, 'store_unavailable', '1']);
    expect(events.filter((event) => event === 'store_unavailable')).toHaveLength(1);
    expect(events).not.toContain('request_failed');
    expect((await request(server, 'GET', '/readyz')).status).toBe(503);
    mongo.wake();
    await expect.poll(async () => (await login()).status, { timeout: 20_000 }).toBe(200);
  });

  it('is ready only while MongoDB can be written', async () => {
    const mongo = await startMongo();
    onTestFinished(() => mongo.remove());
    const database = openMongo(mongo.uri());
    onTestFinished(() => database.close());
    await expect(database.ping()).resolves.toBeUndefined();
    vi.spyOn(database.db, 'command').mockResolvedValue({ isWritablePrimary: false });
    await expect(database.ping()).rejects.toThrow(StoreUnavailable);
    vi.spyOn(database.db, 'command').mockResolvedValue({ isWritablePrimary: true, readOnly: true });
    await expect(database.ping()).rejects.toThrow(StoreUnavailable);
  });
});

describe('a data folder that cannot be written', () => {
  it('makes the server unready, and the log says why, once', async () => {
    const dataDir = temporaryFolder();
    const lines: Record<string, unknown>[] = [];
    await using server = await startTestServer({
      env: { DATA_DIR: dataDir, LOG_LEVEL: 'info' },
      onLogLine: (line) => void lines.push(JSON.parse(line)),
    });
    const ready = async () => (await request(server, 'GET', '/readyz')).status;
    expect(await ready()).toBe(200);
    // This holds for every user, root included: open files keep working, and new ones cannot be created.
    renameSync(dataDir, `${dataDir}-away`);
    await expect.poll(ready, { timeout: 10_000 }).toBe(503);
    expect(await ready()).toBe(503);
    const said = lines.filter(({ event }) => event === 'store_unavailable');
    expect(said).toHaveLength(1);
    expect((said[0]!.err as { message: string }).message).toMatch(/DATA_DIR cannot be written: ENOENT.*writable\.tmp/);
    renameSync(`${dataDir}-away`, dataDir);
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    await expect.poll(() => lines.some(({ event }) => event === 'store_available'), { timeout: 20_000 }).toBe(true);
    expect(readdirSync(dataDir)).not.toContain('writable.tmp');
  });

  it('is written once for concurrent requests', async () => {
    const database = openSqlite(temporaryFolder());
    onTestFinished(() => database.close());
    await Promise.all(Array.from({ length: 50 }, () => database.ping()));
  });

  it('throws StoreUnavailable once the database is closed', async () => {
    const database = openSqlite(temporaryFolder());
    await database.close();
    await expect(database.ping()).rejects.toThrow(StoreUnavailable);
  });
});

describe('the health of a store', () => {
  it('is logged once when the store fails and once when it works again, not while calls still fail', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const events: unknown[] = [];
    const log = createLog(
      { logLevel: 'info', production: true },
      { write: (line: string) => void events.push(JSON.parse(line).event) },
    );
    let [isUnavailableNow, isPingAway] = [true, true];
    const health = createStoreHealth(async () => {
      if (isPingAway) throw new StoreUnavailable('planted');
    }, log);
    const port = health.watch({
      ask: async (answer: string) => {
        if (isUnavailableNow) throw new StoreUnavailable('planted');
        return answer;
      },
      fail: async () => {
        throw new Error('ours');
      },
    });
    await expect(port.fail()).rejects.toThrow('ours');
    expect(events).toEqual([]);
    for (let n = 0; n < 3; n += 1) await expect(port.ask('x')).rejects.toThrow(StoreUnavailable);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(events).toEqual(['store_unavailable']);
    isPingAway = false;
    isUnavailableNow = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await port.ask('x')).toBe('x');
    expect(events).toEqual(['store_unavailable', 'store_available']);
    health.close();
  });
});
