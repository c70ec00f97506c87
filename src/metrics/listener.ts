import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import { explainAddress } from '../lib/listen-fault.ts';
import type { Prometheus } from './prometheus.ts';

/** A scrape is small, and those who ask are few. */
const requestTimeoutMs = 5_000;
const idleTimeoutMs = 30_000;
const maxConnections = 16;

export interface ServedMetrics extends Prometheus {
  readonly address: { readonly host: string; readonly port: number };
  /** Doesn't wait for those who still read. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, and nothing else, on an address of its own; undefined where none is set.
 * @throws with the address where that can't be had
 */
export async function serveMetrics({
  metricsPort: port,
  metricsHost: host,
}: Pick<Config, 'metricsPort' | 'metricsHost'>): Promise<ServedMetrics | undefined> {
  if (port === undefined) return undefined;
  // Loaded where it is wanted.
  const { createPrometheus } = await import('./prometheus.ts');
  const prometheus = createPrometheus();
  const { scrape, contentType } = prometheus;
  /** Who asks meanwhile gets the same. */
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
