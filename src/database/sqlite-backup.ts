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

/** What lies beside the database and goes along: without the secret no token is good any more. */
const besideIt = ['jwt-secret', 'epoch'];
/** How long a copy waits for another process's lock. */
const busyTimeoutMs = 5_000;

/**
 * Writes all of a data folder into one new file, readable by its owner alone: a SQLite database with a table more. It is
 * as of one moment, however much a server writes meanwhile. The file is there whole, or not at all.
 * @throws where there is nothing to copy, or the file is there already
 */
export function writeBackup(dataDir: string, file: string): void {
  if (!existsSync(databaseFile(dataDir))) throw new Error(`Nothing is kept in ${dataDir}`);
  if (existsSync(file)) throw new Error(`${file} is there already`);
  const draft = `${file}.${process.pid}.part`;
  try {
    // Now, for its mode: what is written into it keeps that.
    closeSync(openSync(draft, 'wx', 0o600));
    // It reads, and so keeps nobody from writing.
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
      // After the database: an epoch that is too late does no harm.
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
 * Puts the database of a backup into a folder that has none, and returns what was beside it, by name.
 * @throws where it is damaged, of a newer version, or no backup
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

/** Puts a file of one folder into the other, whole or not at all. What is there, if it is to be replaced, is held. */
export function install(name: string, from: string, dataDir: string, replace: boolean): void {
  flush(join(from, name));
  if (replace) renameSync(join(from, name), join(dataDir, name));
  else linkSync(join(from, name), join(dataDir, name));
  flush(dataDir);
}

/** SQLite's primary result codes of a file that is no database, or a damaged one. */
const damaged = new Set([11, 26]);

/**
 * Keeps everyone out of the data folder's database, if it has one, until it is let go of, or another one is in its place.
 * Returns how to let go. It loses nothing of what is there. @throws where a server has it open, or it can't be written
 */
export function holdDatabase(dataDir: string): () => void {
  const file = databaseFile(dataDir);
  if (!existsSync(file)) return () => {};
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Without a log beside it: letting go must not touch what has come into its place.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE; COMMIT');
  } catch (error) {
    db.close();
    if (isBusy(error)) throw new Error(inUse(dataDir));
    // A damaged one is nobody's. One whose log can't be written into it, as the disk is full, is whole.
    if (!damaged.has(resultCode(error) & 0xff))
      throw new Error(`${file} cannot be replaced: ${(error as Error).message}`, { cause: error });
    return () => {};
  }
  return () => db.close();
}

/** Removes what is left of a database that is to be replaced: it must not be taken for that of another. */
export function removeLeftovers(dataDir: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${databaseFile(dataDir)}${suffix}`, { force: true });
}

/** Gives the file its name, if nothing has it. Where the file system has no links, it looks first. */
function placeNew(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(file))
      throw new Error(`${file} is there already`);
    renameSync(draft, file);
  }
}

/** What is written there is on the disk. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
