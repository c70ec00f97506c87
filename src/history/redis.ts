import type { RedisDatabase } from '../database/redis.ts';
import { gapsUnmerged, type MessageStore, type Run, type StoredMessage } from './message-store.ts';

/** Messages that are removed at once: Redis serves nobody else meanwhile. */
const pruneBite = 500;

/** Neighbouring gaps that one pruning looks at. */
const mergeBite = 1_000;

/**
 * The message history in Redis: ids and gaps in lexical order, messages by their ids, runs by their epochs, and how far
 * retention has come.
 */
export function redisMessageStore({ redis, key, run, runAll }: RedisDatabase): MessageStore {
  const at = (name: string): string => `${key}:history:${name}`;
  const [ids, bodies, gaps, runs, retention] = [at('ids'), at('bodies'), at('gaps'), at('runs'), at('retention')];

  const messagesOf = async (some: readonly string[]): Promise<StoredMessage[]> => {
    const found = some.length === 0 ? [] : await redis.hmget(bodies, ...some);
    // One that is missing was forgotten meanwhile.
    return found.flatMap((body, at) => (body === null ? [] : [{ id: some[at]!, ...JSON.parse(body) }]));
  };

  const allRuns = async (): Promise<Run[]> =>
    Object.entries(await redis.hgetall(runs))
      .map(([epoch, lastId]) => ({ epoch, lastId: lastId || undefined }))
      .sort((a, b) => (a.epoch < b.epoch ? -1 : 1));

  /** All messages, the oldest first; in bites, as Redis serves nobody else meanwhile. */
  async function* oldestFirst(): AsyncGenerator<StoredMessage> {
    for (let start = '-'; ; ) {
      const some = await redis.zrangebylex(ids, start, '+', 'LIMIT', 0, pruneBite);
      yield* await messagesOf(some);
      if (some.length < pruneBite) return;
      start = `(${some.at(-1)}`;
    }
  }

  const mergeGaps = async (): Promise<void> => {
    const count = Math.min(mergeBite, (await redis.zcard(gaps)) - gapsUnmerged);
    if (count <= 0) return;
    const oldest = await redis.zrange(gaps, '0', String(count - 1));
    const pairs = oldest.slice(1).map((next, at) => [oldest[at]!, next] as const);
    const between = await Promise.all(pairs.map(([gap, next]) => redis.zlexcount(ids, `[${gap}`, `(${next}`)));
    const merged = pairs.flatMap(([gap], at) => (between[at] === 0 ? [gap] : []));
    if (merged.length > 0) await redis.zrem(gaps, ...merged);
  };

  /** Ids without a message become a gap before the first that has one. */
  const forgetEmpty = async (): Promise<void> => {
    let lost: string | undefined;
    for (let start = '-'; ; ) {
      const some = await redis.zrangebylex(ids, start, '+', 'LIMIT', 0, pruneBite);
      if (some.length === 0) break;
      const found = await redis.hmget(bodies, ...some);
      const changes: [string, ...(string | number)[]][] = [];
      for (const [at, id] of some.entries()) {
        if (found[at] === null) changes.push(['zrem', ids, id]);
        else if (lost !== undefined) changes.push(['zadd', gaps, 0, id]);
        lost = found[at] === null ? id : undefined;
      }
      if (changes.length > 0) await runAll(changes);
      start = `(${some.at(-1)}`;
    }
    if (lost !== undefined) await redis.zadd(gaps, 0, lost);
  };

  /** Puts right what a Redis that evicts has done: of ids and messages, one may be gone without the other. */
  const mend = async (): Promise<void> => {
    // In one piece, and no transaction: a Redis that is full takes none.
    const asked = redis.pipeline([
      ['zcard', ids],
      ['hlen', bodies],
    ]);
    const [[, listed], [, kept]] = (await asked.exec()) as [[unknown, number], [unknown, number]];
    if (listed === kept) return;
    for (let cursor = '0'; ; ) {
      const [next, pairs] = await redis.hscan(bodies, cursor, 'COUNT', pruneBite);
      const found = pairs.filter((_, at) => at % 2 === 0);
      if (found.length > 0) await redis.zadd(ids, ...found.flatMap((id) => [0, id]));
      if (next === '0') break;
      cursor = next;
    }
    await forgetEmpty();
  };

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
        await mend();
        const end = id === undefined ? '+' : `(${id}`;
        const found = await redis.zrevrangebylex(ids, end, '-', 'LIMIT', 0, limit + 1);
        const more = found.length > limit;
        const page = found.slice(0, limit).reverse();
        const [messages, between] = await Promise.all([
          messagesOf(page),
          redis.zrangebylex(gaps, more ? `(${page[0]}` : '-', id === undefined ? '+' : `[${id}`),
        ]);
        return { messages, more, gaps: between };
      }),

    lastDue: ({ from, before, until }) =>
      run(async () => {
        let due: string | undefined;
        for await (const { id, sentAt } of oldestFirst()) {
          if (sentAt >= before && sentAt < until) break;
          if (sentAt >= from && sentAt < before) due = id;
        }
        return due;
      }),

    prune: (upTo, keep) =>
      run(async () => {
        const [surplus = ''] = await redis.zrevrange(ids, keep, keep);
        const bound = surplus > upTo ? surplus : upTo;
        while (bound !== '') {
          const due = await redis.zrangebylex(ids, '-', `[${bound}`, 'LIMIT', 0, pruneBite);
          if (due.length === 0) break;
          await runAll([
            ['zrem', ids, ...due],
            ['hdel', bodies, ...due],
          ]);
        }
        if (bound !== '') await redis.zremrangebylex(gaps, '-', `[${bound}`);
        await mergeGaps();
        const [oldest] = await redis.zrange(ids, '0', '0');
        if (oldest === undefined) return;
        const known = await allRuns();
        const current = known.filter(({ epoch }) => epoch <= oldest).at(-1)?.epoch ?? '';
        const over = known.filter(({ epoch, lastId }) => epoch < current && lastId !== undefined && lastId < oldest);
        if (over.length > 0) await redis.hdel(runs, ...over.map(({ epoch }) => epoch));
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

    runs: () => run(allRuns),
    putRun: ({ epoch, lastId = '' }) =>
      run(async () => {
        await redis.hset(runs, epoch, lastId);
      }),
  };
}
