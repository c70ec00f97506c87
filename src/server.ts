import asyncapi from '../generated/chat/asyncapi.json' with { type: 'json' };
import { closeCodes } from '../generated/chat/index.ts';
import openapi from '../generated/http/openapi.json' with { type: 'json' };
import { createApp } from './app.ts';
import { createKeys, type IssuerKeys } from './auth/keys.ts';
import { signingSecret } from './auth/secret.ts';
import { createExternalVerify, createTokens, type VerifyToken } from './auth/tokens.ts';
import type { Backplane } from './backplane/backplane.ts';
import { nextEpoch } from './backplane/epoch.ts';
import { createIdCheck, padded } from './backplane/ids.ts';
import { createLocalBackplane } from './backplane/local.ts';
import { createRedisBackplane, roomKey } from './backplane/redis/backplane.ts';
import { type KeptOptions, keepRedis, linkingTo } from './broker/redis.ts';
import { type ChatCounts, createChatCounts } from './chat/counts.ts';
import { createPace } from './chat/pace.ts';
import { createRecovery, maxRecovered, type Recovery } from './chat/recovery.ts';
import { createRoom } from './chat/room.ts';
import { createUpgrades } from './chat/upgrade.ts';
import type { Config, ExternalIssuer } from './config.ts';
import { lockDataDir } from './database/data-dir-lock.ts';
import { createStoreHealth } from './database/health.ts';
import { completeFrom, envelopeOf, type History, openHistory, readPast } from './history/history.ts';
import type { MessageStore } from './history/message-store.ts';
import { accessHandlers, adminOperations } from './http/access.ts';
import { docsFiles, docsHandlers } from './http/docs.ts';
import { holdPort } from './http/held-port.ts';
import { joinHandlers } from './http/join.ts';
import { close, createListener } from './http/listener.ts';
import { messageHandlers } from './http/messages.ts';
import { withoutOperations } from './http/openapi.ts';
import { opsHandlers } from './http/ops.ts';
import { createOriginCheck } from './http/origins.ts';
import { builtPage, pageFiles, pageHandlers } from './http/page.ts';
import { createReadiness } from './http/readiness.ts';
import { signUpOperations, userHandlers, userOperations } from './http/users.ts';
import { observed, observedPort } from './lib/observe.ts';
import { createAttemptLimit } from './limits/attempts.ts';
import { createFrameLimit } from './limits/frames.ts';
import { type CreateLimiter, inMemory, inRedis } from './limits/limiter.ts';
import type { Log } from './log/log.ts';
import { serveMetrics } from './metrics/listener.ts';
import { type Metrics, noMetrics } from './metrics/metrics.ts';
import type { RevocationStore } from './revocations/revocation-store.ts';
import { loadRevocations, type Revocations } from './revocations/revocations.ts';
import { openStores, type Stores } from './stores.ts';
import { createPasswords, type Passwords } from './users/passwords.ts';
import { createScryptProcess } from './users/scrypt.ts';
import type { UserStore } from './users/user-store.ts';

/** What stands behind the ports; a test may put something else there. */
export interface Adapters {
  readonly store: UserStore;
  readonly revoked: RevocationStore;
  readonly messages: MessageStore;
  readonly backplane: Backplane;
  readonly passwords: Passwords;
  /** Only of tokens that come from elsewhere. */
  readonly verify: VerifyToken;
  /** The folder that the chat page was built into. */
  readonly page: URL;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly counts: Readonly<ChatCounts>;
  /** Where metrics are served, if they are. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /**
   * Takes nobody in any more, delivers what it has accepted, ends every session with 1001 over the drain window (over
   * none if it is `atOnce`), answers what it has begun to, closes the store.
   */
  stop(atOnce?: boolean): Promise<void>;
}

/** Says once that a connection to Redis is no good, and once that it is again. */
const redisHealth =
  (log: Log, use: 'store' | 'limits'): KeptOptions['onHealth'] =>
  (fault) => {
    if (fault) log.event('redis_unusable', { use, err: fault });
    else log.event('redis_usable', { use });
  };

/** What stands behind the ports, a test's own or the database's; every call is observed. */
async function openObserved(
  config: Config,
  given: Partial<Adapters>,
  { store: observer }: Metrics,
  log: Log,
): Promise<Stores> {
  const { database, users, revoked, messages } = await openStores(config, { onRedisHealth: redisHealth(log, 'store') });
  const ping = () => observed(observer('database'), 'ping', database.ping);
  const { watch, close } = createStoreHealth(ping, log);
  return {
    database: {
      ...watch({ ping }),
      close: () => {
        close();
        return database.close();
      },
    },
    users: watch(observedPort(given.store ?? users, observer('users'))),
    revoked: watch(observedPort(given.revoked ?? revoked, observer('revocations'))),
    messages: watch(observedPort(given.messages ?? messages, observer('messages'))),
  };
}

/** The process for passwords; the log says when it ended by itself. */
const hashingProcess = (log: Log) => createScryptProcess({ onEnd: (end) => log.event('hashing_ended', end) });

/** The keys of an issuer elsewhere; the log says when they can't be fetched. */
const keysOf = ({ jwksUrl }: ExternalIssuer, log: Log): IssuerKeys =>
  createKeys(jwksUrl, {
    onUnavailable: (error) => log.event('issuer_unavailable', { err: error }),
    onBack: () => log.event('issuer_back', {}),
  });

/** Users and tokens of our own. */
function ownUsers(
  config: Config,
  store: UserStore,
  passwords: Passwords,
  { isDisabled }: Revocations,
  createLimiter: CreateLimiter,
) {
  const { jwtIssuer: issuer, jwtTtlS: ttlS } = config;
  const { issue, verify } = createTokens({ secret: signingSecret(config), issuer, ttlS });
  const desk = userHandlers({
    store,
    passwords,
    issue,
    isDisabled,
    countSignUp: createAttemptLimit(config.rateLimitSignUp, createLimiter, 'sign-up'),
    countLogin: createAttemptLimit(config.rateLimitLogin, createLimiter, 'login'),
    trustedProxies: config.trustedProxies,
  });
  return { verify, desk };
}

/** How long an attempt or a frame may wait for Redis. */
const countTimeoutMs = 1_000;

/** The connection that counts for the limits. */
const keepCounting = (url: string, log: Log) =>
  keepRedis(url, {
    key: roomKey,
    use: 'limits',
    answerTimeoutMs: countTimeoutMs,
    onHealth: redisHealth(log, 'limits'),
  });

type OrderConfig = Pick<
  Config,
  'dataDir' | 'maxSessionsPerUser' | 'presenceGraceS' | 'historyMaxAgeS' | 'historyMaxCount'
>;

interface Order {
  readonly backplane: Backplane;
  readonly recovery: Recovery;
  readonly history: History;
  /** Ends both, the history with all that was delivered. */
  close(): Promise<void>;
}

/** The order of a room on several nodes. What was said before they know from each other, as soon as it begins. */
async function openSharedOrder(
  config: Config,
  url: string,
  store: MessageStore,
  log: Log,
  metrics: Metrics,
): Promise<Order> {
  const backplane = createRedisBackplane({
    create: linkingTo(url, roomKey),
    log,
    afterEpoch: Number((await store.runs()).at(-1)?.epoch ?? 0),
    maxSessionsPerUser: config.maxSessionsPerUser,
    presenceGraceMs: config.presenceGraceS * 1_000,
    leaseMs: config.nodeLeaseS * 1_000,
    onCall: metrics.redis,
  });
  const { historyMaxAgeS: maxAgeS, historyMaxCount: maxCount } = config;
  const history = await openHistory({ store, maxAgeS, maxCount, log, onStored: backplane.noteStored });
  return {
    backplane,
    history,
    recovery: createRecovery({ from: '~', wasGiven: () => false, past: [] }),
    // What others say meanwhile they store; the last node tells Redis what is stored.
    close: async () => {
      await history.close();
      await backplane.close();
    },
  };
}

/** The order of a room that is this process's alone, and what is known of its past. */
export async function openOrder(config: OrderConfig, store: MessageStore, log: Log, given?: Backplane): Promise<Order> {
  const { dataDir, maxSessionsPerUser, presenceGraceS, historyMaxAgeS: maxAgeS, historyMaxCount: maxCount } = config;
  const past = await readPast(store, maxRecovered);
  const run = await nextEpoch(dataDir, Date.now, Number(past.runs.at(-1)?.epoch ?? 0));
  const epoch = padded(run);
  const history = await openHistory({ store, epoch, maxAgeS, maxCount, log });
  const pastMessages = past.messages.map(envelopeOf);
  const recovery = createRecovery({
    from: completeFrom(past) ?? epoch,
    wasGiven: createIdCheck(epoch, past.runs),
    past: pastMessages,
  });
  const presenceGraceMs = presenceGraceS * 1_000;
  const backplane = given ?? createLocalBackplane({ epoch: run, maxSessionsPerUser, presenceGraceMs, pastMessages });
  return {
    backplane,
    recovery,
    history,
    close: async () => {
      await backplane.close();
      await history.close();
    },
  };
}

/** Passwords, where users are the server's own. */
const passwordsOf = (config: Config, { passwords }: Partial<Adapters>, log: Log, { hash }: Metrics) =>
  config.externalIssuer ? undefined : (passwords ?? createPasswords({ scrypt: hashingProcess(log), onHash: hash }));

/** The keys of an issuer elsewhere. They are fetched before anybody asks, so that a wrong address shows in the log. */
function issuerKeysOf({ externalIssuer }: Config, { verify }: Partial<Adapters>, log: Log): IssuerKeys | undefined {
  const keys = externalIssuer && !verify ? keysOf(externalIssuer, log) : undefined;
  // Nothing waits for it.
  void keys?.isReady();
  return keys;
}

/** Takes what no other process may have, before anything is written: the data folder, and the ports. */
async function takePlace(config: Config, parts: AsyncDisposableStack) {
  // With Redis the folder keeps nothing, and nodes may share it.
  if (config.redisUrl === undefined) parts.defer(lockDataDir(config.dataDir));
  const served = await serveMetrics(config);
  parts.defer(() => served?.close());
  const held = await holdPort(config);
  parts.defer(held.release);
  return { served, held };
}

/** Which operations this server lacks, and how to leave them out. */
function operationsOf({ externalIssuer, hasSignUp, adminToken }: Config) {
  const absent: readonly string[] = [
    ...(externalIssuer ? userOperations : hasSignUp ? [] : signUpOperations),
    ...(adminToken === undefined ? adminOperations : []),
  ];
  const present = <Handler>(handlers: Record<string, Handler>): Record<string, Handler> =>
    Object.fromEntries(Object.entries(handlers).filter(([operation]) => !absent.includes(operation)));
  return { absent, present };
}

/** The system: picks what stands behind each port, puts it together, and says in which order it starts and stops. */
export async function startServer(config: Config, log: Log, adapters: Partial<Adapters> = {}): Promise<RunningServer> {
  // Closed in the opposite order: at the end, and where the start fails.
  await using parts = new AsyncDisposableStack();
  let stopping = false;
  const isStopping = (): boolean => stopping;

  const { redisUrl } = config;
  const { served, held } = await takePlace(config, parts);
  const metrics = served ?? noMetrics;
  const { database, users, revoked, messages } = await openObserved(config, adapters, metrics, log);
  parts.defer(() => database.close());
  const counting = redisUrl === undefined ? undefined : await keepCounting(redisUrl, log);
  parts.defer(() => counting?.close());
  const createLimiter = counting ? inRedis(counting, roomKey) : inMemory;
  const order =
    redisUrl === undefined || adapters.backplane
      ? await openOrder(config, messages, log, adapters.backplane)
      : await openSharedOrder(config, redisUrl, messages, log, metrics);
  parts.defer(order.close);
  const { backplane, recovery, history } = order;
  const revocations = await loadRevocations({
    store: revoked,
    announce: backplane.announceAccess,
    log,
    // A clock that is ahead for a while must not forget what holds again when it is right.
    now: history.believedMs,
  });
  parts.defer(revocations.close);
  const passwords = passwordsOf(config, adapters, log, metrics);
  parts.defer(() => passwords?.close());
  const issuerKeys = issuerKeysOf(config, adapters, log);
  const { verify: verifyAlone, desk } = passwords
    ? ownUsers(config, users, passwords, revocations, createLimiter)
    : // Nobody signs up here.
      { verify: adapters.verify ?? createExternalVerify(config.externalIssuer!, issuerKeys), desk: {} };
  const verify = revocations.guard(verifyAlone);
  const { maxBufferedBytes, maxSessions, heartbeatIntervalS, drainWindowS, adminToken, hasLogIp } = config;
  const pace = createPace(() => upgrades.underway() > room.waiting);
  const counts = createChatCounts();
  const room = createRoom(backplane, {
    pace,
    counts,
    onFlush: metrics.flush,
    maxSessions,
    recovery,
    also: { deliver: history.add, begin: history.begin, accessChanged: revocations.refresh },
  });
  const countFrame = createFrameLimit(config.rateLimitFrames, createLimiter);

  const { page = builtPage } = adapters;
  const { logout, ...admin } = accessHandlers({ verify, revocations });
  const { absent, present } = operationsOf(config);
  const notReady = createReadiness({
    ping: database.ping,
    isRoomReady: backplane.isReady,
    isStopping,
    isIssuerReady: issuerKeys?.isReady,
  });
  const isAllowedOrigin = createOriginCheck(config.allowedOrigins);
  const app = createApp(
    {
      ...pageHandlers(page),
      ...present(desk),
      logout,
      ...present(admin),
      ...joinHandlers({ verify, room, isAllowedOrigin, isStopping }),
      ...messageHandlers({ verify, history, countPage: countFrame }),
      ...opsHandlers(notReady),
      ...docsHandlers({ openapi: absent.length === 0 ? openapi : withoutOperations(openapi, absent), asyncapi }),
    },
    { isAllowedOrigin, adminToken, metrics, log, trustedProxies: config.trustedProxies, hasLogIp },
  );
  app.route('/docs/', docsFiles());
  app.route('/assets', pageFiles(page));
  const upgrades = createUpgrades({
    fetch: app.fetch,
    session: {
      maxBufferedBytes,
      heartbeatIntervalMs: heartbeatIntervalS * 1_000,
      countFrame,
      verify,
      watchAccess: revocations.watch,
      counts,
      log,
    },
    log,
  });
  const server = createListener((request, bindings) => app.fetch(request, bindings), upgrades, {
    keepAliveMs: config.keepAliveS * 1_000,
    onUnread: ({ reason, code, ip }) => {
      if (code) metrics.problem(code);
      const from = { ip: hasLogIp ? ip : undefined };
      if (code === 'head_too_large') log.event('head_too_large', from);
      else log.event('request_unread', { reason, code, ...from });
    },
  });

  served?.watch({
    counts,
    sessions: () => room.size,
    members: backplane.memberCount,
    waitingHashes: () => passwords?.waiting ?? 0,
    unstoredMessages: () => history.waiting,
    lostMessages: () => history.lost,
    notReady,
  });
  await room.start();
  await held.serveWith(server);
  const closing = parts.move();
  return {
    host: config.host,
    port: held.port,
    counts,
    metrics: served?.address,
    stop: async (atOnce = false) => {
      stopping = true;
      room.close(closeCodes.going_away, atOnce ? 0 : drainWindowS * 1_000);
      await upgrades.drained();
      await close(server);
      await closing.disposeAsync();
    },
  };
}
