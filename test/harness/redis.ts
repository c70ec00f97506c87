import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Certificates, hasOpenssl } from './certificates.ts';
import { within } from './deadline.ts';
import { freePort } from './port.ts';

const binary = 'redis-server';

/** Why the tests that need Redis can't run; undefined if they can. With CI set they must. */
export const noRedis: string | undefined =
  spawnSync(binary, ['--version']).status === 0 ? undefined : `${binary} is not in the PATH`;
if (noRedis && process.env.CI) throw new Error(`In CI the Redis tests must run, and ${noRedis}`);
if (noRedis) console.warn(`The Redis tests are skipped: ${noRedis}`);

/** It stops at the first line that it doesn't know. */
const knowsTls = (): boolean =>
  spawnSync(binary, ['--tls-port', '0', '--no-such-line', '1'], { encoding: 'utf8' }).stderr.includes('no-such-line');

/** Why the tests that need Redis with TLS can't run; undefined if they can. With CI set they must. */
export const noTlsRedis: string | undefined =
  noRedis ??
  (hasOpenssl ? undefined : 'openssl is not in the PATH') ??
  (knowsTls() ? undefined : `${binary} was built without TLS`);
if (noTlsRedis && process.env.CI) throw new Error(`In CI the tests of Redis with TLS must run, and ${noTlsRedis}`);

/** Far more than a test file asks for. */
const databases = 1_024;

/** A Redis of its own. */
export interface Redis {
  readonly port: number;
  /** Where it speaks TLS, if it has certificates. */
  readonly tlsPort: number | undefined;
  /** With a database of its own for each call; of what answers at this port, where that is not Redis itself. */
  uri(port?: number): string;
  /** In order: what it has is written down. */
  stop(): Promise<void>;
  /** At once, as by a power cut, so many milliseconds from now: what it takes until then is lost. */
  kill(lostMs?: number): Promise<void>;
  /** Again, at the same address; with what it had, unless this says otherwise. */
  start(options?: { readonly keepData?: boolean }): Promise<void>;
  restart(options?: { readonly keepData?: boolean }): Promise<void>;
  /** From now on it is there and does not answer, until `wake`. */
  hang(): void;
  wake(): void;
  /** Stops, and leaves nothing behind. */
  remove(): Promise<void>;
}

/** Whether Redis answers there and has loaded what it keeps. */
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

/** Redis on a free port of the loopback, which writes down what it has; with certificates on another one, too. It may have more settings. */
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
    hang: () => void child?.kill('SIGSTOP'),
    wake: () => void child?.kill('SIGCONT'),
    remove: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let forServers: Pick<Redis, 'uri'> | undefined;
/** From now on test servers of this file share a room over this one, unless told otherwise. */
export const serversShare = (redis: Pick<Redis, 'uri'>): void => {
  forServers = redis;
};
export const serversRedis = (): Pick<Redis, 'uri'> | undefined => forServers;

/** A sentinel that watches the server at this port, and is asked for it as `palaver`; with certificates, all by TLS. */
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

/** A Redis to test against, that the test need not stop: always one of its own, as a given one has only 16 databases. */
export const anyRedis = (): Promise<Pick<Redis, 'uri' | 'remove'>> => startRedis();
