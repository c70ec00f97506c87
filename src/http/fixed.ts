import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';

const compress = promisify(gzip);

/** Returns whether a client already has these bytes, by the weak comparison (RFC 9110, 13.1.2). */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((known) => ['*', etag, `W/${etag}`].includes(known.trim())) === true;

/** Returns whether a client accepts gzip, by its name or `*`, with a weight above 0 (RFC 9110, 12.5.3). */
export function acceptsGzip(acceptEncoding = ''): boolean {
  const weights = new Map(
    acceptEncoding
      .toLowerCase()
      .split(',')
      .map((entry) => {
        const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='));
        return [coding, weight === undefined ? 1 : Number(weight.slice(2))] as const;
      }),
  );
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}

/** Size of the chunks of a large response. No more waits for a slow consumer. */
const pieceBytes = 65_536;
/** Below this length, compression saves no packet. */
const minCompressedBytes = 1_024;

/** Streams bytes that all responses share. As a plain body, each response would hold a copy of them until it is read. */
function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): void => {
    controller.enqueue(bytes.subarray(at, at + pieceBytes));
    at += pieceBytes;
    if (at >= bytes.length) controller.close();
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

interface Representation {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Returns a handler that answers with these bytes: 200 with a strong `ETag`, or 304 to a client that has them. Text goes
 * out compressed to clients that accept gzip; it is compressed once, for the first of them.
 * @param headers sent with both; `Cache-Control` is `no-cache` unless given here
 */
export function fixed(contentType: string, content: string | Uint8Array, headers: Record<string, string> = {}) {
  const given = typeof content === 'string' ? Buffer.from(content) : content;
  // The same memory: a copy would stay for as long as the server runs.
  const plain = new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.byteLength);
  const hash = createHash('sha256').update(plain).digest('base64url');
  const isText = /^text\/|json|yaml|xml/.test(contentType) && plain.length >= minCompressedBytes;
  const representation = (bytes: Uint8Array<ArrayBuffer>, etag: string, encoding?: string): Representation => ({
    bytes,
    headers: {
      'Cache-Control': 'no-cache',
      ...headers,
      ETag: etag,
      'X-Content-Type-Options': 'nosniff',
      ...(isText && { Vary: 'Accept-Encoding' }),
      ...(encoding !== undefined && { 'Content-Encoding': encoding }),
    },
  });
  const identity = representation(plain, `"${hash}"`);
  let compressed: Promise<Representation> | undefined;
  const compressedOnce = (): Promise<Representation> => {
    compressed ??= compress(plain).then((bytes) => representation(new Uint8Array(bytes), `"${hash}-gzip"`, 'gzip'));
    return compressed;
  };
  return async (c: Context): Promise<Response> => {
    const isCompressed = isText && acceptsGzip(c.req.header('Accept-Encoding'));
    const { bytes, headers: sent } = isCompressed ? await compressedOnce() : identity;
    if (isKnown(c.req.header('If-None-Match'), sent.ETag!)) {
      const { 'Content-Encoding': _, ...unencoded } = sent;
      return c.body(null, 304, unencoded);
    }
    return c.body(bytes.length > pieceBytes ? inPieces(bytes) : bytes, 200, {
      ...sent,
      'Content-Type': contentType,
      'Content-Length': String(bytes.length),
    });
  };
}

/** Returns a handler that is made at its first request, because most servers never need the memory of its bytes. */
export function lazily(make: () => ReturnType<typeof fixed>): ReturnType<typeof fixed> {
  let handler: ReturnType<typeof fixed> | undefined;
  return (c) => {
    handler ??= make();
    return handler(c);
  };
}
