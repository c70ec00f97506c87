import { createHash } from 'node:crypto';
import type { Context } from 'hono';

/** Returns whether a client has these bytes already (RFC 9110, 13.1.2; weak comparison). */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((known) => ['*', etag, `W/${etag}`].includes(known.trim())) === true;

/** A large answer is written in pieces of this size, so that no more of it waits for a peer that doesn't read. */
const pieceBytes = 65_536;

/** Streams bytes that all answers share. With a plain body each answer would hold a copy until it is read. */
function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void => {
    controller.enqueue(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
    if (at >= bytes.length) controller.close();
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/** Returns a handler that answers with constant bytes and a strong `ETag`: 200, or 304 to a client that has them. */
export function fixed(contentType: string, content: string | Uint8Array, headers: Record<string, string> = {}) {
  const bytes = new Uint8Array(typeof content === 'string' ? Buffer.from(content) : content);
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  const always = { ...headers, ETag: etag, 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' };
  return (c: Context): Response =>
    isKnown(c.req.header('If-None-Match'), etag)
      ? c.body(null, 304, always)
      : c.body(bytes.length > pieceBytes ? inPieces(bytes) : bytes, 200, {
          ...always,
          'Content-Type': contentType,
          'Content-Length': String(bytes.length),
        });
}
