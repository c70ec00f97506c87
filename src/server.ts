import asyncapi from '../generated/chat/asyncapi.json' with { type: 'json' };
import { closeCodes } from '../generated/chat/index.ts';
import openapi from '../generated/http/openapi.json' with { type: 'json' };
import { createApp } from './app.ts';
import { signingSecret } from './auth/secret.ts';
import { createExternalVerify, createTokens, type VerifyToken } from './auth/tokens.ts';
import type { Backplane } from './backplane/backplane.ts';
import { nextEpoch } from './backplane/epoch.ts';
import { createLocalBackplane } from './backplane/local.ts';
import { createFrameLimit } from './chat/frame-limit.ts';
import { joinHandlers } from './chat/join.ts';
import { createPace } from './chat/pace.ts';
import { createRoom } from './chat/room.ts';
import type { SessionCounts } from './chat/session.ts';
import { createUpgrades } from './chat/upgrade.ts';
import type { Config } from './config.ts';
import { createAttemptLimit } from './http/attempts.ts';
import { docsFiles, docsHandlers } from './http/docs.ts';
import { close, createListener, listen } from './http/listener.ts';
import { withoutOperations } from './http/openapi.ts';
import { opsHandlers } from './http/ops.ts';
import { createOriginCheck } from './http/origins.ts';
import { builtPage, pageFiles, pageHandlers } from './http/page.ts';
import { signUpOperations, userHandlers, userOperations } from './http/users.ts';
import type { Log } from './log.ts';
import { openMongoStore } from './users/mongo.ts';
import { createPasswords, type Passwords } from './users/passwords.ts';
import { createScryptProcess } from './users/scrypt.ts';
import { openSqliteStore } from './users/sqlite.ts';
import type { UserStore } from './users/user-store.ts';

/** What stands behind the ports; a test may put something else there. */
export interface Adapters {
  readonly store: UserStore;
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
  readonly counts: Readonly<SessionCounts>;
  /**
   * Takes nobody in any more, delivers what it has accepted, ends every session with 1001 over the drain window (over
   * none if it is `atOnce`), answers what it has begun to, closes the store.
   */
  stop(atOnce?: boolean): Promise<void>;
}

const openStore = async ({ mongodbUri, dataDir }: Config): Promise<UserStore> =>
  mongodbUri === undefined ? openSqliteStore(dataDir) : openMongoStore(mongodbUri);

/** Users and tokens of our own. */
function ownUsers(config: Config, store: UserStore, passwords: Passwords) {
  const { jwtIssuer: issuer, jwtTtlS: ttlS } = config;
  const { issue, verify } = createTokens({ secret: signingSecret(config), issuer, ttlS });
  const desk = userHandlers({
    store,
    passwords,
    issue,
    countSignUp: createAttemptLimit(config.rateLimitSignUp),
    countLogin: createAttemptLimit(config.rateLimitLogin),
    trustedProxies: config.trustedProxies,
  });
  return { verify, desk };
}

/** The system: picks what stands behind each port, puts it together, and says in which order it starts and stops. */
export async function startServer(config: Config, log: Log, adapters: Partial<Adapters> = {}): Promise<RunningServer> {
  let stopping = false;
  const isStopping = (): boolean => stopping;

  const { maxBufferedBytes, maxSessions, maxSessionsPerUser, rateLimitFrames, heartbeatIntervalS, drainWindowS } =
    config;
  const backplane =
    adapters.backplane ?? createLocalBackplane({ epoch: await nextEpoch(config.dataDir), maxSessionsPerUser });
  const store = config.externalIssuer ? undefined : (adapters.store ?? (await openStore(config)));
  const passwords = store && (adapters.passwords ?? createPasswords({ scrypt: createScryptProcess() }));
  const { verify, desk } = store
    ? ownUsers(config, store, passwords!)
    : // Nobody signs up here.
      { verify: adapters.verify ?? createExternalVerify(config.externalIssuer!), desk: {} };
  const room = createRoom(backplane, { pace: createPace(() => upgrades.underway() > 0), maxSessions });

  const { page = builtPage } = adapters;
  const absent: readonly string[] = !store ? userOperations : config.hasSignUp ? [] : signUpOperations;
  const isAllowedOrigin = createOriginCheck(config.allowedOrigins);
  const app = createApp(
    {
      ...pageHandlers(page),
      ...Object.fromEntries(Object.entries(desk).filter(([operation]) => !absent.includes(operation))),
      ...joinHandlers({ verify, room, isAllowedOrigin, isStopping }),
      ...opsHandlers({ store, isStopping }),
      ...docsHandlers({ openapi: absent.length === 0 ? openapi : withoutOperations(openapi, absent), asyncapi }),
    },
    isAllowedOrigin,
    log,
  );
  app.route('/docs', docsFiles());
  app.route('/assets', pageFiles(page));
  const upgrades = createUpgrades({
    fetch: app.fetch,
    limits: {
      maxBufferedBytes,
      heartbeatIntervalMs: heartbeatIntervalS * 1_000,
      allowFrame: createFrameLimit(rateLimitFrames),
    },
    log,
  });
  const server = createListener((request, bindings) => app.fetch(request, bindings), upgrades);

  try {
    await room.start();
    const port = await listen(server, config);
    return {
      host: config.host,
      port,
      counts: upgrades.counts,
      stop: async (atOnce = false) => {
        stopping = true;
        room.close(closeCodes.going_away, atOnce ? 0 : drainWindowS * 1_000);
        await upgrades.drained();
        await close(server);
        await backplane.close();
        await store?.close();
        passwords?.close();
      },
    };
  } catch (error) {
    await store?.close();
    passwords?.close();
    throw error;
  }
}
