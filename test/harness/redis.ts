import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, hasOpenssl } from './certificates.ts';
import { within } from './deadline.ts';
import { freePort } from './port.ts';
import { paused } from './process.ts';

const binary = 'redis-server';

/** Reason to skip the tests that need Redis; undefined if they can run. With CI set they must. */
export const noRedis: string | undefined =
  spawnSync(binary, ['--version']).status === 0 ? undefined : `${binary} is not in the PATH`;
if (noRedis && process.env.CI) throw new Error(`In CI the Redis tests must run, and ${noRedis}`);
if (noRedis) console.warn(`The Redis tests are skipped: ${noRedis}`);

/** Returns whether Redis knows TLS settings: it refuses the first setting that it doesn't know. */
const knowsTls = (): boolean =>
  spawnSync(binary, ['--tls-port', '0', '--no-such-line', '1'], { encoding: 'utf8' }).stderr.includes('no-such-line');

/** Reason to skip the tests that need Redis with TLS; undefined if they can run. With CI set they must. */
export const noTlsRedis: string | undefined =
  noRedis ??
  (hasOpenssl ? undefined : 'openssl is not in the PATH') ??
  (knowsTls() ? undefined : `${binary} was built without TLS`);
if (noTlsRedis && process.env.CI) throw new Error(`In CI the tests of Redis with TLS must run, and ${noTlsRedis}`);

/** Far more databases than a test file asks for. */
const databases = 1_024;

/** A Redis server in a process of its own. */
export interface Redis {
  readonly port: number;
  /** Port for TLS; undefined without certificates. */
  readonly tlsPort: number | undefined;
  /** Returns the URI of a new database with each call. `port` names a proxy in front of Redis. */
  uri(port?: number): string;
  /** Shuts it down in order: its data is on disk then. */
  stop(): Promise<void>;
  /** Kills it after this many milliseconds, as a power cut would. It loses the writes of that time. */
  kill(lostMs?: number): Promise<void>;
  /** Starts it again at the same address, with its data unless `keepData` is false. */
  start(options?: { readonly keepData?: boolean }): Promise<void>;
  restart(options?: { readonly keepData?: boolean }): Promise<void>;
  /** Keeps its connections open but answers nothing until `wake`. */
  hang(): Promise<void>;
  wake(): void;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

/** Returns whether Redis answers on this port and has loaded its data. */
async function isReady(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString() === '+PONG\r\n';
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const tlsSettings = (port: number, { ca, cert, key }: Certificates): Readonly<Record<string, string>> => ({
  'tls-port': `${port}`,
  'tls-ca-cert-file': ca,
  'tls-cert-file': cert,
  'tls-key-file': key,
  'tls-auth-clients': 'no',
});

/**
 * Starts Redis on a free port of the loopback interface, with an append-only file. With certificates it also listens for
 * TLS on a second port. `more` adds settings.
 */
export async function startRedis(
  certificates?: Certificates,
  more: Readonly<Record<string, string>> = {},
): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-redis-'));
  const port = await freePort();
  const tlsPort = certificates && (await freePort());
  const settings: Readonly<Record<string, string>> = {
    port: `${port}`,
    bind: '127.0.0.1',
    dir: folder,
    databases: `${databases}`,
    appendonly: 'yes',
    save: '',
    ...(certificates && tlsSettings(tlsPort!, certificates)),
    ...more,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  let child: ChildProcess | undefined;
  let given = 0;

  const start: Redis['start'] = async ({ keepData = true } = {}) => {
    if (!keepData) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    child = spawn(binary, args, { stdio: 'ignore' });
    await within(ready(port, child), 'Redis to be ready');
  };
  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!child) return;
    const ended = child;
    child = undefined;
    if (ended.exitCode !== null || ended.signalCode !== null) return;
    const exited = once(ended, 'exit');
    ended.kill('SIGCONT');
    ended.kill(signal);
    await within(exited, 'Redis to end');
  }
  const stop = (): Promise<void> => end('SIGTERM');
  async function kill(lostMs = 0): Promise<void> {
    if (lostMs === 0) return end('SIGKILL');
    const copy = `${folder}-copy`;
    cpSync(folder, copy, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, lostMs));
    await end('SIGKILL');
    rmSync(folder, { recursive: true });
    renameSync(copy, folder);
  }

  await start();
  return {
    port,
    tlsPort,
    uri: (at = port) => {
      given += 1;
      if (given >= databases) throw new Error(`Redis has only ${databases} databases`);
      return `redis://127.0.0.1:${at}/${given}`;
    },
    stop,
    kill,
    start,
    restart: async (options) => {
      await stop();
      await start(options);
    },
    hang: async () => child && paused(child),
    wake: () => void child?.kill('SIGCONT'),
    remove: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let forServers: Pick<Redis, 'uri'> | undefined;
/** Makes the test servers of this file share a room over this Redis, unless their `env` says otherwise. */
export const serversShare = (redis: Pick<Redis, 'uri'>): void => {
  forServers = redis;
};
export const serversRedis = (): Pick<Redis, 'uri'> | undefined => forServers;

/** Starts a sentinel that watches the server on this port under the name `palaver`; with certificates, over TLS. */
export async function startSentinel(
  watched: number,
  certificates?: Certificates,
): Promise<{ readonly port: number; readonly tlsPort: number | undefined; remove(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-sentinel-'));
  const port = await freePort();
  const tlsPort = certificates && (await freePort());
  const file = join(folder, 'sentinel.conf');
  const settings = {
    port: `${port}`,
    bind: '127.0.0.1',
    dir: folder,
    ...(certificates && { ...tlsSettings(tlsPort!, certificates), 'tls-replication': 'yes' }),
    'sentinel monitor palaver': `127.0.0.1 ${watched} 1`,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(file, lines.join(''));
  const child = spawn(binary, [file, '--sentinel'], { stdio: 'ignore' });
  await within(ready(port, child), 'the sentinel to be ready');
  return {
    port,
    tlsPort,
    remove: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await within(exited, 'the sentinel to end');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a Redis that the test need not stop. It is always a new one: a running one may have only 16 databases. */
export const anyRedis = (): Promise<Pick<Redis, 'uri' | 'remove'>> => startRedis();
