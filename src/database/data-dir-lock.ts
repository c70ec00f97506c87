import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './result-codes.ts';

/** Its name in the data folder. It is empty, and stays when the server has stopped. */
const lockFile = 'server.lock';

/**
 * Locks a data folder for one server, and returns how to unlock it. Node has no file locks, SQLite has: an open exclusive
 * transaction on an empty file, which ends with the process however that ends, and holds between containers of one host.
 * The commands that work beside a server don't ask for it.
 * @throws with the folder, where another server has it
 */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, lockFile);
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    // Without a journal beside it: nothing is written.
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
