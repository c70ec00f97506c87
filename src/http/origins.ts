import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './env.ts';

/** The log names so many characters of an origin. */
const maxLoggedOrigin = 200;

/** Whether a page of this request's origin may ask; what has none is no page (RFC 6455, 10.2; RFC 6454). */
export type IsAllowedOrigin = (headers: Headers) => boolean;

/** The server's own pages, and those of the origins that the operator names; `*` is every one. */
export const createOriginCheck =
  (allowed: readonly string[]): IsAllowedOrigin =>
  (headers) => {
    const origin = headers.get('origin');
    if (origin === null || allowed.includes('*') || allowed.includes(origin)) return true;
    // A proxy may have taken TLS away: the host alone tells.
    return (
      /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === headers.get('host')?.toLowerCase()
    );
  };

/** Lets pages of other origins read what is answered (CORS). A preflight is answered here; any other OPTIONS isn't. */
export function crossOrigin(isAllowed: IsAllowedOrigin) {
  const answer = cors({
    origin: (origin, c) => (isAllowed(c.req.raw.headers) ? origin : null),
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type'],
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
