/** One life of the two connections to Redis, which ends when either fails. */
import type { Redis } from 'ioredis';
import { type ObserveCall, observed } from '../../lib/observe.ts';
import { within } from '../../lib/with-timeout.ts';
import { type ScriptName, scripts } from './scripts.ts';

/** How long Redis may take for one answer. */
const answerTimeoutMs = 2_000;
/** Entries that one read may return. */
const readCount = 1_000;

/** An entry of the stream: its id and its fields. */
export interface StreamEntry {
  readonly epoch: number;
  readonly offset: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** A connection to a Redis that was examined and can hold a room. */
export interface Connected {
  readonly redis: Redis;
  /** Id of the Redis process, another one for each of its lives. */
  readonly run: string;
  /** Policy by which Redis may evict keys; undefined where it evicts none. */
  readonly eviction: string | undefined;
}

export interface Link extends Pick<Connected, 'run' | 'eviction'> {
  /** Runs a script on the room. Scripts run in the order of the calls. If one fails, the link is over. */
  call(script: ScriptName, args: readonly (string | number)[]): Promise<unknown>;
  /** Returns the entries up to this one, oldest first. */
  entriesTo(epoch: number, offset: number): Promise<StreamEntry[]>;
  /** Returns the entries after this one. Waits up to `blockMs` for the first, then returns none. */
  entriesAfter(epoch: number, offset: number): Promise<StreamEntry[]>;
  /** Ends the link for this reason. */
  fail(error: Error): void;
  /** Rejects when the link is over. */
  readonly over: Promise<never>;
}

interface LinkOptions {
  /** Makes a connection. */
  readonly create: () => Promise<Connected>;
  /** Prefix of all keys of the room. */
  readonly room: string;
  /** How long a read waits for the next entry. */
  readonly blockMs: number;
  /** Hears of every script. */
  readonly onCall?: ObserveCall | undefined;
}

/** An entry as Redis replies it. */
export type RawStreamEntry = readonly [id: string, fields: readonly string[]];

export const streamEntryOf = ([id, fields]: RawStreamEntry): StreamEntry => {
  const [epoch, offset] = id.split('-').map(Number);
  const pairs = Array.from({ length: fields.length / 2 }, (_, at) => [fields[2 * at]!, fields[2 * at + 1]!] as const);
  return { epoch: epoch!, offset: offset!, fields: new Map(pairs) };
};

/** Makes two connections, or none. @throws where either fails */
async function createBoth(create: LinkOptions['create']): Promise<readonly [Connected, Connected]> {
  const [one, other] = await Promise.allSettled([create(), create()]);
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  for (const result of [one, other]) if (result.status === 'fulfilled') result.value.redis.disconnect();
  throw one.status === 'rejected' ? one.reason : (other as PromiseRejectedResult).reason;
}

/** Connects twice, as a read that waits must not hold up calls. @throws where that fails */
export async function openLink({ create, room, blockMs, onCall = () => {} }: LinkOptions): Promise<Link> {
  const stream = `${room}:log`;
  const [{ redis: asking, run, eviction }, { redis: reading, run: readRun }] = await createBoth(create);
  const { promise: over, reject } = Promise.withResolvers<never>();
  // A link that nobody waits for must not end the process.
  over.catch(() => {});

  let failed = false;
  function fail(error: Error): void {
    // Open calls fail with the connections, and would end the link again.
    if (failed) return;
    failed = true;
    reject(error);
    // At once, so that calls without an answer are not sent again.
    asking.disconnect();
    reading.disconnect();
  }
  /**
   * Resolves with an answer. A failed or late one ends the link, as nobody knows whether its call was done. Doesn't wait
   * for `over`, which would keep each call in memory until the link ends: the connections reject open calls themselves.
   */
  async function answer<T>(ms: number, promise: Promise<T>): Promise<T> {
    try {
      return await within(promise, ms, () => new Error(`Redis has not answered within ${ms} ms`));
    } catch (error) {
      fail(error as Error);
      throw error;
    }
  }
  for (const redis of [asking, reading]) redis.on('end', () => fail(new Error('The connection to Redis has ended')));

  // While an address moves to another server, each connection may have reached another one.
  if (run !== readRun) {
    const error = new Error('The two connections lead to two lives of Redis');
    fail(error);
    throw error;
  }
  const names = Object.keys(scripts) as ScriptName[];
  const loaded = await answer(
    answerTimeoutMs,
    Promise.all(names.map(async (name) => [name, String(await asking.script('LOAD', scripts[name]))] as const)),
  );
  const hashes = new Map(loaded);

  return {
    run,
    eviction,
    call: (script, args) =>
      observed(onCall, script, () => answer(answerTimeoutMs, asking.evalsha(hashes.get(script)!, 1, room, ...args))),
    entriesTo: async (epoch, offset) =>
      (await answer(answerTimeoutMs, asking.xrange(stream, '-', `${epoch}-${offset}`))).map(streamEntryOf),
    entriesAfter: async (epoch, offset) => {
      const read = reading.xread('COUNT', readCount, 'BLOCK', blockMs, 'STREAMS', stream, `${epoch}-${offset}`);
      const [found] = (await answer(blockMs + answerTimeoutMs, read)) ?? [];
      return (found?.[1] ?? []).map(streamEntryOf);
    },
    fail,
    over,
  };
}
