import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './env.ts';

/** Characters of an origin that the log shows. */
const maxLoggedOrigin = 200;

/**
 * Returns whether the origin of a request may use the server. A request without one is no page's (RFC 6455, 10.2; RFC
 * 6454).
 */
export type IsAllowedOrigin = (headers: Headers) => boolean;

/** Creates the check: it allows the server's own pages, and the origins that the operator lists; `*` is any origin. */
export const createOriginCheck =
  (allowed: readonly string[]): IsAllowedOrigin =>
  (headers) => {
    const origin = headers.get('origin');
    if (origin === null || allowed.includes('*') || allowed.includes(origin)) return true;
    // A proxy may have terminated TLS, so the scheme isn't compared.
    return (
      /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === headers.get('host')?.toLowerCase()
    );
  };

/** Lets pages of allowed origins read the answers (CORS). It answers preflights, and no other OPTIONS request. */
export function crossOrigin(isAllowed: IsAllowedOrigin) {
  const answer = cors({
    origin: (origin, c) => (isAllowed(c.req.raw.headers) ? origin : null),
    allowMethods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Last-Event-ID'],
    exposeHeaders: ['Allow', 'ETag', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
    maxAge: 600,
  });
  return createMiddleware<AppEnv>((c, next) => {
    const origin = c.req.header('Origin');
    if (origin !== undefined && !isAllowed(c.req.raw.headers))
      c.var.log.event('origin_refused', { origin: origin.slice(0, maxLoggedOrigin) });
    return c.req.method === 'OPTIONS' && !c.req.header('Access-Control-Request-Method') ? next() : answer(c, next);
  });
}
