import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { foldedKey } from '../folded-key.ts';
import { type StoredUser, StoreUnavailable, type UserStore } from './user-store.ts';

/** How long a statement waits for another process's lock. The event loop waits with it, so it is short. */
const busyTimeoutMs = 250;

/** Each step brings the schema one version further (`PRAGMA user_version`). */
const migrations = [
  `CREATE TABLE users (
     id TEXT PRIMARY KEY,
     email TEXT NOT NULL,
     email_key TEXT NOT NULL UNIQUE,
     username TEXT NOT NULL,
     username_key TEXT NOT NULL UNIQUE,
     password_hash TEXT NOT NULL
   ) STRICT`,
];

/** SQLite's primary result codes for a store that can't answer now: BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB. */
const away = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26]);
const constraintUnique = 2067;

const resultCode = (error: unknown): number => Number((error as { errcode?: unknown }).errcode);

/** The embedded store: one file, `palaver.db`, in `dataDir`. It writes synchronously, which costs a sign-up some milliseconds. */
export function openSqliteStore(dataDir: string): UserStore {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'palaver.db');
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs });
  chmodSync(file, 0o600);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  migrate(db, file);

  const insert = db.prepare(
    'INSERT INTO users (id, email, email_key, username, username_key, password_hash) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const findByEmail = db.prepare(
    'SELECT id, email, username, password_hash AS passwordHash FROM users WHERE email_key = ?',
  );

  const replaceHash = db.prepare('UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?');

  /** Runs one statement; says in the port's words what went wrong. */
  const run = async <T>(statement: () => T): Promise<T> => {
    try {
      return statement();
    } catch (error) {
      if (away.has(resultCode(error) & 0xff)) throw new StoreUnavailable('The user store is away', { cause: error });
      throw error;
    }
  };

  return {
    insert: (user) =>
      run(() => {
        const emailKey = foldedKey(user.email);
        try {
          insert.run(user.id, user.email, emailKey, user.username, foldedKey(user.username), user.passwordHash);
          return 'inserted';
        } catch (error) {
          if (resultCode(error) !== constraintUnique) throw error;
          return findByEmail.get(emailKey) ? 'email_taken' : 'username_taken';
        }
      }),
    findByEmail: (email) => run(() => findByEmail.get(foldedKey(email)) as StoredUser | undefined),
    replaceHash: (user, passwordHash) =>
      run(() => {
        replaceHash.run(passwordHash, user.id, user.passwordHash);
      }),
    ping: () => run(() => db.exec('BEGIN IMMEDIATE; ROLLBACK')),
    close: async () => db.close(),
  };
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE');
  const version = Number(db.prepare('PRAGMA user_version').get()!.user_version);
  if (version > migrations.length) {
    db.close();
    throw new Error(`${file} was written by a newer version of this server`);
  }
  for (const step of migrations.slice(version)) db.exec(step);
  db.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
}
