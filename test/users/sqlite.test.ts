import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/users/sqlite.ts';
import { StoreUnavailable } from '../../src/users/user-store.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { userStoreSuite } from '../suites/user-store.ts';

userStoreSuite('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-'));
  const store = openSqliteStore(folder);
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

const igor = { id: '4', email: 'igor@example.com', username: 'Igor', passwordHash: 'hash' };

describe('SQLite', () => {
  it('keeps users over a restart, in files that others can not read', async () => {
    const folder = join(temporaryFolder(), 'data');
    const first = openSqliteStore(folder);
    await first.insert(igor);
    await first.close();
    const second = openSqliteStore(folder);
    expect(await second.findByEmail(igor.email)).toEqual(igor);
    await second.close();
    expect([folder, join(folder, 'palaver.db')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
  });

  it('is away while another process holds the database, and back afterwards', async () => {
    const folder = temporaryFolder();
    const store = openSqliteStore(folder);
    const other = new DatabaseSync(join(folder, 'palaver.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(store.insert(igor)).rejects.toThrow(StoreUnavailable);
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    other.exec('ROLLBACK');
    expect(await store.insert(igor)).toBe('inserted');
    await expect(store.ping()).resolves.toBeUndefined();
    other.close();
    await store.close();
  });

  it('does not touch a database of a newer version', async () => {
    const folder = temporaryFolder();
    await openSqliteStore(folder).close();
    const db = new DatabaseSync(join(folder, 'palaver.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqliteStore(folder)).toThrow(/palaver\.db was written by a newer version/);
  });
});
