import { chmodSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { nameKey } from '../lib/case-fold.ts';
import { type Database, StoreUnavailable } from './database.ts';
import { databaseFile } from './database-file.ts';
import { isBusy, resultCode } from './result-codes.ts';

export interface SqliteOptions {
  /** How long a statement waits for another process's lock. The event loop waits with it, so it is short. */
  readonly busyTimeoutMs?: number;
  /** No other process may have it open: neither now nor until it is closed. */
  readonly alone?: boolean;
}

/**
 * Brings the keys of names up to date. Of two whose new key is the same, one keeps its old one: no name has that as its
 * new key, so nothing collides with it.
 */
function renewNameKeys(db: DatabaseSync): void {
  const renew = db.prepare('UPDATE OR IGNORE users SET username_key = ? WHERE id = ?');
  const users = db.prepare('SELECT id, username, username_key AS key FROM users').all();
  for (const { id, username, key } of users as { id: string; username: string; key: string }[])
    if (nameKey(username) !== key) renew.run(nameKey(username), id);
}

/** Each step brings the schema one version further (`PRAGMA user_version`). */
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
 * SQLite's primary result codes for a store that can't answer now: PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT,
 * FULL, CANTOPEN, PROTOCOL, NOTADB.
 */
const away = new Set([3, 5, 6, 7, 8, 10, 11, 13, 14, 15, 26]);
/** Error code of Node for a database that is closed: the server is at its end. */
const closedCode = 'ERR_INVALID_STATE';
/** A file that proves the folder can be written is made once in this time at most, however often it is asked. */
const probeIntervalMs = 1_000;
/** It takes a block of the disk. */
const probeBytes = 4_096;

/** What the schema of this version is called (`PRAGMA user_version`). */
export const schemaVersion = migrations.length;

export const inUse = (dataDir: string): string =>
  `${databaseFile(dataDir)} is in use: stop the server, or the command, that has it open`;

export interface SqliteDatabase extends Database {
  readonly db: DatabaseSync;
  /** The same, for what is written often: its commits wait for no disk. */
  readonly relaxed: DatabaseSync;
  /** Runs statements; says in the port's words what went wrong. @throws {StoreUnavailable} */
  run<T>(statements: () => T): Promise<T>;
}

/** The embedded database: one file, `palaver.db`, in `dataDir`. It writes synchronously, which costs some milliseconds. */
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
      if (isClosed || away.has(resultCode(error) & 0xff))
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
 * Proves that a folder can be written: SQLite finds out at its next write, and may have files open that hide it.
 * @throws {StoreUnavailable}
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

/** Whoever has the database open holds a lock on it, which ends with its process. @throws where somebody does */
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
