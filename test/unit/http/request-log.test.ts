import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/http/env.ts';
import { requestLog, unreadLog } from '../../../src/http/request-log.ts';
import type { Log } from '../../../src/log/log.ts';
import { noMetrics } from '../../../src/metrics/metrics.ts';

function start({ hasLogIp = true } = {}) {
  const lines: object[] = [];
  const log: Log = { event: (event, fields) => void lines.push({ event, ...fields }), ofRequest: () => log };
  const requests: [string, number][] = [];
  const problems: string[] = [];
  const metrics = {
    ...noMetrics,
    request: (operation: string, status: number) => void requests.push([operation, status]),
    problem: (code: string) => void problems.push(code),
  };
  const config = { trustedProxies: 1, hasLogIp };
  const app = new Hono<AppEnv>();
  app.use(requestId());
  app.use(requestLog(config, { log, metrics }));
  app.get('/healthz', (c) => c.text('ok'));
  app.get('/refused', (c) => {
    c.set('problem', 'not_found');
    return c.text('no', 404);
  });
  const ask = (path: string, forwarded: string) => app.request(path, { headers: { 'X-Forwarded-For': forwarded } });
  return { ask, unread: unreadLog(config, { log, metrics }), lines, requests, problems };
}

describe('the request log', () => {
  it('logs and measures each answer, by its path without the query', async () => {
    const { ask, lines, requests, problems } = start();
    await ask('/healthz?token=secret', '192.0.2.1');
    await ask('/refused', '192.0.2.1');
    expect(lines).toEqual([
      expect.objectContaining({ event: 'request', path: '/healthz', status: 200, code: undefined, ip: '192.0.2.1' }),
      expect.objectContaining({ event: 'request', path: '/refused', status: 404, code: 'not_found' }),
    ]);
    expect(requests).toEqual([
      ['healthz', 200],
      ['none', 404],
    ]);
    expect(problems).toEqual(['not_found']);
  });

  it('warns once of proxies that name no address, with a part of the entry', async () => {
    const { ask, lines } = start();
    for (let n = 0; n < 3; n += 1) await ask('/healthz', `x${'y'.repeat(100)}`);
    const warnings = lines.filter((line) => 'event' in line && line.event === 'forwarded_unread');
    expect(warnings).toEqual([{ event: 'forwarded_unread', entry: `x${'y'.repeat(63)}` }]);
  });

  it('has no address with LOG_IP=off', async () => {
    const { ask, unread, lines } = start({ hasLogIp: false });
    await ask('/healthz', '192.0.2.1');
    await ask('/healthz', 'no address');
    unread({ reason: 'planted', ip: '192.0.2.1' });
    expect(JSON.stringify(lines)).not.toMatch(/192\.0\.2\.1|no address/);
  });
});

describe('the log of unread requests', () => {
  it.each([
    { given: { reason: 'planted', ip: '192.0.2.1' }, event: 'request_unread', counted: [] },
    {
      given: { reason: 'planted', code: 'malformed_request' as const, ip: '192.0.2.1' },
      event: 'request_unread',
      counted: ['malformed_request'],
    },
    {
      given: { reason: 'planted', code: 'head_too_large' as const, ip: '192.0.2.1' },
      event: 'head_too_large',
      counted: ['head_too_large'],
    },
  ])('logs $event and counts $counted', ({ given, event, counted }) => {
    const { unread, lines, problems } = start();
    unread(given);
    expect(lines).toEqual([expect.objectContaining({ event, ip: '192.0.2.1' })]);
    expect(problems).toEqual(counted);
  });
});
