/**
 * Three servers of one room, their Redis and their store, each in a process of its own, with a network that fails on
 * demand.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { startMongo } from '../harness/mongo.ts';
import { freePort } from '../harness/port.ts';
import { launchServer, type ServerProcess } from '../harness/process.ts';
import { startRedis } from '../harness/redis.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { testIssuer, testSecret } from '../harness/tokens.ts';
import type { Account } from './account.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { type Fault, leaseMs, nodeCount } from './schedule.ts';

/** As a supervisor does: the store may be slow, and it isn't what fails here. */
const maxStarts = 5;
const storeIsSlow = /The store is unavailable|MongoDB at \S+ cannot be used/;
/** Timeout for a node to become ready again after a fault. */
const readyMs = 40_000;
export interface Node {
  readonly name: string;
  readonly port: number;
  readonly toRedis: TcpProxy;
  start(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends the process. Resolves when it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface Cluster {
  readonly nodes: readonly Node[];
  readonly balancer: Balancer;
  /** Performs the fault, then repairs it. */
  suffer(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

interface ClusterDeps {
  readonly account: Account;
  /** The newest epoch that any client has seen. */
  readonly epoch: () => string;
  /** Environment of the servers, added to the usual one. */
  readonly env: Readonly<Record<string, string>>;
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-8).join('\n');

async function createNode(
  name: string,
  redisPort: number,
  env: (redisPort: number) => Record<string, string>,
  account: Account,
): Promise<Node> {
  const port = await freePort();
  const toRedis = await startTcpProxy(redisPort);
  let running: ServerProcess | undefined;

  /** Starts the process. Returns whether it is up, or the store was too slow for a start. */
  async function launch(isLastTry: boolean): Promise<boolean> {
    const started = launchServer({ ...env(toRedis.port), PORT: `${port}` });
    let isUp = false;
    running = started;
    started.child.once('exit', (code, signal) => {
      if (running === started && isUp)
        account.incidents.push({ what: `${name} ended with ${code ?? signal}: ${lastLines(started.output())}` });
    });
    try {
      await started.address();
      isUp = true;
    } catch (error) {
      if (isLastTry || !storeIsSlow.test(started.output())) throw error;
    }
    return isUp;
  }

  return {
    name,
    port,
    toRedis,
    start: async () => {
      for (let tries = 1; !(await launch(tries === maxStarts)); tries += 1);
    },
    signal: (signal) => void running?.child.kill(signal),
    end: async (signal) => {
      const ending = running;
      running = undefined;
      if (!ending) return;
      if (signal === 'SIGKILL') return ending.kill();
      ending.child.kill(signal);
      try {
        const code = await ending.exited();
        if (code !== 0) account.incidents.push({ what: `${name} stopped with ${code}: ${lastLines(ending.output())}` });
      } catch (error) {
        account.incidents.push({ what: `${name} did not stop: ${lastLines((error as Error).message)}` });
        await ending.kill();
      }
    },
  };
}

/** Resolves when a node reports that it is ready. */
async function ready({ name, port }: Node, account: Account, after: string): Promise<void> {
  const untilMs = Date.now() + readyMs;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    if (Date.now() > untilMs) {
      account.incidents.push({ what: `${name} is not ready ${readyMs / 1_000} s after ${after}` });
      return;
    }
    await pause(50);
  }
}

export async function startCluster({ account, epoch, env }: ClusterDeps): Promise<Cluster> {
  await using parts = new AsyncDisposableStack();
  const mongo = await startMongo();
  parts.defer(() => mongo.remove());
  const redis = await startRedis();
  parts.defer(() => redis.remove());
  const mongodbUri = mongo.uri();
  const { pathname: database } = new URL(redis.uri());
  const envOf = (redisPort: number): Record<string, string> => ({
    REDIS_URL: `redis://127.0.0.1:${redisPort}${database}`,
    MONGODB_URI: mongodbUri,
    JWT_SECRET: testSecret,
    JWT_ISSUER: testIssuer,
    NODE_LEASE: `${leaseMs / 1_000}s`,
    PRESENCE_GRACE: '1s',
    HEARTBEAT_INTERVAL: '1s',
    DRAIN_WINDOW: '1s',
    RATE_LIMIT_FRAMES: '0',
    // A user who is cut off repeatedly has several sessions for a while.
    MAX_SESSIONS_PER_USER: '1000',
    LOG_LEVEL: 'info',
    ...env,
  });
  const nodes: Node[] = [];
  for (const name of ['a', 'b', 'c'].slice(0, nodeCount)) {
    const node = await createNode(`node ${name}`, redis.port, envOf, account);
    parts.defer(() => node.toRedis.close());
    parts.defer(() => node.end('SIGKILL'));
    nodes.push(node);
  }
  await Promise.all(nodes.map((node) => node.start()));
  const balancer = await startBalancer(nodes.map(({ port }) => port));
  parts.defer(() => balancer.close());

  async function fail(fault: Fault): Promise<void> {
    if (fault.do === 'restart redis') {
      await (fault.how === 'by a power cut' ? redis.kill(fault.ms) : redis.stop());
      const last = epoch();
      await pause(fault.ms);
      await redis.start({ keepData: fault.how !== 'emptied' });
      account.restarts.push({ epoch: last, upMs: Date.now() });
      return;
    }
    if (fault.do === 'rolling restart') {
      for (const node of nodes) {
        await node.end('SIGTERM');
        await node.start();
      }
      account.rollingRestarts += 1;
      return;
    }
    const node = nodes[fault.node]!;
    if (fault.do === 'kill') {
      await node.end('SIGKILL');
      await pause(fault.ms);
      return node.start();
    }
    if (fault.do === 'freeze') {
      node.signal('SIGSTOP');
      await pause(fault.ms);
      return node.signal('SIGCONT');
    }
    if (fault.how === 'hold') node.toRedis.stall();
    else await node.toRedis.down();
    await pause(fault.ms);
    if (fault.how === 'hold') node.toRedis.resume();
    else await node.toRedis.up();
  }

  const closing = parts.move();
  return {
    nodes,
    balancer,
    suffer: async (fault) => {
      await fail(fault);
      await Promise.all(nodes.map((node) => ready(node, account, JSON.stringify(fault))));
    },
    close: () => closing.disposeAsync(),
  };
}
