import type { RedisDatabase } from '../database/redis.ts';
import { gapsUnmerged, type MessageStore, type Run, type StoredMessage } from './message-store.ts';

/** Messages that one command reads or removes: Redis serves no other caller meanwhile. */
const batchSize = 500;

/** Neighbouring gaps that one pruning looks at. */
const mergedAtOnce = 1_000;

/** Keys of the history. */
interface HistoryKeys {
  /** Sorted set, in lexical order. */
  readonly ids: string;
  /** Hash: id → message without its id, as JSON. */
  readonly bodies: string;
  /** Sorted set, in lexical order: ids before which messages may be missing. */
  readonly gaps: string;
  /** Hash: epoch → last id, or an empty text. */
  readonly runs: string;
  /** How far retention has come, as JSON. */
  readonly retention: string;
}

interface RedisHistory extends Pick<RedisDatabase, 'redis' | 'runAll'>, HistoryKeys {}

async function messagesOf({ redis, bodies }: RedisHistory, some: readonly string[]): Promise<StoredMessage[]> {
  const found = some.length === 0 ? [] : await redis.hmget(bodies, ...some);
  // A missing one was pruned meanwhile.
  return found.flatMap((body, at) => (body === null ? [] : [{ id: some[at]!, ...JSON.parse(body) }]));
}

/** Returns all ids in batches, the oldest first. */
async function* idBatches({ redis, ids }: RedisHistory): AsyncGenerator<string[]> {
  for (let start = '-'; ; ) {
    const some = await redis.zrangebylex(ids, start, '+', 'LIMIT', 0, batchSize);
    if (some.length > 0) yield some;
    if (some.length < batchSize) return;
    start = `(${some.at(-1)}`;
  }
}

/** Returns all messages, the oldest first. */
async function* oldestFirst(history: RedisHistory): AsyncGenerator<StoredMessage> {
  for await (const some of idBatches(history)) yield* await messagesOf(history, some);
}

/** Returns all runs in order. */
async function allRuns({ redis, runs }: RedisHistory): Promise<Run[]> {
  return Object.entries(await redis.hgetall(runs))
    .map(([epoch, lastId]) => ({ epoch, lastId: lastId || undefined }))
    .sort((a, b) => (a.epoch < b.epoch ? -1 : 1));
}

/** Removes gaps that have no message between them and the next gap, except for the last ones. */
async function mergeGaps({ redis, ids, gaps }: RedisHistory): Promise<void> {
  const count = Math.min(mergedAtOnce, (await redis.zcard(gaps)) - gapsUnmerged);
  if (count <= 0) return;
  const oldest = await redis.zrange(gaps, '0', String(count - 1));
  const pairs = oldest.slice(1).map((next, at) => [oldest[at]!, next] as const);
  const between = await Promise.all(pairs.map(([gap, next]) => redis.zlexcount(ids, `[${gap}`, `(${next}`)));
  const merged = pairs.flatMap(([gap], at) => (between[at] === 0 ? [gap] : []));
  if (merged.length > 0) await redis.zrem(gaps, ...merged);
}

/** Removes all messages and gaps up to an id. */
async function removeUpTo({ redis, runAll, ids, bodies, gaps }: RedisHistory, bound: string): Promise<void> {
  for (;;) {
    const due = await redis.zrangebylex(ids, '-', `[${bound}`, 'LIMIT', 0, batchSize);
    if (due.length === 0) break;
    await runAll([
      ['zrem', ids, ...due],
      ['hdel', bodies, ...due],
    ]);
  }
  await redis.zremrangebylex(gaps, '-', `[${bound}`);
}

/** Removes the runs that lie before all messages, except for the last of them. */
async function removeOldRuns(history: RedisHistory): Promise<void> {
  const { redis, ids, runs } = history;
  const [oldest] = await redis.zrange(ids, '0', '0');
  if (oldest === undefined) return;
  const known = await allRuns(history);
  const current = known.filter(({ epoch }) => epoch <= oldest).at(-1)?.epoch ?? '';
  const over = known.filter(({ epoch, lastId }) => epoch < current && lastId !== undefined && lastId < oldest);
  if (over.length > 0) await redis.hdel(runs, ...over.map(({ epoch }) => epoch));
}

/** Repairs the history where Redis has evicted keys: of ids and messages, one may be gone without the other. */
async function repairEvicted(history: RedisHistory): Promise<void> {
  const { redis, ids, bodies } = history;
  // In one piece, and no transaction: a Redis that is full takes none.
  const asked = redis.pipeline([
    ['zcard', ids],
    ['hlen', bodies],
  ]);
  const [[, idCount], [, bodyCount]] = (await asked.exec()) as [[unknown, number], [unknown, number]];
  if (idCount === bodyCount) return;
  await restoreIds(history);
  await turnLostIntoGaps(history);
}

/** Adds the id of each message whose id is lost. */
async function restoreIds({ redis, ids, bodies }: RedisHistory): Promise<void> {
  for (let cursor = '0'; ; ) {
    const [next, pairs] = await redis.hscan(bodies, cursor, 'COUNT', batchSize);
    const found = pairs.filter((_, at) => at % 2 === 0);
    if (found.length > 0) await redis.zadd(ids, ...found.flatMap((id) => [0, id]));
    if (next === '0') return;
    cursor = next;
  }
}

/** Turns ids without a message into a gap before the next message, or at the last id where none follows. */
async function turnLostIntoGaps(history: RedisHistory): Promise<void> {
  const { redis, runAll, ids, bodies, gaps } = history;
  let lost: string | undefined;
  for await (const some of idBatches(history)) {
    const found = await redis.hmget(bodies, ...some);
    const changes: [string, ...(string | number)[]][] = [];
    for (const [at, id] of some.entries()) {
      if (found[at] === null) changes.push(['zrem', ids, id]);
      else if (lost !== undefined) changes.push(['zadd', gaps, 0, id]);
      lost = found[at] === null ? id : undefined;
    }
    if (changes.length > 0) await runAll(changes);
  }
  if (lost !== undefined) await redis.zadd(gaps, 0, lost);
}

/** Opens the message history in a Redis database. */
export function redisMessageStore(database: RedisDatabase): MessageStore {
  const { redis, key, run, runAll } = database;
  const at = (name: string): string => `${key}:history:${name}`;
  const [ids, bodies, gaps, runs, retention] = [at('ids'), at('bodies'), at('gaps'), at('runs'), at('retention')];
  const history: RedisHistory = { redis, runAll, ids, bodies, gaps, runs, retention };

  return {
    append: async (messages, gapIds) => {
      await runAll([
        ...messages.map(({ id, ...body }) => ['hsetnx', bodies, id, JSON.stringify(body)] as const),
        ...[...messages.map(({ id }) => [ids, id] as const), ...gapIds.map((id) => [gaps, id] as const)].map(
          ([set, id]) => ['zadd', set, 0, id] as const,
        ),
      ]);
    },

    before: (id, limit) =>
      run(async () => {
        await repairEvicted(history);
        const end = id === undefined ? '+' : `(${id}`;
        const found = await redis.zrevrangebylex(ids, end, '-', 'LIMIT', 0, limit + 1);
        const page = found.slice(0, limit).reverse();
        const messages = await messagesOf(history, page);
        // One that was pruned meanwhile was the oldest.
        const more = found.length > limit && messages.length === limit;
        const from = more ? `(${page[0]}` : '-';
        return { messages, more, gaps: await redis.zrangebylex(gaps, from, id === undefined ? '+' : `[${id}`) };
      }),

    after: (id, limit) =>
      run(async () => {
        await repairEvicted(history);
        const messages: StoredMessage[] = [];
        let end = id;
        let more = true;
        // Again where some were pruned meanwhile: a slice with fewer than `limit` messages would be the last one.
        while (more && messages.length < limit) {
          const wanted = limit - messages.length;
          const found = await redis.zrangebylex(ids, `(${end}`, '+', 'LIMIT', 0, wanted + 1);
          const some = found.slice(0, wanted);
          messages.push(...(await messagesOf(history, some)));
          more = found.length > wanted;
          end = some.at(-1) ?? end;
        }
        return { messages, more, gaps: await redis.zrangebylex(gaps, `(${id}`, more ? `[${end}` : '+') };
      }),

    lastDue: ({ from, before, until }) =>
      run(async () => {
        let due: string | undefined;
        for await (const { id, sentAt } of oldestFirst(history)) {
          if (sentAt >= before && sentAt < until) break;
          if (sentAt >= from && sentAt < before) due = id;
        }
        return due;
      }),

    prune: (upTo, keep) =>
      run(async () => {
        const [surplus = ''] = await redis.zrevrange(ids, keep, keep);
        const bound = surplus > upTo ? surplus : upTo;
        if (bound !== '') await removeUpTo(history, bound);
        await mergeGaps(history);
        await removeOldRuns(history);
      }),

    retention: () =>
      run(async () => {
        const kept = await redis.get(retention);
        return kept === null ? undefined : JSON.parse(kept);
      }),
    putRetention: (next) =>
      run(async () => {
        await redis.set(retention, JSON.stringify(next));
      }),

    runs: () => run(() => allRuns(history)),
    putRun: ({ epoch, lastId = '' }) =>
      run(async () => {
        await redis.hset(runs, epoch, lastId);
      }),
  };
}
