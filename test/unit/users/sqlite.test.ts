import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { sqliteRevocationStore } from '../../../src/revocations/sqlite.ts';
import { sqliteUserStore } from '../../../src/users/sqlite.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { messageStoreSuite } from '../../suites/message-store.ts';
import { revocationStoreSuite } from '../../suites/revocation-store.ts';
import { userStoreSuite } from '../../suites/user-store.ts';

function openEmpty() {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-'));
  const database = openSqlite(folder);
  const close = async (): Promise<void> => {
    await database.close();
    rmSync(folder, { recursive: true });
  };
  return { database, close };
}
userStoreSuite('SQLite', async () => {
  const { database, close } = openEmpty();
  return { store: sqliteUserStore(database), close };
});
messageStoreSuite('SQLite', async () => {
  const { database, close } = openEmpty();
  return { store: sqliteMessageStore(database), close };
});
revocationStoreSuite('SQLite', async () => {
  const { database, close } = openEmpty();
  return { store: sqliteRevocationStore(database), close };
});

const igor = { id: '4', email: 'igor@example.com', username: 'Igor', passwordHash: 'hash' };

describe('SQLite', () => {
  it('keeps users over a restart, in files that others cannot read', async () => {
    const folder = join(temporaryFolder(), 'data');
    const first = openSqlite(folder);
    await sqliteUserStore(first).insert(igor);
    await first.close();
    const second = openSqlite(folder);
    expect(await sqliteUserStore(second).findByEmail(igor.email)).toEqual(igor);
    await second.close();
    expect([folder, join(folder, 'palaver.db')].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
  });

  it('is unavailable while another process holds the database, and available afterwards', async () => {
    const folder = temporaryFolder();
    const database = openSqlite(folder);
    const store = sqliteUserStore(database);
    const other = new DatabaseSync(join(folder, 'palaver.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(store.insert(igor)).rejects.toThrow(StoreUnavailable);
    await expect(database.ping()).rejects.toThrow(StoreUnavailable);
    other.exec('ROLLBACK');
    expect(await store.insert(igor)).toBe('inserted');
    await expect(database.ping()).resolves.toBeUndefined();
    other.close();
    await database.close();
  });

  it('does not change a database of a newer version', async () => {
    const folder = temporaryFolder();
    await openSqlite(folder).close();
    const db = new DatabaseSync(join(folder, 'palaver.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openSqlite(folder)).toThrow(/palaver\.db was written by a newer version/);
  });

  it('keeps users of version 0.1 whose names look the same, and reserves both names', async () => {
    const folder = temporaryFolder();
    await openSqlite(folder).close();
    const db = new DatabaseSync(join(folder, 'palaver.db'));
    // Keys of version 0.1: NFKC and lower case.
    const kept = ['Igor\ufe0f', 'Igor', 'Straße', 'User  Name', 'Ann'].map((username, n) => ({
      id: `${n}`,
      email: `${n}@example.com`,
      username,
      passwordHash: 'hash',
    }));
    const insert = db.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)');
    for (const { id, email, username, passwordHash } of kept)
      insert.run(id, email, email, username, username.normalize('NFKC').toLowerCase(), passwordHash);
    db.exec('DROP TABLE retention; PRAGMA user_version = 3');
    db.close();
    for (let start = 0; start < 2; start += 1) {
      const database = openSqlite(folder);
      const store = sqliteUserStore(database);
      for (const user of kept) expect(await store.findByEmail(user.email)).toEqual(user);
      for (const username of ['IGOR', 'igor\ufe0f', 'Strasse', 'User Name', 'ANN\u3164'])
        expect(await store.insert({ ...igor, username })).toBe('username_taken');
      await database.close();
    }
  });
});
