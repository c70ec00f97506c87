import { MIMEType } from 'node:util';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { problem } from './problem.ts';

/** A chunked body counts as a body, however short it turns out. */
export const hasBody = (headers: Headers): boolean =>
  headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) !== 0;

/** The size that a body may have. */
const maxBodyBytes = 16_384;

/** Whether a body says that it is too large before it has come. */
export const isKnownTooLarge = (contentLength: string | undefined): boolean =>
  Number(contentLength ?? 0) > maxBodyBytes;

/** `application/json`, with no charset or with UTF-8 (RFC 9110, 8.3.1; RFC 8259, 8.1). Other parameters don't matter. */
function isJson(contentType: string): boolean {
  try {
    const { essence, params } = new MIMEType(contentType);
    return essence === 'application/json' && /^utf-8$/i.test(params.get('charset') ?? 'utf-8');
  } catch {
    return false;
  }
}

/** Whether a body is as it is: compressed ones are not taken apart (RFC 9110, 8.4). */
const isPlain = (contentEncoding: string): boolean => /^\s*(identity)?\s*$/i.test(contentEncoding);

const isUtf8 = (bytes: ArrayBuffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** Lets only bodies through that are small enough, and JSON by their type and UTF-8 by their bytes. */
export const jsonBody: readonly MiddlewareHandler[] = [
  bodyLimit({ maxSize: maxBodyBytes, onError: (c) => problem(c, 'body_too_large') }),
  async (c, next) => {
    if (!isJson(c.req.header('content-type') ?? '')) return problem(c, 'unsupported_media_type');
    if (!isPlain(c.req.header('content-encoding') ?? ''))
      return problem(c, 'unsupported_media_type', { headers: { 'Accept-Encoding': 'identity' } });
    // The validators after this one would let a body through unread whose type they can't read.
    c.req.raw.headers.set('content-type', 'application/json');
    if (!isUtf8(await c.req.arrayBuffer())) return problem(c, 'malformed_body');
    return next();
  },
];
