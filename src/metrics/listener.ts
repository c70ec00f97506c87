import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import { explainAddress } from '../lib/listen-fault.ts';
import { type Metrics, noMetrics } from './metrics.ts';
import type { Prometheus } from './prometheus.ts';

// A scrape is small, and few clients ask for it.
const requestTimeoutMs = 5_000;
const idleTimeoutMs = 30_000;
const maxConnections = 16;

export interface ServedMetrics extends Metrics, Pick<Prometheus, 'watch'> {
  /** Undefined where no port for metrics is set. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  /** Stops listening. Scrapes under way are cut off. */
  close(): Promise<void>;
}

const unserved: ServedMetrics = { ...noMetrics, watch: () => {}, address: undefined, close: async () => {} };

/**
 * Serves `/metrics`, and nothing else, on an address of its own. Without `METRICS_PORT` nothing is measured.
 * @throws with the address and the reason where nothing can listen there
 */
export async function serveMetrics({
  metricsPort: port,
  metricsHost: host,
}: Pick<Config, 'metricsPort' | 'metricsHost'>): Promise<ServedMetrics> {
  if (port === undefined) return unserved;
  // Loaded here alone: without metrics the client takes no memory.
  const { createPrometheus } = await import('./prometheus.ts');
  const prometheus = createPrometheus();
  const { scrape, contentType } = prometheus;
  /** A scrape under way; those that begin meanwhile share its result. */
  let underway: Promise<string> | undefined;
  const scrapeOnce = (): Promise<string> => {
    underway ??= scrape().finally(() => {
      underway = undefined;
    });
    return underway;
  };

  async function answer({ method, url = '' }: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const isScrape = (method === 'GET' || method === 'HEAD') && /^\/metrics(\?|$)/.test(url);
    if (!isScrape) return void outgoing.writeHead(404).end();
    const text = await scrapeOnce();
    outgoing.writeHead(200, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) }).end(text);
  }

  const server = createServer({ requestTimeout: requestTimeoutMs }, (incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: Error) => outgoing.destroy(error));
  });
  server.timeout = idleTimeoutMs;
  server.maxConnections = maxConnections;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(explainAddress(cause, { variables: ['METRICS_HOST', 'METRICS_PORT'], host, port }), { cause });
  }
  return {
    ...prometheus,
    address: { host, port: (server.address() as AddressInfo).port },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
