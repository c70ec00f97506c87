import { once } from 'node:events';
import { Redis, type RedisOptions } from 'ioredis';
import { within } from '../lib/with-timeout.ts';
import { examine, probeWrite, type RedisUse, type ServerFacts } from './redis-check.ts';
import { isSelectFault, isWrongServer, unusable } from './redis-fault.ts';
import { redisOptionsOf } from './redis-url.ts';

const connectTimeoutMs = 2_000;
/** How long connecting to a server and examining it may take, each. */
const openTimeoutMs = 3_000;
/** How long a connection may take to end after a disconnect. */
const endTimeoutMs = 3_000;
/** How long a start waits for a Redis that loads its data from disk. */
const loadingTimeoutMs = 30_000;
const loadingPauseMs = 200;
const firstPauseMs = 50;
const maxPauseMs = 2_000;
/** Interval between probes, which find a failure while no commands are sent. */
const watchIntervalMs = 5_000;

/** Creates a client that is not connected yet and doesn't reconnect. Without a connection, commands fail at once. */
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
    // Both send commands that the user may not be allowed to run.
    enableReadyCheck: false,
    disableClientInfo: true,
    ...options,
  });
  // Commands reject by themselves; an error event without a listener would end the process.
  redis.on('error', (error) => {
    // At once: later commands would write to another database.
    if (isSelectFault(error)) redis.disconnect();
  });
  return redis;
}

const tooLate = (): Error => new Error(`no answer within ${openTimeoutMs} ms`);

/** Resolves when a client that was disconnected can connect again. */
async function ended(redis: Redis): Promise<void> {
  if (redis.status === 'end' || redis.status === 'wait') return;
  await within(once(redis, 'end'), endTimeoutMs, tooLate).catch(() => {});
}

/** Connects once. @throws with the address and the reason, never with a password */
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
  /** Prefix of all keys. */
  readonly key: string;
  readonly use: RedisUse;
  /** How long Redis may take for one answer. */
  readonly answerTimeoutMs: number;
  /** Called with the reason when Redis becomes unusable, and without one when it is usable again. */
  readonly onHealth?: (fault?: Error) => void;
}

/** A connection that is made again whenever it fails, or its server can't be used any more. */
interface KeptRedis {
  readonly redis: Redis;
  /** The reason why no command can be sent now. */
  readonly fault: Error | undefined;
  /** Takes the error of a command, and connects again if it shows that the server is the wrong one. */
  distrust(error: unknown): void;
  /** Proves that Redis takes writes. @throws where it doesn't */
  probe(): Promise<void>;
  close(): void;
}

const isLoading = ({ cause }: Error): boolean => cause instanceof Error && cause.message.startsWith('LOADING ');
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());

/** Connects to a server and examines it. @throws with the address and the reason, never with a password */
async function openRedis(redis: Redis, { key, use }: Pick<KeptOptions, 'key' | 'use'>): Promise<ServerFacts> {
  await connectOnce(redis);
  try {
    return await within(examine(redis, key, use), openTimeoutMs, tooLate);
  } catch (error) {
    redis.disconnect();
    throw unusable(redis, error as Error);
  }
}

/** Connects to a server and examines it. Waits for one that loads its data from disk. @throws as `openRedis` does */
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

/**
 * Connects, and connects again after each failure.
 * @throws where the first time fails, with the address and the reason, never with a password
 */
export async function keepRedis(url: string, options: KeptOptions): Promise<KeptRedis> {
  const { key, answerTimeoutMs, onHealth = () => {} } = options;
  const redis = createRedis(url, { commandTimeout: answerTimeoutMs, socketTimeout: answerTimeoutMs });
  /** No command is sent while there is one. */
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
    // It may refuse writes: then it can be read, and the probe reports that.
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
  /** Concurrent probes are coalesced. */
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

/** Returns a function that makes a connection for a link. A connection that fails is not made again: its link ends. */
export const linkingTo = (url: string, key: string) => async (): Promise<ServerFacts & { readonly redis: Redis }> => {
  const redis = createRedis(url, { enableAutoPipelining: true });
  return { redis, ...(await openRedis(redis, { key, use: 'room' })) };
};
