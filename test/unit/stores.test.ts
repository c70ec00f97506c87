import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/database/database.ts';
import type { Log } from '../../src/log/log.ts';
import { openLimits, openObserved } from '../../src/stores.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { silent } from '../harness/log.ts';

const user = { id: '1', email: 'ann@example.com', username: 'Ann', passwordHash: 'hash' };

describe('openObserved', () => {
  it('reports each call, by its store and its name, and whether it failed', async () => {
    const calls: string[] = [];
    const { database, users, revoked, messages } = await openObserved(
      { dataDir: temporaryFolder() },
      {
        given: { messages: { runs: () => Promise.reject(new Error('planted')) } as never },
        observer: (store) => (operation, _, failed) =>
          void calls.push(`${store} ${operation}${failed ? ' failed' : ''}`),
        log: silent,
      },
    );
    onTestFinished(() => database.close());
    await database.ping();
    await users.insert(user);
    await revoked.load();
    await expect(messages.runs()).rejects.toThrow('planted');
    expect(calls).toEqual(['database ping', 'users insert', 'revocations load', 'messages runs failed']);
  });

  it('logs an outage once, in whichever stores it shows', async () => {
    const events: string[] = [];
    const log: Log = { event: (name) => void events.push(name), ofRequest: () => log };
    const unavailable = () => Promise.reject(new StoreUnavailable('planted'));
    const { database, users, revoked } = await openObserved(
      { dataDir: temporaryFolder() },
      {
        given: { users: { findById: unavailable } as never, revoked: { load: unavailable } as never },
        observer: () => () => {},
        log,
      },
    );
    onTestFinished(() => database.close());
    await expect(users.findById('1')).rejects.toThrow(StoreUnavailable);
    await expect(revoked.load()).rejects.toThrow(StoreUnavailable);
    expect(events).toEqual(['store_unavailable']);
  });
});

describe('openLimits', () => {
  const off = { redisUrl: undefined, rateLimitSignUp: 0, rateLimitLogin: 0, rateLimitFrames: 0 };

  it('counts sign-ups and logins apart', async () => {
    const { countSignUp, countLogin } = await openLimits({ ...off, rateLimitSignUp: 1, rateLimitLogin: 1 }, silent);
    expect(await countSignUp('192.0.2.1', 'ann@example.com')).toBeUndefined();
    expect(await countLogin('192.0.2.1', 'ann@example.com')).toBeUndefined();
    expect(await countLogin('192.0.2.1', 'bob@example.com')).toBeGreaterThan(0);
  });

  it('has no limit where the configuration sets 0', async () => {
    const { countLogin, countFrame } = await openLimits(off, silent);
    for (let n = 0; n < 100; n += 1) expect(await countLogin('192.0.2.1', 'ann@example.com')).toBeUndefined();
    expect(countFrame).toBeUndefined();
  });
});
