import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { within } from './deadline.ts';
import { freePort, listening } from './port.ts';
import { paused } from './process.ts';

/** Path of FerretDB, where `test/tools/ferretdb/build.sh` puts it. */
export const ferretdb = join(
  process.env.PALAVER_CACHE ?? join(homedir(), '.cache/palaver'),
  'ferretdb-1.24.2/ferretdb',
);
const given = process.env.MONGODB_URI;

/** Reason to skip the tests that need MongoDB; undefined if they can run. With CI set they must. */
export const noMongo: string | undefined =
  given || existsSync(ferretdb)
    ? undefined
    : 'neither MONGODB_URI nor FerretDB (test/tools/ferretdb/build.sh) is there';
if (noMongo && process.env.CI) throw new Error(`In CI the MongoDB tests must run, and ${noMongo}`);
if (noMongo) console.warn(`The MongoDB tests are skipped: ${noMongo}`);

/** A database with MongoDB's wire protocol, in a process of its own. */
export interface Mongo {
  /** Returns the URI of a new database with each call. */
  uri(): string;
  stop(): Promise<void>;
  /** Keeps its connections open but answers nothing until `wake`. */
  hang(): Promise<void>;
  wake(): void;
  /** Starts it again at the same address, with the same data. */
  start(): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

let databases = 0;
const withDatabase = (base: string): string => {
  databases += 1;
  const uri = new URL(base);
  uri.pathname = `/palaver_test_${process.pid}_${databases}`;
  return uri.href;
};

async function drop(uri: string): Promise<void> {
  const client = new MongoClient(uri);
  await client.db().dropDatabase();
  await client.close();
}

/** Returns the command that serves the data in this folder on this port of the loopback interface. */
export const ferretdbAt = (port: number, folder: string): [command: string, ...args: string[]] => [
  ferretdb,
  '--handler=sqlite',
  `--sqlite-url=file:${folder}/`,
  `--state-dir=${folder}`,
  `--listen-addr=127.0.0.1:${port}`,
  '--debug-addr=-',
  '--telemetry=disable',
  '--log-level=error',
];

/** Starts FerretDB on a free port of the loopback interface. */
export async function startMongo(): Promise<Mongo> {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-ferretdb-'));
  const port = await freePort();
  const [command, ...args] = ferretdbAt(port, folder);
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(command, args, { stdio: 'ignore' });
    await within(listening(port), 'FerretDB to listen');
  };
  const stop = async (): Promise<void> => {
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    child = undefined;
    await ended;
  };
  await start();
  return {
    uri: () => withDatabase(`mongodb://127.0.0.1:${port}/`),
    start,
    stop,
    hang: async () => child && paused(child),
    wake: () => void child?.kill('SIGCONT'),
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the database that MONGODB_URI names, or starts FerretDB. The test cannot stop it. */
export async function anyMongo(): Promise<Pick<Mongo, 'uri' | 'remove'>> {
  if (!given) return startMongo();
  const made: string[] = [];
  return {
    uri: () => {
      made.push(withDatabase(given));
      return made.at(-1)!;
    },
    remove: async () => {
      for (const uri of made) await drop(uri);
    },
  };
}

let forServers: Pick<Mongo, 'uri'> | undefined;
/** Makes every test server that starts from now on keep its users in this database. */
export const serversUse = (mongo: Pick<Mongo, 'uri'>): void => {
  forServers = mongo;
};
export const serversMongo = (): Pick<Mongo, 'uri'> | undefined => forServers;

/** True if there is a database that a test may stop. */
export const canStop = existsSync(ferretdb);
