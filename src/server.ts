import { closeCodes } from '../generated/chat/index.ts';
import { createApp } from './app.ts';
import { openTokenSource } from './auth/token-source.ts';
import type { VerifyToken } from './auth/tokens.ts';
import type { Backplane } from './backplane/backplane.ts';
import type { Transport } from './chat/connection.ts';
import { type ChatCounts, createTransportCounts } from './chat/counts.ts';
import { createPace } from './chat/pace.ts';
import { createRoom, type Room } from './chat/room.ts';
import { createUpgrades } from './chat/upgrade.ts';
import type { Config } from './config.ts';
import { lockDataDir } from './database/data-dir-lock.ts';
import { holdPort } from './http/held-port.ts';
import { close, createListener } from './http/listener.ts';
import { createReadiness } from './http/readiness.ts';
import { unreadLog } from './http/request-log.ts';
import type { Log } from './log/log.ts';
import { serveMetrics } from './metrics/listener.ts';
import type { Metrics } from './metrics/metrics.ts';
import { loadRevocations } from './revocations/revocations.ts';
import { openLimits, openObserved, type Stores } from './stores.ts';
import { openStream, type Stream } from './stream.ts';
import { createPasswords, type Passwords } from './users/passwords.ts';
import { createScryptProcess } from './users/scrypt.ts';

/** Adapters that a test may put behind the ports, in place of those that the configuration names. */
export interface Adapters extends Omit<Stores, 'database'> {
  readonly backplane: Backplane;
  readonly passwords: Passwords;
  /** Verifies the tokens of an external issuer. */
  readonly verify: VerifyToken;
  /** The folder that the chat page was built into. */
  readonly page: URL;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly counts: Readonly<Record<Transport, Readonly<ChatCounts>>>;
  /** Address of the metrics, if they are served. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /**
   * Refuses further joins, and closes all sessions with 1001 over the drain window, or at once. Accepted messages are
   * delivered and stored, and requests under way are answered.
   */
  stop(atOnce?: boolean): Promise<void>;
}

/** Starts a server: opens what it needs, connects it, and listens. @throws with the reason where one of these fails */
export async function startServer(config: Config, log: Log, adapters: Partial<Adapters> = {}): Promise<RunningServer> {
  // Closes in reverse order all that was opened: when the server stops, or where its start fails.
  await using opened = new AsyncDisposableStack();
  const { metrics, heldPort } = await takePlace(config, opened);
  const stores = await openObserved(config, { given: adapters, observer: metrics.store, log });
  opened.defer(stores.database.close);
  const limits = await openLimits(config, log);
  opened.defer(limits.close);
  const { messages: store } = stores;
  const stream = await openStream(config, { store, log, onCall: metrics.redis, backplane: adapters.backplane });
  opened.defer(stream.close);
  const access = await openAccess(config, opened, { adapters, stores, stream, metrics, log });

  let stopping = false;
  const isStopping = (): boolean => stopping;
  const { backplane, history, recovery } = stream;
  const { revocations, isIssuerReady } = access;
  const { ping } = stores.database;
  const notReady = createReadiness({ ping, isRoomReady: backplane.isReady, isStopping, isIssuerReady });
  const counts = createTransportCounts();
  const room = createRoom(backplane, {
    pace: createPace(() => upgrades.underway() > room.waiting),
    counts,
    onFlush: metrics.flush,
    maxSessions: config.maxSessions,
    recovery,
    also: { deliver: history.add, begin: history.begin, accessChanged: revocations.refresh },
  });
  const routes = { ...stores, ...limits, ...stream, ...access, room, notReady, isStopping, page: adapters.page };
  const app = createApp(config, { ...routes, metrics, log });
  const session = { ...sessionDeps(config, access), countFrame: limits.countFrame, counts, log };
  const upgrades = createUpgrades({ fetch: app.fetch, session, log });
  const listener = createListener(app.fetch, upgrades, {
    keepAliveMs: config.keepAliveS * 1_000,
    onUnread: unreadLog(config, { metrics, log }),
  });
  metrics.watch({ counts, notReady, ...sourcesOf(room, stream, access) });
  await room.start();
  await heldPort.serveWith(listener);
  const closing = opened.move();
  const stop = async (atOnce = false): Promise<void> => {
    stopping = true;
    room.close(closeCodes.going_away, atOnce ? 0 : config.drainWindowS * 1_000);
    await upgrades.drained();
    await close(listener);
    await closing.disposeAsync();
  };
  return { host: config.host, port: heldPort.port, metrics: metrics.address, counts, stop };
}

/** Takes what no other process may have, before anything is written: the data folder and the ports. */
async function takePlace(config: Config, opened: AsyncDisposableStack) {
  // With Redis the folder stores nothing, and nodes may share it.
  if (config.redisUrl === undefined) opened.defer(lockDataDir(config.dataDir));
  const metrics = await serveMetrics(config);
  opened.defer(metrics.close);
  const heldPort = await holdPort(config);
  opened.defer(heldPort.release);
  return { metrics, heldPort };
}

interface AccessDeps {
  readonly adapters: Partial<Adapters>;
  readonly stores: Stores;
  readonly stream: Stream;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Opens what decides who may use the server: revocations, passwords and tokens. */
async function openAccess(config: Config, opened: AsyncDisposableStack, deps: AccessDeps) {
  const { adapters, stores, stream, metrics, log } = deps;
  const { announceAccess: announce } = stream.backplane;
  // Not the clock: one that is ahead for a while must not forget tokens that are valid once it is right again.
  const { believedMs: now } = stream.history;
  const revocations = await loadRevocations({ store: stores.revoked, announce, now, log });
  opened.defer(revocations.close);
  const scrypt = () => createScryptProcess({ onEnd: (end) => log.event('hashing_ended', end) });
  const passwords = config.externalIssuer
    ? undefined
    : (adapters.passwords ?? createPasswords({ scrypt: scrypt(), onHash: metrics.hash }));
  opened.defer(() => passwords?.close());
  const { verify, issue, isReady: isIssuerReady } = openTokenSource(config, log, adapters.verify);
  return { revocations, passwords, verify: revocations.guard(verify), issue, isIssuerReady };
}
type Access = Awaited<ReturnType<typeof openAccess>>;

const sessionDeps = ({ maxBufferedBytes, heartbeatIntervalS }: Config, { verify, revocations }: Access) => ({
  maxBufferedBytes,
  heartbeatIntervalMs: heartbeatIntervalS * 1_000,
  verify,
  watchAccess: revocations.watch,
});

const sourcesOf = (room: Room, { backplane, history }: Stream, { passwords }: Access) => ({
  sessions: room.sessionCounts,
  members: backplane.memberCount,
  waitingHashes: () => passwords?.waiting ?? 0,
  unstoredMessages: () => history.waiting,
  lostMessages: () => history.lost,
});
