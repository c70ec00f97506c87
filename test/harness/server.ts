import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log/log.ts';
import { type Adapters, type RunningServer, startServer } from '../../src/server.ts';
import { createPasswords } from '../../src/users/passwords.ts';
import { temporaryFolder } from './folder.ts';
import { serversMongo } from './mongo.ts';
import { serversRedis } from './redis.ts';
import { testAdminToken, testIssuer, testSecret } from './tokens.ts';

export interface TestServer extends RunningServer {
  readonly dataDir: string;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Options extends Partial<Adapters> {
  /** Environment variables, added to the usual ones or in place of them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives every line of the log. */
  readonly onLogLine?: (line: string) => void;
}

/** Cheap hashes: no test measures how long one takes. */
const testScrypt = { logN: 10, r: 8, p: 1 };

/**
 * Starts the real server on a free port, without a log. Unless `env` names a data folder, it has one of its own, which
 * `stop` removes.
 * @example await using server = await startTestServer();
 */
export async function startTestServer({ env, onLogLine, ...adapters }: Options = {}): Promise<TestServer> {
  const ownDir = await mkdtemp(join(tmpdir(), 'palaver-'));
  const config = readConfig({
    PORT: '0',
    DATA_DIR: ownDir,
    JWT_SECRET: testSecret,
    JWT_ISSUER: testIssuer,
    ADMIN_TOKEN: testAdminToken,
    LOG_LEVEL: 'silent',
    // Tests send fast and end often. Tests of a limit or of the drain window set their own.
    RATE_LIMIT_FRAMES: '0',
    RATE_LIMIT_LOGIN: '0',
    RATE_LIMIT_SIGNUP: '0',
    DRAIN_WINDOW: '0s',
    PRESENCE_GRACE: '0s',
    MONGODB_URI: serversMongo()?.uri(),
    REDIS_URL: serversRedis()?.uri(),
    ...env,
  });
  const passwords = createPasswords({ params: testScrypt });
  const running = await startServer(config, createLog(config, onLogLine && { write: onLogLine }), {
    passwords,
    ...adapters,
  });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= running.stop().finally(() => rm(ownDir, { recursive: true }));
    return stopped;
  };
  return { ...running, dataDir: config.dataDir, stop, [Symbol.asyncDispose]: stop };
}

/** Returns the environment for servers that keep the data of the one before them. */
export function keeping(): Record<string, string> {
  const uri = serversMongo()?.uri();
  const redisUri = serversRedis()?.uri();
  return {
    DATA_DIR: temporaryFolder(),
    ...(uri !== undefined && { MONGODB_URI: uri }),
    ...(redisUri !== undefined && { REDIS_URL: redisUri }),
  };
}
