/** One life of the connections to Redis: from when both are there to when either fails. */
import type { Redis } from 'ioredis';
import { type ObserveCall, observed } from '../../lib/observe.ts';
import { within } from '../../lib/with-timeout.ts';
import { type ScriptName, scripts } from './scripts.ts';

/** How long one answer may take. */
const answerTimeoutMs = 2_000;
/** How many entries are read at once. */
const readCount = 1_000;

/** An entry of the stream: its id there, and its fields. */
export interface StreamEntry {
  readonly epoch: number;
  readonly offset: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** A connection to a server that can do the work of the room. */
export interface Connected {
  readonly redis: Redis;
  /** Of the Redis process: another one for each of its lives. */
  readonly run: string;
  /** The policy by which it may evict keys; undefined where it evicts none. */
  readonly eviction: string | undefined;
}

export interface Link extends Pick<Connected, 'run' | 'eviction'> {
  /** Runs a script on the room. Scripts run in the order of the calls. Where one fails, the link is over. */
  call(script: ScriptName, args: readonly (string | number)[]): Promise<unknown>;
  /** The entries that there are up to this one, oldest first. */
  entriesTo(epoch: number, offset: number): Promise<StreamEntry[]>;
  /** The entries after this one; waits a while for the first, then there may be none. */
  entriesAfter(epoch: number, offset: number): Promise<StreamEntry[]>;
  /** Ends it, because of this. */
  fail(error: Error): void;
  /** Rejects when it is over. */
  readonly over: Promise<never>;
}

interface LinkOptions {
  /** Makes a connection. */
  readonly create: () => Promise<Connected>;
  /** The key below which all of the room lies. */
  readonly room: string;
  /** How long a read waits for what is to come. */
  readonly blockMs: number;
  /** Hears of every script. */
  readonly onCall?: ObserveCall | undefined;
}

/** As Redis tells one. */
export type RawStreamEntry = readonly [id: string, fields: readonly string[]];

export const streamEntryOf = ([id, fields]: RawStreamEntry): StreamEntry => {
  const [epoch, offset] = id.split('-').map(Number);
  const pairs = Array.from({ length: fields.length / 2 }, (_, at) => [fields[2 * at]!, fields[2 * at + 1]!] as const);
  return { epoch: epoch!, offset: offset!, fields: new Map(pairs) };
};

/** Both, or none. */
async function createBoth(create: LinkOptions['create']): Promise<readonly [Connected, Connected]> {
  const [one, other] = await Promise.allSettled([create(), create()]);
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  for (const result of [one, other]) if (result.status === 'fulfilled') result.value.redis.disconnect();
  throw one.status === 'rejected' ? one.reason : (other as PromiseRejectedResult).reason;
}

/** Connects twice: what is waited for must not hold up what is asked. @throws where that fails */
export async function openLink({ create, room, blockMs, onCall = () => {} }: LinkOptions): Promise<Link> {
  const stream = `${room}:log`;
  const [{ redis: asking, run, eviction }, { redis: reading, run: readRun }] = await createBoth(create);
  const { promise: over, reject } = Promise.withResolvers<never>();
  // Who waits for it hears of it; nobody has to.
  over.catch(() => {});

  let failed = false;
  function fail(error: Error): void {
    // All that is open fails with it, and would end it again.
    if (failed) return;
    failed = true;
    reject(error);
    // At once: what was sent and not answered is not sent again.
    asking.disconnect();
    reading.disconnect();
  }
  /**
   * An answer that failed or is late is the end: what became of its question nobody knows. Where the link is over its
   * connection rejects what is open; nothing waits for `over` itself, which would hold on to each of them till then.
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

  // While an address moves to another server, each may have come to one of them.
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
