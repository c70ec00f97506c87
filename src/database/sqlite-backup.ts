import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { databaseFile } from './database-file.ts';
import { isBusy, resultCode } from './result-codes.ts';
import { inUse, schemaVersion } from './sqlite.ts';

/** Files beside the database that belong to a backup. Without the secret, no issued token stays valid. */
const besideIt = ['jwt-secret', 'epoch'];
/** Time that a copy waits for another process's lock. */
const busyTimeoutMs = 5_000;

/**
 * Writes all of a data folder into one new file that only its owner can read: a SQLite database with one more table. It
 * is a snapshot, however much a server writes meanwhile. The file appears complete, or not at all.
 * @throws if there is nothing to copy, or the file exists already
 */
export function writeBackup(dataDir: string, file: string): void {
  if (!existsSync(databaseFile(dataDir))) throw new Error(`Nothing is kept in ${dataDir}`);
  if (existsSync(file)) throw new Error(`${file} already exists`);
  const draft = `${file}.${process.pid}.part`;
  try {
    // Created first, so that it has its mode from the beginning.
    closeSync(openSync(draft, 'wx', 0o600));
    // Read-only, so that the server can write meanwhile.
    const source = new DatabaseSync(databaseFile(dataDir), { readOnly: true, timeout: busyTimeoutMs });
    try {
      source.prepare('VACUUM INTO ?').run(draft);
    } finally {
      source.close();
    }
    const copy = new DatabaseSync(draft);
    try {
      copy.exec('CREATE TABLE beside (name TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT');
      const insert = copy.prepare('INSERT INTO beside (name, content) VALUES (?, ?)');
      // Copied after the database, because an epoch that is too high does no harm.
      for (const name of besideIt.filter((name) => existsSync(join(dataDir, name))))
        insert.run(name, readFileSync(join(dataDir, name)));
      checkWhole(copy);
    } finally {
      copy.close();
    }
    flush(draft);
    placeNew(draft, file);
    flush(dirname(file));
  } catch (error) {
    throw new Error(`The backup ${file} cannot be written: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Puts the database of a backup into a folder that has none, and returns the files beside it, by name.
 * @throws if the backup is damaged, of a newer version, or none
 */
export function unpackBackup(file: string, folder: string): ReadonlyMap<string, Buffer> {
  const target = databaseFile(folder);
  let db: DatabaseSync | undefined;
  try {
    copyFileSync(file, target, constants.COPYFILE_EXCL);
    chmodSync(target, 0o600);
    db = new DatabaseSync(target);
    checkWhole(db);
    if (Number(db.prepare('PRAGMA user_version').get()!.user_version) > schemaVersion)
      throw new Error('it was written by a newer version of this server');
    const beside = db.prepare('SELECT name, content FROM beside').all();
    db.exec('DROP TABLE beside');
    return new Map(beside.map(({ name, content }) => [String(name), Buffer.from(content as Uint8Array)]));
  } catch (error) {
    throw new Error(`${file} cannot be restored: ${(error as Error).message}`, { cause: error });
  } finally {
    db?.close();
  }
}

function checkWhole(db: DatabaseSync): void {
  const found = db.prepare('PRAGMA integrity_check(1)').get()!.integrity_check;
  if (found !== 'ok') throw new Error(`it is damaged (${found})`);
}

/** Moves a file into the data folder, complete or not at all. A file to be replaced must be held by `holdDatabase`. */
export function install(name: string, from: string, dataDir: string, replace: boolean): void {
  flush(join(from, name));
  if (replace) renameSync(join(from, name), join(dataDir, name));
  else linkSync(join(from, name), join(dataDir, name));
  flush(dataDir);
}

/** SQLite's primary result codes for a damaged file, or for one that is not a database. */
const damaged = new Set([11, 26]);

/**
 * Locks the data folder's database, if it has one, while it is replaced. Returns a function that unlocks it. Nothing in
 * the database is lost. @throws if a server has it open, or it cannot be written
 */
export function holdDatabase(dataDir: string): () => void {
  const file = databaseFile(dataDir);
  if (!existsSync(file)) return () => {};
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Turns the write-ahead log off, so that unlocking does not touch the new database.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE; COMMIT');
  } catch (error) {
    db.close();
    if (isBusy(error)) throw new Error(inUse(dataDir));
    // A damaged database needs no lock. If its log cannot be merged, as on a full disk, the database is intact.
    if (!damaged.has(resultCode(error) & 0xff))
      throw new Error(`${file} cannot be replaced: ${(error as Error).message}`, { cause: error });
    return () => {};
  }
  return () => db.close();
}

/** Removes the leftovers of a replaced database, which SQLite would read as those of the new one. */
export function removeLeftovers(dataDir: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${databaseFile(dataDir)}${suffix}`, { force: true });
}

/** Gives the file its name, unless the name is taken. On a file system without links, it checks first. */
function placeNew(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(file))
      throw new Error(`${file} already exists`);
    renameSync(draft, file);
  }
}

/** Flushes a file or folder to the disk. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
