import type { IncomingMessage } from 'node:http';
import { MIMEType } from 'node:util';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { routes } from '../../generated/http/index.ts';
import { problem } from './problem.ts';
import { pathOfTarget } from './target.ts';

/** Returns whether a request has a body. A chunked body counts, even if it is empty. */
export const hasBody = (headers: Headers): boolean =>
  headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) !== 0;

const maxBodyBytes = 16_384;
/** A message may be as long as a frame: each of its characters may be escaped. */
const maxMessageBytes = 65_536;

/** Returns how many bytes a body may have that is sent to this path. */
const maxBytesOf = (path: string): number => (path === routes.publish.path ? maxMessageBytes : maxBodyBytes);

/** Returns whether a body announces that it is too large. */
export const isKnownTooLarge = ({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>): boolean =>
  Number(headers['content-length'] ?? 0) > maxBytesOf(pathOfTarget(url));

/**
 * Returns whether a type is JSON, with no charset or with UTF-8 (RFC 9110, 8.3.1; RFC 8259, 8.1). Other parameters are
 * ignored.
 */
function isJson(contentType: string): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && /^utf-8$/i.test(params.get('charset') ?? 'utf-8');
  } catch {
    return false;
  }
}

/** Returns whether a body is not compressed (RFC 9110, 8.4): compressed bodies are refused. */
const isPlain = (contentEncoding: string): boolean => /^\s*(identity)?\s*$/i.test(contentEncoding);

const isUtf8 = (bytes: ArrayBuffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** Returns what lets only bodies through that are small enough. */
function bounded(maxSize: number): MiddlewareHandler {
  const bound = bodyLimit({ maxSize, onError: (c) => problem(c, 'body_too_large') });
  return (c, next) => {
    const { headers } = c.req.raw;
    // Node reads no more than was announced, and to ask for the body as a stream costs more than to read it.
    const isAnnounced = headers.has('content-length') && !headers.has('transfer-encoding');
    return isAnnounced && Number(headers.get('content-length')) <= maxSize ? next() : bound(c, next);
  };
}

/** Returns what lets only bodies through that are small enough, JSON by their type and UTF-8 by their bytes. */
export const jsonBody = (path: string): readonly MiddlewareHandler[] => [
  bounded(maxBytesOf(path)),
  async (c, next) => {
    if (!isJson(c.req.header('content-type') ?? '')) return problem(c, 'unsupported_media_type');
    if (!isPlain(c.req.header('content-encoding') ?? ''))
      return problem(c, 'unsupported_media_type', { headers: { 'Accept-Encoding': 'identity' } });
    // The validators after this one let a body through unread if they don't know its type.
    c.req.raw.headers.set('content-type', 'application/json');
    if (!isUtf8(await c.req.arrayBuffer())) return problem(c, 'malformed_body');
    return next();
  },
];
