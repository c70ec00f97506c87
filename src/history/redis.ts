import type { RedisDatabase } from '../database/redis.ts';
import type { MessageStore, Run, StoredMessage } from './message-store.ts';

/** Messages that are removed at once: Redis serves nobody else meanwhile. */
const pruneBite = 500;

/** What was said, in Redis: ids and gaps in lexical order, messages by their ids, and runs by their epochs. */
export function redisMessageStore({ redis, key, run, runAll }: RedisDatabase): MessageStore {
  const at = (name: string): string => `${key}:history:${name}`;
  const [ids, bodies, gaps, runs] = [at('ids'), at('bodies'), at('gaps'), at('runs')];

  const messagesOf = async (some: readonly string[]): Promise<StoredMessage[]> => {
    const found = some.length === 0 ? [] : await redis.hmget(bodies, ...some);
    // One that is missing was forgotten meanwhile.
    return found.flatMap((body, at) => (body === null ? [] : [{ id: some[at]!, ...JSON.parse(body) }]));
  };

  const allRuns = async (): Promise<Run[]> =>
    Object.entries(await redis.hgetall(runs))
      .map(([epoch, lastId]) => ({ epoch, lastId: lastId || undefined }))
      .sort((a, b) => (a.epoch < b.epoch ? -1 : 1));

  /** Removes the oldest that are too many or too old; whether there may be more of them. */
  const removeOldest = async (sentAt: string, keep: number): Promise<boolean> => {
    // Both at one moment: another node may be removing, too.
    const [count, oldest] = (await runAll([
      ['zcard', ids],
      ['zrange', ids, 0, pruneBite - 1],
    ])) as [number, string[]];
    const old = (await messagesOf(oldest)).filter((message, at) => at < count - keep || message.sentAt < sentAt);
    const removed = old.map(({ id }) => id);
    if (removed.length > 0)
      await runAll([
        ['zrem', ids, ...removed],
        ['hdel', bodies, ...removed],
      ]);
    return removed.length === pruneBite;
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

    prune: (sentAt, keep) =>
      run(async () => {
        while (await removeOldest(sentAt, keep));
        const [oldest] = await redis.zrange(ids, '0', '0');
        if (oldest === undefined) return;
        const known = await allRuns();
        const current = known.filter(({ epoch }) => epoch <= oldest).at(-1)?.epoch ?? '';
        const over = known.filter(({ epoch, lastId }) => epoch < current && lastId !== undefined && lastId < oldest);
        await runAll([
          ['zremrangebylex', gaps, '-', `(${oldest}`],
          ...over.map(({ epoch }) => ['hdel', runs, epoch] as const),
        ]);
      }),

    runs: () => run(allRuns),
    putRun: ({ epoch, lastId = '' }) =>
      run(async () => {
        await redis.hset(runs, epoch, lastId);
      }),
  };
}
