import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import { within } from '../lib/with-timeout.ts';
import { examine, probeWrite, type RedisUse, type ServerFacts } from './redis-check.ts';
import { isSelectFault, isWrongServer, unusable } from './redis-fault.ts';
import { redisOptionsOf } from './redis-url.ts';

const connectTimeoutMs = 2_000;
/** How long a connection may take until the server behind it is known. */
const openTimeoutMs = 3_000;
/** How long one that is given up may take to end. */
const endTimeoutMs = 3_000;
/** How long a start waits for a Redis that reads its data from disk. */
const loadingTimeoutMs = 30_000;
const loadingPauseMs = 200;
const firstPauseMs = 50;
const maxPauseMs = 2_000;
/** How soon it shows that a server that nobody asks anything can't do its work any more. */
const watchIntervalMs = 5_000;

/** Makes a connection that isn't there yet, and doesn't come back. What is asked while there is none fails at once. */
function createRedis(url: string, options: RedisOptions = {}): Redis {
  const redis = new Redis({
    ...redisOptionsOf(url),
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    sentinelCommandTimeout: connectTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    sentinelRetryStrategy: () => null,
    // Both would ask for more than the user may be allowed, or print what isn't ours.
    enableReadyCheck: false,
    disableClientInfo: true,
    ...options,
  });
  // What fails tells whoever asked for it; an error that nobody listens to would end the process.
  redis.on('error', (error) => {
    // At once: what is written after it would be in another database.
    if (isSelectFault(error)) redis.disconnect();
  });
  return redis;
}

const tooLate = (): Error => new Error(`no answer within ${openTimeoutMs} ms`);

/** Resolves when a connection that is given up can be made anew. */
async function ended(redis: Redis): Promise<void> {
  if (redis.status === 'end' || redis.status === 'wait') return;
  await within(once(redis, 'end'), endTimeoutMs, tooLate).catch(() => {});
}

/** Connects. @throws with the address and the reason, never with a password */
async function connectOnce(redis: Redis): Promise<void> {
  let reason: Error | undefined;
  const note = (error: Error): void => {
    reason ??= error;
  };
  const noteSentinel = (error: Error): void => {
    if (/No such master|reply: null$/.test(error.message))
      note(new Error(`the sentinels know no master ${redis.options.name}`));
  };
  redis.on('error', note).on('sentinelError', noteSentinel);
  try {
    await within(redis.connect(), openTimeoutMs, tooLate);
    if (reason) throw reason;
  } catch (error) {
    redis.disconnect();
    throw unusable(redis, reason ?? (error as Error));
  } finally {
    redis.off('error', note).off('sentinelError', noteSentinel);
  }
}

export interface KeptOptions {
  /** Below it lies all that is written. */
  readonly key: string;
  readonly use: RedisUse;
  /** How long Redis may take for an answer. */
  readonly answerTimeoutMs: number;
  /** Hears when Redis can't be used any more, and why; and, without a reason, when it can be again. */
  readonly onHealth?: (fault?: Error) => void;
}

/** A connection that is made again whenever it, or the server behind it, is no good any more. */
interface KeptRedis {
  readonly redis: Redis;
  /** Says why nothing can be asked now. */
  readonly fault: Error | undefined;
  /** Takes note of what a command failed with: the connection may be no good any more. */
  distrust(error: unknown): void;
  /** Proves that it can be written. @throws where it can't */
  probe(): Promise<void>;
  close(): void;
}

const isLoading = ({ cause }: Error): boolean => cause instanceof Error && cause.message.startsWith('LOADING ');
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

/** Connects to a server that can do the work. @throws with the address and the reason, never with a password */
async function openRedis(redis: Redis, { key, use }: Pick<KeptOptions, 'key' | 'use'>): Promise<ServerFacts> {
  await connectOnce(redis);
  try {
    return await within(examine(redis, key, use), openTimeoutMs, tooLate);
  } catch (error) {
    redis.disconnect();
    throw unusable(redis, error as Error);
  }
}

/** The same, and sees that it takes writes. Waits for one that reads its data from disk. */
async function startRedis(redis: Redis, options: KeptOptions): Promise<ServerFacts> {
  const deadlineMs = performance.now() + loadingTimeoutMs;
  for (;;) {
    try {
      return await openRedis(redis, options);
    } catch (error) {
      if (!isLoading(error as Error) || performance.now() > deadlineMs) throw error;
    }
    await Promise.all([new Promise((resolve) => setTimeout(resolve, loadingPauseMs)), ended(redis)]);
  }
}

/** Connects, and stays so. @throws with the address and the reason, never with a password, where the first time fails */
export async function keepRedis(url: string, options: KeptOptions): Promise<KeptRedis> {
  const { key, answerTimeoutMs, onHealth = () => {} } = options;
  const redis = createRedis(url, { commandTimeout: answerTimeoutMs, socketTimeout: answerTimeoutMs });
  /** Nothing is sent while there is one. */
  let fault: Error | undefined;
  let healthy = true;
  let closed = false;
  let reopening = false;
  let probing: Promise<void> | undefined;

  function tell(error?: Error): void {
    if (closed || healthy === (error === undefined)) return;
    healthy = error === undefined;
    onHealth(error);
  }

  async function reopen(reason: Error): Promise<void> {
    if (closed || reopening) return;
    reopening = true;
    fault = reason;
    tell(fault);
    redis.disconnect();
    for (let failures = 0; fault && !closed; failures += 1) {
      await Promise.all([pause(Math.min(maxPauseMs, firstPauseMs * 2 ** failures)), ended(redis)]);
      if (closed) break;
      fault = await openRedis(redis, options).then(
        () => undefined,
        (error: Error) => error,
      );
    }
    reopening = false;
    // It may refuse writes: then it can be read, and its health is told by that.
    if (!closed) await probe().catch(() => {});
  }

  function distrust(error: unknown): void {
    if (error instanceof Error && isWrongServer(error)) void reopen(unusable(redis, error));
  }

  async function probeOnce(): Promise<void> {
    if (fault) throw fault;
    try {
      await probeWrite(redis, key);
      tell();
    } catch (error) {
      const reason = unusable(redis, error as Error);
      tell(reason);
      if (redis.status === 'end') void reopen(reason);
      else distrust(error);
      throw reason;
    }
  }
  /** Those who ask at the same time share one answer. */
  function probe(): Promise<void> {
    probing ??= probeOnce().finally(() => {
      probing = undefined;
    });
    return probing;
  }

  await startRedis(redis, options);
  try {
    await probeWrite(redis, key);
  } catch (error) {
    redis.disconnect();
    throw unusable(redis, error as Error);
  }
  redis.on('end', () => void reopen(unusable(redis, new Error('the connection has ended'))));
  const watching = setInterval(() => void probe().catch(() => {}), watchIntervalMs).unref();
  return {
    redis,
    get fault() {
      return fault;
    },
    distrust,
    probe,
    close: () => {
      closed = true;
      clearInterval(watching);
      redis.disconnect();
    },
  };
}

/** Makes the connections of a link, which ends with them: one that broke doesn't come back. */
export const linkingTo = (url: string, key: string) => async (): Promise<ServerFacts & { readonly redis: Redis }> => {
  const redis = createRedis(url, { enableAutoPipelining: true });
  return { redis, ...(await openRedis(redis, { key, use: 'room' })) };
};
