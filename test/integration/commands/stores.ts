import { afterAll } from 'vitest';
import { anyMongo, canStop, type Mongo, noMongo } from '../../harness/mongo.ts';
import { anyRedis, noRedis } from '../../harness/redis.ts';

interface Kept {
  readonly name: string;
  readonly skip: boolean;
  /** The environment of a store that is empty except for `DATA_DIR`. */
  env(): Promise<Readonly<Record<string, string>>>;
}

type Service = Pick<Mongo, 'uri' | 'remove'>;

/** Started by the first test that needs it, and stopped after the last. */
function shared(start: () => Promise<Service>): () => Promise<Service> {
  let started: Promise<Service> | undefined;
  afterAll(async () => (await started)?.remove());
  return () => {
    started ??= start();
    return started;
  };
}

/** Every user store, with servers that share it. */
export function everyStore(): Kept[] {
  const [mongo, redis] = [shared(anyMongo), shared(anyRedis)];
  const inMongo = async () => ({ MONGODB_URI: (await mongo()).uri() });
  return [
    { name: 'SQLite', skip: false, env: async () => ({}) },
    { name: 'MongoDB', skip: noMongo !== undefined, env: inMongo },
    {
      name: 'MongoDB and Redis',
      skip: !canStop || noRedis !== undefined,
      env: async () => ({ ...(await inMongo()), REDIS_URL: (await redis()).uri() }),
    },
  ];
}
