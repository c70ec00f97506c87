import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openSqlite } from '../../../src/database/sqlite.ts';
import type { MessageStore } from '../../../src/history/message-store.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { request } from '../../harness/http.ts';
import { metricsUrl, parseMetrics, type Scrape, scrape } from '../../harness/metrics.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';

const env = { METRICS_PORT: '0' };

describe('the address for metrics', () => {
  it('is absent without METRICS_PORT, and the chat’s port never has metrics', async () => {
    for (const more of [{}, env]) {
      await using server = await startTestServer({ env: more });
      expect(server.metrics === undefined).toBe(more !== env);
      expect((await request(server, 'GET', '/metrics')).status).toBe(404);
    }
  });

  it('answers GET and HEAD of /metrics in the text format', async () => {
    await using server = await startTestServer({ env });
    const got = await fetch(metricsUrl(server));
    expect([got.status, got.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const { types } = parseMetrics(await got.text());
    expect(types.get('palaver_sessions')).toBe('gauge');
    expect(types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
    const head = await fetch(metricsUrl(server), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(metricsUrl(server, '/metrics?name=x'))).status).toBe(200);
  });

  it.each([
    ['GET', '/'],
    ['GET', '/healthz'],
    ['GET', '/metrics/'],
    ['GET', '/metricsx'],
    ['GET', '//metrics'],
    ['POST', '/metrics'],
    ['DELETE', '/metrics'],
    ['OPTIONS', '/metrics'],
  ])('answers %s %s with 404', async (method, path) => {
    await using server = await startTestServer({ env });
    expect((await fetch(metricsUrl(server, path), { method })).status).toBe(404);
  });

  it('stops the start with an error that names the address, if it is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const started = startTestServer({ env: { METRICS_PORT: `${port}` } });
    await expect(started).rejects.toThrow(
      `METRICS_PORT ${port} is in use: another program listens on 127.0.0.1:${port}`,
    );
    other.close();
  });

  it('closes last, so that metrics show the shutdown', async () => {
    let server: TestServer | undefined;
    let last: Scrape | undefined;
    const store = sqliteMessageStore(openSqlite(temporaryFolder()));
    const messages: MessageStore = {
      ...store,
      putRun: async (run) => {
        if (run.lastId !== undefined) last = await scrape(server!);
        await store.putRun(run);
      },
    };
    server = await startTestServer({ env, messages });
    const url = metricsUrl(server);
    await server.stop();
    expect(last!.sum('palaver_ready', { part: 'server' })).toBe(0);
    expect(last!.sum('palaver_ready', { part: 'store' })).toBe(1);
    await expect(fetch(url)).rejects.toThrow();
  });
});
