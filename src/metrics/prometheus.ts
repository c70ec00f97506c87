/** The metrics, by their names in Prometheus. No other file knows its client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, type LabelValues, Registry } from '@prometheus-io/client';
import { transports } from '../chat/connection.ts';
import type { ChatCounts } from '../chat/counts.ts';
import { problems } from '../errors.ts';
import { readinessParts } from '../http/readiness.ts';
import type { Metrics, Sources } from './metrics.ts';

/** Metrics that list all open handles at every scrape: too costly with thousands of sessions. */
const costly = [
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
];

const requestS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const callS = [0.0001, 0.00025, 0.0005, ...requestS.slice(0, -1)];
const flushS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const hashS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

export interface Prometheus extends Metrics {
  /** Adds sources that are read at each scrape. */
  watch(sources: Sources): void;
  readonly contentType: string;
  /** Returns all metrics in the text format. */
  scrape(): Promise<string>;
}

export function createPrometheus(): Prometheus {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of costly) register.removeSingleMetric(name);
  const registers = [register];

  const requests = new Histogram({
    name: 'palaver_http_request_duration_seconds',
    help: 'Requests, handshakes among them, from their head to their answer',
    labelNames: ['operation', 'status'],
    buckets: requestS,
    registers,
  });
  const refusals = new Counter({
    name: 'palaver_http_problems_total',
    help: 'Requests that were refused, by the code of the problem',
    labelNames: ['code'],
    registers,
  });
  // Zero from the start, so that the first problem is an increase.
  for (const code of Object.keys(problems)) refusals.inc({ code }, 0);
  const flushes = new Histogram({
    name: 'palaver_flush_duration_seconds',
    help: 'Flushes: what was delivered is written to every session',
    buckets: flushS,
    registers,
  });
  const batches = new Histogram({
    name: 'palaver_flush_frames',
    help: 'Frames that left with one flush, for all sessions',
    buckets: batchSizes,
    registers,
  });
  const hashes = new Histogram({
    name: 'palaver_password_hash_duration_seconds',
    help: 'Password hashes, without their wait',
    buckets: hashS,
    registers,
  });
  const stores = calls('store', 'Calls to the store', ['store', 'operation'], registers);
  const redis = calls('redis', 'Scripts that Redis ran for the room', ['operation'], registers);

  return {
    request: (operation, status, seconds) => requests.observe({ operation, status: String(status) }, seconds),
    problem: (code) => refusals.inc({ code }),
    flush: (frames, seconds) => {
      flushes.observe(seconds);
      if (frames > 0) batches.observe(frames);
    },
    hash: (seconds) => hashes.observe(seconds),
    store: (store) => (operation, seconds, failed) => stores({ store, operation }, seconds, failed),
    redis: (operation, seconds, failed) => redis({ operation }, seconds, failed),
    watch: (sources) => watch(sources, registers),
    contentType: register.contentType,
    scrape: () => register.metrics(),
  };
}

/** Creates the metrics of calls: how long they take, and how many fail. */
function calls<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[],
  registers: Registry[],
): (labels: LabelValues<Label>, seconds: number, failed: boolean) => void {
  const durations = new Histogram({
    name: `palaver_${name}_call_duration_seconds`,
    help,
    labelNames,
    buckets: callS,
    registers,
  });
  const failures = new Counter({
    name: `palaver_${name}_call_failures_total`,
    help: `${help} that failed`,
    labelNames,
    registers,
  });
  return (labels, seconds, failed) => {
    durations.observe(labels, seconds);
    failures.inc(labels, failed ? 1 : 0);
  };
}

function watch(sources: Sources, registers: Registry[]): void {
  const { counts, sessions, members, waitingHashes, unstoredMessages, lostMessages, notReady } = sources;
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  new Gauge({
    name: 'palaver_sessions',
    help: 'Sessions on this node, by transport; joining ones have no connection yet',
    labelNames: ['transport'],
    registers,
    collect() {
      for (const [transport, count] of Object.entries(sessions())) this.set({ transport }, count);
    },
  });
  gauge('palaver_members', 'Users in the room, on all nodes', members);
  gauge('palaver_password_hashes_waiting', 'Password hashes that wait for their turn', waitingHashes);
  gauge('palaver_history_waiting', 'Messages, and gaps between them, that are not stored yet', unstoredMessages);
  new Gauge({
    name: 'palaver_ready',
    help: 'Whether this part is there: all are 1 where /readyz answers 200',
    labelNames: ['part'],
    registers,
    async collect() {
      const missing = await notReady();
      for (const part of readinessParts) this.set({ part }, missing.some((each) => each.part === part) ? 0 : 1);
    },
  });
  const total = (name: string, help: string, read: () => number): void =>
    totals<string>({ name, help, labelNames: [], read: () => [[{}, read()]], registers });
  const byKey = (name: string, help: string, label: string, from: Readonly<Record<string, number>>): void => {
    const read = () => Object.entries(from).map(([key, value]) => [{ [label]: key }, value] as const);
    totals({ name, help, labelNames: [label], read, registers });
  };
  const byTransport = <Label extends string>(
    read: (counts: ChatCounts) => Values<Label>,
  ): Values<Label | 'transport'> =>
    transports.flatMap((transport) =>
      read(counts[transport]).map(([labels, value]) => [{ transport, ...labels }, value] as const),
    );
  const each = (name: string, help: string, read: (counts: ChatCounts) => number): void =>
    totals({
      name,
      help,
      labelNames: ['transport'],
      read: () => transports.map((transport) => [{ transport }, read(counts[transport])]),
      registers,
    });
  byKey('palaver_frames_received_total', 'Frames from clients, by type', 'type', counts.websocket.received);
  total('palaver_received_bytes_total', 'Payloads of frames from clients', () => counts.websocket.receivedBytes);
  totals({
    name: 'palaver_frames_sent_total',
    help: 'Frames to sessions, by type, once for each session',
    labelNames: ['transport', 'type'],
    read: () => byTransport(({ sent }) => Object.entries(sent).map(([type, value]) => [{ type }, value])),
    registers,
  });
  each('palaver_sent_bytes_total', 'Frames to sessions, with their headers', ({ sentBytes }) => sentBytes);
  byKey(
    'palaver_frames_refused_total',
    'Frames that were answered with an error, by its code',
    'code',
    counts.websocket.refused,
  );
  totals({
    name: 'palaver_sessions_closed_total',
    help: 'Sessions that ended, by who ended them and the close code',
    labelNames: ['transport', 'by', 'code'],
    read: () => byTransport(closesOf),
    registers,
  });
  each('palaver_slow_consumers_total', 'Sessions ended because they did not read', (count) => count.slowConsumers);
  total('palaver_history_lost_total', 'Messages given up unstored, because too many waited', lostMessages);
}

/** Values of a metric, each with its labels. */
type Values<Label extends string> = readonly (readonly [LabelValues<Label>, number])[];

const closesOf = ({ closed }: ChatCounts): Values<'by' | 'code'> =>
  Object.entries(closed).flatMap(([by, codes]) => Object.entries(codes).map(([code, value]) => [{ by, code }, value]));

interface Totals<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: Label[];
  readonly read: () => Values<Label>;
  readonly registers: Registry[];
}

/** Creates a counter whose values are counted elsewhere, and read at each scrape. */
function totals<Label extends string>({ name, help, labelNames, read, registers }: Totals<Label>): void {
  new Counter({
    name,
    help,
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.inc(labels, value);
    },
  });
}
