import { chmodSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { nameKey } from '../lib/case-fold.ts';
import { type Database, StoreUnavailable } from './database.ts';
import { databaseFile } from './database-file.ts';
import { isBusy, resultCode } from './result-codes.ts';

export interface SqliteOptions {
  /** Time that a statement waits for another process's lock. It is short, because the event loop waits too. */
  readonly busyTimeoutMs?: number;
  /** Keeps other processes from opening the database until it is closed. */
  readonly alone?: boolean;
}

/**
 * Renews the keys of names. If two users get the same new key, one keeps its old key. No name has that as its new key,
 * so nothing collides with it.
 */
function renewNameKeys(db: DatabaseSync): void {
  const renew = db.prepare('UPDATE OR IGNORE users SET username_key = ? WHERE id = ?');
  const users = db.prepare('SELECT id, username, username_key AS key FROM users').all();
  for (const { id, username, key } of users as { id: string; username: string; key: string }[])
    if (nameKey(username) !== key) renew.run(nameKey(username), id);
}

/** Steps of the schema, each to the next version (`PRAGMA user_version`). */
const migrations: readonly (string | ((db: DatabaseSync) => void))[] = [
  `CREATE TABLE users (
     id TEXT PRIMARY KEY,
     email TEXT NOT NULL,
     email_key TEXT NOT NULL UNIQUE,
     username TEXT NOT NULL,
     username_key TEXT NOT NULL UNIQUE,
     password_hash TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE revoked_tokens (key TEXT PRIMARY KEY, expires_at_ms REAL NOT NULL) STRICT;
   CREATE TABLE disabled_users (id TEXT PRIMARY KEY) STRICT`,
  `CREATE TABLE messages (
     id TEXT PRIMARY KEY,
     sent_at TEXT NOT NULL,
     user_id TEXT NOT NULL,
     from_user TEXT NOT NULL,
     text TEXT NOT NULL,
     nonce TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE message_gaps (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
   CREATE TABLE runs (epoch TEXT PRIMARY KEY, last_id TEXT) STRICT, WITHOUT ROWID`,
  `CREATE TABLE retention (
     present_ms REAL NOT NULL,
     cut_ms REAL NOT NULL,
     doubted_ms REAL NOT NULL,
     last_id TEXT NOT NULL,
     last_ms REAL NOT NULL
   ) STRICT`,
  renewNameKeys,
];

/**
 * SQLite's primary result codes for a store that cannot answer now: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR,
 * CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
 */
const unavailable = new Set([3, 5, 6, 7, 8, 10, 11, 13, 14, 15, 26]);
/** Node's error code for a closed database, which means that the server is stopping. */
const closedCode = 'ERR_INVALID_STATE';
/** Shortest interval of the writes that prove the folder writable. */
const probeIntervalMs = 1_000;
/** Size of the file for that: one block of the disk. */
const probeBytes = 4_096;

/** Version of the current schema (`PRAGMA user_version`). */
export const schemaVersion = migrations.length;

export const inUse = (dataDir: string): string =>
  `${databaseFile(dataDir)} is in use: stop the server, or the command, that has it open`;

export interface SqliteDatabase extends Database {
  readonly db: DatabaseSync;
  /** A second connection for frequent writes, whose commits do not wait for the disk. */
  readonly relaxed: DatabaseSync;
  /** Runs statements. @throws {StoreUnavailable} if the database cannot answer now */
  run<T>(statements: () => T): Promise<T>;
}

/** Opens the embedded database: one file, `palaver.db`, in `dataDir`. It writes synchronously, in some milliseconds. */
export function openSqlite(
  dataDir: string,
  { busyTimeoutMs = 250, alone = false }: SqliteOptions = {},
): SqliteDatabase {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = databaseFile(dataDir);
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs });
  chmodSync(file, 0o600);
  if (alone) holdAlone(db, dataDir);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  migrate(db, file);
  const relaxed = alone ? db : new DatabaseSync(file, { timeout: busyTimeoutMs });
  if (!alone) relaxed.exec('PRAGMA synchronous = NORMAL');

  const run = async <T>(statements: () => T): Promise<T> => {
    try {
      return statements();
    } catch (error) {
      const isClosed = (error as NodeJS.ErrnoException).code === closedCode;
      if (isClosed || unavailable.has(resultCode(error) & 0xff))
        throw new StoreUnavailable('The store is unavailable', { cause: error });
      throw error;
    }
  };
  const probe = createProbe(dataDir);

  return {
    db,
    relaxed,
    run,
    ping: async () => {
      await run(() => db.exec('BEGIN IMMEDIATE; ROLLBACK'));
      await probe();
    },
    close: async () => {
      if (!alone) relaxed.close();
      db.close();
    },
  };
}

/**
 * Returns a function that proves that a folder is writable. SQLite would notice at its next write only, and its open
 * files may hide the fault. The function throws `StoreUnavailable`.
 */
function createProbe(dataDir: string): () => Promise<void> {
  const file = join(dataDir, 'writable.tmp');
  let provenMs = Number.NEGATIVE_INFINITY;
  let underway: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    try {
      await writeFile(file, Buffer.alloc(probeBytes), { mode: 0o600 });
      provenMs = performance.now();
    } catch (cause) {
      throw new StoreUnavailable('DATA_DIR cannot be written', { cause });
    } finally {
      await rm(file, { force: true }).catch(() => {});
      underway = undefined;
    }
  };
  return async () => {
    if (performance.now() - provenMs < probeIntervalMs) return;
    underway ??= write();
    await underway;
  };
}

/** Locks the database until it is closed. @throws if another process has it open */
function holdAlone(db: DatabaseSync, dataDir: string): void {
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
  } catch (error) {
    db.close();
    throw isBusy(error) ? new Error(inUse(dataDir)) : error;
  }
}

function migrate(db: DatabaseSync, file: string): void {
  db.exec('BEGIN IMMEDIATE');
  const version = Number(db.prepare('PRAGMA user_version').get()!.user_version);
  if (version > schemaVersion) {
    db.close();
    throw new Error(`${file} was written by a newer version of this server`);
  }
  for (const step of migrations.slice(version)) {
    if (typeof step === 'string') db.exec(step);
    else step(db);
  }
  db.exec(`PRAGMA user_version = ${schemaVersion}; COMMIT`);
}
