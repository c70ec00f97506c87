import { createMiddleware } from 'hono/factory';
import type { Config } from '../config.ts';
import type { Log } from '../log/log.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { clientOf } from './address.ts';
import type { AppEnv } from './env.ts';
import type { Unread } from './listener.ts';
import { operationOf } from './operations.ts';
import { rawPath } from './target.ts';

interface RequestLogDeps {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'request' | 'problem'>;
}

/** The log shows so many characters of an entry of `X-Forwarded-For`. */
const maxEntryLength = 64;

/** Gives each request a log with its id, and logs and measures the answer. */
export function requestLog(
  { trustedProxies, hasLogIp }: Pick<Config, 'trustedProxies' | 'hasLogIp'>,
  { log, metrics }: RequestLogDeps,
) {
  let hasWarnedOfForwarded = false;
  return createMiddleware<AppEnv>(async (c, next) => {
    const startedMs = performance.now();
    c.set('log', log.ofRequest(c.var.requestId));
    const client = clientOf(c, trustedProxies);
    if (client.unread !== undefined && !hasWarnedOfForwarded) {
      hasWarnedOfForwarded = true;
      c.var.log.event('forwarded_unread', { entry: hasLogIp ? client.unread.slice(0, maxEntryLength) : undefined });
    }
    const upgrade = c.env?.upgrade;
    if (upgrade) upgrade.requestId = c.var.requestId;
    await next();
    const status = upgrade?.admitted && upgrade.transport === 'websocket' ? 101 : c.res.status;
    const ms = performance.now() - startedMs;
    metrics.request(operationOf(c), status, ms / 1_000);
    if (c.var.problem) metrics.problem(c.var.problem);
    // The path alone, since a query may hold secrets, and as it was sent: the sender chooses what it decodes to.
    c.var.log.event('request', {
      method: c.req.method,
      path: rawPath(c.req.raw),
      status,
      code: c.var.problem,
      ms: Math.round(ms),
      ip: hasLogIp ? client.address : undefined,
      sessionId: upgrade?.admitted?.sessionId,
      userId: upgrade?.admitted?.identity.id,
    });
  });
}

/** Logs and counts the requests that the listener refuses by itself. */
export const unreadLog =
  ({ hasLogIp }: Pick<Config, 'hasLogIp'>, { log, metrics }: RequestLogDeps) =>
  ({ reason, code, ip }: Unread): void => {
    if (code) metrics.problem(code);
    const from = { ip: hasLogIp ? ip : undefined };
    if (code === 'head_too_large') log.event('head_too_large', from);
    else log.event('request_unread', { reason, code, ...from });
  };
