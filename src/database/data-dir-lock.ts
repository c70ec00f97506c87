import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './result-codes.ts';

/** Name of the lock file in the data folder. It is empty, and stays after the server has stopped. */
const lockFile = 'server.lock';

/**
 * Locks a data folder for one server, and returns a function that unlocks it. Node has no file locks, but SQLite has:
 * an open exclusive transaction on an empty file. It ends with the process in any case, and works between containers of
 * one host. Commands that work beside a server don't take the lock.
 * @throws with the folder, if another server has it
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, lockFile);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // In memory, so that no journal file appears.
    db.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    chmodSync(file, 0o600);
  } catch (error) {
    db.close();
    if (isBusy(error))
      throw new Error(`DATA_DIR ${dataDir} is in use by another server: stop that one, or set another DATA_DIR`);
    throw error;
  }
  return () => db.close();
}
