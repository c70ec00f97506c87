import type { Backplane } from './backplane/backplane.ts';
import { nextEpoch } from './backplane/epoch.ts';
import { createIdCheck, padded } from './backplane/ids.ts';
import { createLocalBackplane } from './backplane/local.ts';
import { createRedisBackplane, roomKey } from './backplane/redis/backplane.ts';
import { linkingTo } from './broker/redis.ts';
import { createRecovery, maxRecovered, type Recovery } from './chat/recovery.ts';
import type { Config } from './config.ts';
import { type History, openHistory } from './history/history.ts';
import type { MessageStore } from './history/message-store.ts';
import { completeFrom, envelopeOf, readPast } from './history/past.ts';
import type { ObserveCall } from './lib/observe.ts';
import type { Log } from './log/log.ts';

/** The room's stream on this node, with what is stored of it and what a reconnect replays. */
export interface Stream {
  readonly backplane: Backplane;
  readonly history: History;
  readonly recovery: Recovery;
  /** Closes the backplane and the history, which stores all that was delivered. */
  close(): Promise<void>;
}

interface StreamDeps {
  readonly store: MessageStore;
  readonly log: Log;
}
interface LocalStreamDeps extends StreamDeps {
  /** Takes the place of the backplane in memory. */
  readonly backplane?: Backplane | undefined;
}
interface SharedStreamDeps extends StreamDeps {
  /** Hears of each call to Redis. */
  readonly onCall: ObserveCall;
}

type RetentionConfig = Pick<Config, 'historyMaxAgeS' | 'historyMaxCount'>;
type LocalStreamConfig = RetentionConfig & Pick<Config, 'dataDir' | 'maxSessionsPerUser' | 'presenceGraceS'>;
type SharedStreamConfig = RetentionConfig & Pick<Config, 'maxSessionsPerUser' | 'presenceGraceS' | 'nodeLeaseS'>;

/** Opens the stream that the configuration asks for: over Redis with `REDIS_URL`, else in this process alone. */
export function openStream(config: Config, deps: LocalStreamDeps & SharedStreamDeps): Promise<Stream> {
  return config.redisUrl === undefined || deps.backplane
    ? openLocalStream(config, deps)
    : openSharedStream(config, config.redisUrl, deps);
}

/** Opens the stream of a single node. It continues where the message history ends. @throws {StoreUnavailable} */
export async function openLocalStream(
  config: LocalStreamConfig,
  { store, log, backplane: given }: LocalStreamDeps,
): Promise<Stream> {
  const past = await readPast(store, maxRecovered);
  const run = await nextEpoch(config.dataDir, Date.now, Number(past.runs.at(-1)?.epoch ?? 0));
  const epoch = padded(run);
  const pastMessages = past.messages.map(envelopeOf);
  const recovery = createRecovery({
    from: completeFrom(past) ?? epoch,
    wasGiven: createIdCheck(epoch, past.runs),
    past: pastMessages,
  });
  const backplane = given ?? createLocalBackplane({ epoch: run, pastMessages, ...presenceOf(config) });
  const history = await openHistory({ store, log, epoch, isReady: backplane.isReady, ...retentionOf(config) });
  return {
    backplane,
    history,
    recovery,
    close: async () => {
      await backplane.close();
      await history.close();
    },
  };
}

/**
 * Opens the stream that several nodes share. They learn its past from Redis as it begins. @throws {StoreUnavailable}
 */
export async function openSharedStream(
  config: SharedStreamConfig,
  redisUrl: string,
  { store, log, onCall }: SharedStreamDeps,
): Promise<Stream> {
  const backplane = createRedisBackplane({
    create: linkingTo(redisUrl, roomKey),
    log,
    afterEpoch: Number((await store.runs()).at(-1)?.epoch ?? 0),
    leaseMs: config.nodeLeaseS * 1_000,
    ...presenceOf(config),
    onCall,
  });
  const { noteStored: onStored, isReady } = backplane;
  const history = await openHistory({ store, log, onStored, isReady, ...retentionOf(config) });
  return {
    backplane,
    history,
    recovery: createRecovery({ from: '~', wasGiven: () => false, past: [] }),
    // The history first: its last writes tell Redis what is stored. Messages that arrive meanwhile, other nodes store.
    close: async () => {
      await history.close();
      await backplane.close();
    },
  };
}

const retentionOf = ({ historyMaxAgeS, historyMaxCount }: RetentionConfig) => ({
  maxAgeS: historyMaxAgeS,
  maxCount: historyMaxCount,
});

const presenceOf = ({ maxSessionsPerUser, presenceGraceS }: Pick<Config, 'maxSessionsPerUser' | 'presenceGraceS'>) => ({
  maxSessionsPerUser,
  presenceGraceMs: presenceGraceS * 1_000,
});
