import type { Run } from './result.ts';
import type { ServerName } from './servers.ts';

/** A figure of a run. */
export interface Metric {
  readonly label: string;
  readonly lowerIsBetter?: boolean;
  of(run: Run): number;
}

/** A bound on Palaver's figure, absolute or compared with a peer's. The median of the rounds is judged. */
export interface Goal {
  readonly metric: string;
  readonly against?: ServerName;
  /** Palaver's figure divided by the peer's; if false, Palaver's figure minus the peer's. */
  readonly difference?: boolean;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A load for the generator, and the metrics of its result. A ratio holds for its load only, so the title is exact. */
export interface Load {
  readonly title: string;
  readonly generator: {
    readonly load: 'deep' | 'rate' | 'join' | 'idle';
    readonly clients: number;
    readonly senders?: number;
    readonly outstanding?: number;
    readonly rate?: number;
  };
  readonly servers: readonly ServerName[];
  /** No other server runs it, not even with `--all`. */
  readonly narrow?: boolean;
  /** Measured only with `--all`, or by name. */
  readonly extra?: boolean;
  /** Duration of the measurement, whatever `--seconds` says. */
  readonly fixedSeconds?: number;
  /** Factor by which `--seconds` is multiplied. */
  readonly times?: number;
  /** Measured twice on one server: new, and again after everybody has left. */
  readonly twice?: boolean;
  /** Logins a second into one account during the load. The same load without them is measured just before. */
  readonly loginsPerS?: number;
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly goals: readonly Goal[];
}

const fanOut = {
  rate: { label: 'deliveries/s', of: ({ result }) => result.deliveries / result.seconds },
  cost: {
    label: 'server CPU s per million deliveries',
    lowerIsBetter: true,
    of: ({ result, serverCpuS }) => (serverCpuS / result.deliveries) * 1e6,
  },
} satisfies Record<string, Metric>;

const latency = {
  p50: { label: 'latency p50, ms', lowerIsBetter: true, of: ({ result }) => result.latencyMs!.p50 },
  p99: { label: 'latency p99, ms', lowerIsBetter: true, of: ({ result }) => result.latencyMs!.p99 },
} satisfies Record<string, Metric>;

/** Metrics of Redis and the database behind several nodes. A single node has neither. */
const behind = {
  redis: {
    label: 'Redis CPU s per million deliveries',
    lowerIsBetter: true,
    of: ({ result, redisCpuS }) => (redisCpuS / result.deliveries) * 1e6,
  },
  mongodb: {
    label: 'database CPU s per million deliveries',
    lowerIsBetter: true,
    of: ({ result, mongodbCpuS }) => (mongodbCpuS / result.deliveries) * 1e6,
  },
} satisfies Record<string, Metric>;

const asNodes: readonly ServerName[] = ['palaver', 'palaver-nodes', 'socketio', 'socketio-nodes'];
const inTurn: readonly ServerName[] = ['palaver', 'bun', 'socketio'];
const closedLoop = (clients: number, senders: number, outstanding: number) => ({
  title: `${clients} clients, ${senders} senders with ${outstanding} outstanding each`,
  generator: { load: 'deep' as const, clients, senders, outstanding },
  servers: inTurn,
  metrics: fanOut,
});

export const loads: Readonly<Record<string, Load>> = {
  deep: {
    ...closedLoop(1_000, 16, 4),
    goals: [
      { metric: 'rate', against: 'bun', atLeast: 1.5 },
      { metric: 'rate', against: 'socketio', atLeast: 40 },
    ],
  },
  shallow: {
    ...closedLoop(1_000, 4, 1),
    goals: [{ metric: 'rate', against: 'bun', atLeast: 0.9 }],
  },
  rate: {
    title: '1000 clients, 20 messages a second in all, from 20 senders in turn',
    generator: { load: 'rate', clients: 1_000, senders: 20, rate: 20 },
    servers: [...inTurn, 'ws'],
    times: 2,
    metrics: {
      cpu: {
        label: 'server CPU, % of a core',
        lowerIsBetter: true,
        of: ({ result, serverCpuS }) => (serverCpuS / result.seconds) * 100,
      },
      ...latency,
    },
    goals: [
      { metric: 'cpu', against: 'bun', atMost: 1.6 },
      { metric: 'cpu', against: 'socketio', atMost: 0.7 },
      { metric: 'p50', against: 'ws', difference: true, atMost: 2 },
    ],
  },
  join: {
    title: '1000 clients join, 128 handshakes at a time, until every client has seen every name',
    generator: { load: 'join', clients: 1_000 },
    servers: inTurn,
    twice: true,
    metrics: {
      first: { label: 'joins/s, server just started', of: ({ result }) => result.joinsPerS },
      again: { label: 'joins/s, once more', of: ({ again }) => again!.joinsPerS },
    },
    goals: ['first', 'again'].flatMap((metric) => [
      { metric, against: 'bun', atLeast: 0.7 },
      { metric, against: 'socketio', atLeast: 10 },
    ]),
  },
  'deep-100': { ...closedLoop(100, 16, 4), extra: true, goals: [] },
  // The others take minutes to fill such a room.
  'deep-5000': { ...closedLoop(5_000, 16, 4), extra: true, narrow: true, goals: [] },
  idle: {
    title: '5000 clients, presence on, 3 s after the last join',
    generator: { load: 'idle', clients: 5_000 },
    servers: inTurn,
    extra: true,
    fixedSeconds: 3,
    metrics: {
      memory: {
        label: 'KB per connection',
        lowerIsBetter: true,
        of: ({ addedRssKb, clients }) => addedRssKb / clients,
      },
    },
    goals: [{ metric: 'memory', atMost: 11 }],
  },
  'nodes-rate': {
    title: '1000 clients, half of them at each node, 20 messages a second in all, from 20 senders in turn',
    generator: { load: 'rate', clients: 1_000, senders: 20, rate: 20 },
    servers: asNodes,
    extra: true,
    narrow: true,
    times: 2,
    metrics: { cost: fanOut.cost, p50: latency.p50, p99: latency.p99, ...behind },
    goals: [],
  },
  'nodes-shallow': {
    ...closedLoop(1_000, 4, 1),
    title: '1000 clients, half of them at each node, 4 senders with 1 outstanding each',
    servers: asNodes,
    extra: true,
    narrow: true,
    metrics: {
      ...fanOut,
      // As many messages are in flight as there are senders, so each latency is that number divided by the throughput.
      echo: {
        label: 'mean from sent to echo, ms',
        lowerIsBetter: true,
        of: ({ result, clients }) => (4 * clients * result.seconds * 1e3) / result.deliveries,
      },
      ...behind,
    },
    goals: [],
  },
  'login-flood': {
    title: '1000 clients, 20 messages a second in all, beside 30 logins a second of one account',
    generator: { load: 'rate', clients: 1_000, senders: 20, rate: 20 },
    servers: ['palaver'],
    extra: true,
    narrow: true,
    times: 2,
    loginsPerS: 30,
    metrics: {
      quiet: { ...latency.p99, label: 'quiet latency p99, ms', of: ({ quiet }) => latency.p99.of(quiet!) },
      ...latency,
      ratio: {
        label: 'latency p99 to the quiet one',
        lowerIsBetter: true,
        of: (run) => latency.p99.of(run) / latency.p99.of(run.quiet!),
      },
    },
    goals: [{ metric: 'ratio', atMost: 1.5 }],
  },
};
