/** Explains system errors at the start: which setting or file the operator has to change, and why. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { secretFile } from '../auth/secret.ts';
import { epochFile } from '../backplane/epoch.ts';
import type { Config } from '../config.ts';
import { databaseFile } from '../database/database-file.ts';
import { codeOf, explainAddress } from '../lib/listen-fault.ts';

/** Returns an explanation of an error about the address or the data folder, or the message of another error. */
export function explainStart(
  error: unknown,
  { host, port, dataDir }: Pick<Config, 'host' | 'port' | 'dataDir'>,
): string {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === 'listen' || syscall === 'bind' || syscall === 'getaddrinfo')
    return explainAddress(error, { variables: ['HOST', 'PORT'], host, port });
  return explainDataDir(error, dataDir) ?? message;
}

/** System error code for each of SQLite's primary result codes. */
const sqliteCodes: Readonly<Record<number, string>> = {
  5: 'BUSY',
  6: 'BUSY',
  8: 'EROFS',
  10: 'EIO',
  11: 'CORRUPT',
  13: 'ENOSPC',
  14: 'CANTOPEN',
  26: 'NOTADB',
};

/** Returns why the data folder can't be read or written, or undefined for another error. */
function explainDataDir(error: unknown, dataDir: string): string | undefined {
  const { errcode, path, syscall } = error as NodeJS.ErrnoException & { errcode?: number };
  const file = databaseFile(dataDir);
  if (errcode !== undefined) {
    const code = sqliteCodes[errcode & 0xff] ?? `SQLite ${errcode}`;
    const found = code === 'CANTOPEN' || code === 'EROFS' ? (accessFault(file) ?? code) : code;
    return `DATA_DIR: ${reasonOf(found, file)}`;
  }
  const code = codeOf(error);
  if (code === undefined || syscall === undefined) return undefined;
  // Errors of `read` and `write` have no path. A folder, for example, can be opened but not read.
  if (path === undefined)
    return syscall === 'read' || syscall === 'write' ? `DATA_DIR: ${reasonOf(code, folderIn(dataDir))}` : undefined;
  const [folder, at] = [resolve(dataDir), resolve(path)];
  if (at !== folder && dirname(at) !== folder && !folder.startsWith(`${at}/`)) return undefined;
  // ENOENT may also mean a folder that can't be created.
  const found = code === 'ENOENT' ? (accessFault(path) ?? code) : code;
  return `DATA_DIR: ${reasonOf(found, path)}`;
}

/** Returns the path of a folder that is in the place of a file in the data folder, or else the data folder. */
const folderIn = (dataDir: string): string =>
  [secretFile, epochFile]
    .map((name) => join(dataDir, name))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory()) ?? dataDir;

/** Returns the code of the error that keeps this process from writing to a file, or to its folder. */
function accessFault(file: string): string | undefined {
  try {
    if (existsSync(file) && statSync(file).isDirectory()) return 'EISDIR';
    for (const path of [dirname(file), file]) if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    if (existsSync(dirname(file))) accessSync(dirname(file), constants.X_OK);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

function reasonOf(code: string, path: string): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${path} cannot be used${ownersOf(path)} (${code})`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of ${path} is full (${code})`;
    case 'EROFS':
      return `${path} is on a read-only file system (${code})`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `${path} must be a folder, but it or a parent of it is a file (${code})`;
    case 'EISDIR':
      return `${path} must be a file, but it is a folder (${code})`;
    case 'BUSY':
      return `${path} is in use: stop the server or command that has it open`;
    case 'NOTADB':
      return `${path} is not a database, or is damaged: restore a backup, or move the file away`;
    case 'CORRUPT':
      return `${path} is damaged: restore a backup`;
    default:
      return `${path} cannot be used (${code})`;
  }
}

/** Returns a clause that names the owner of a path, if that is another user. */
function ownersOf(path: string): string {
  const own = process.getuid?.();
  for (const at of [path, dirname(path)]) {
    try {
      const { uid } = statSync(at);
      if (own !== undefined && uid !== own) return `: ${at} belongs to user ${uid}, but Palaver runs as user ${own}`;
    } catch {
      // The owner of the folder explains why the path can't be read.
    }
  }
  return '';
}

/** Runs `work`, and explains an error about the data folder to the operator. */
export async function explainingDataDir<T>(dataDir: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = explainDataDir(error, dataDir);
    throw reason === undefined ? error : new Error(reason, { cause: error });
  }
}
