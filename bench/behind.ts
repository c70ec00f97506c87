/** Starts the services behind several nodes: Redis, and for Palaver a database with MongoDB's protocol. */
import { ferretdbAt } from '../test/harness/mongo.ts';
import { freePort, listening } from '../test/harness/port.ts';
import { type Child, start } from './processes.ts';

export interface Behind {
  readonly redis: Child;
  readonly mongodb: Child;
  /** Where the nodes find both. */
  readonly env: Readonly<Record<string, string>>;
}

const startTimeoutMs = 20_000;

async function startAt(port: number, command: readonly string[], cwd: string): Promise<Child> {
  const { child, problem } = start(command, { side: 'server', cwd });
  const { promise: late, reject } = Promise.withResolvers<never>();
  const fail = (): void => reject(new Error(`${command[0]} does not start: ${problem()}`));
  const timer = setTimeout(fail, startTimeoutMs);
  child.once('exit', fail);
  child.once('error', fail);
  child.stdout.resume();
  await Promise.race([listening(port), late]).finally(() => clearTimeout(timer));
  return child;
}

/** Both run on the servers' side of the machine. Redis writes nothing to the disk, as in the peers' own examples. */
export async function startBehind(folder: string): Promise<Behind> {
  const [redisPort, mongoPort] = [await freePort(), await freePort()];
  const redis = await startAt(
    redisPort,
    ['redis-server', '--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    folder,
  );
  const mongodb = await startAt(mongoPort, ferretdbAt(mongoPort, folder), folder);
  const env = { REDIS_URL: `redis://127.0.0.1:${redisPort}`, MONGODB_URI: `mongodb://127.0.0.1:${mongoPort}/bench` };
  return { redis, mongodb, env };
}
