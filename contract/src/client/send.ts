import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Socket } from 'node:net';
import { below } from '../specs/below.ts';

export interface Request {
  readonly method: string;
  /** With its query, if any. */
  readonly path: string;
  /** An array is sent as so many headers of one name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Sent in chunks, without a length. */
  readonly chunked?: boolean;
  /** No `Host`, which makes it no HTTP/1.1 request (RFC 9112, 3.2). */
  readonly noHost?: boolean;
}

export interface Answer {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body's JSON; undefined if it has none. */
  readonly json: unknown;
}

/** There was no answer: the connection was refused, reset or silent. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
  /** Nobody listens there. */
  readonly gone: boolean;
  /** The request as a `curl` command. */
  readonly show: string | undefined;
  constructor(cause: NodeJS.ErrnoException, show?: string) {
    super(cause.code === undefined ? `no answer that can be read: ${cause.message}` : `no answer: ${cause.code}`, {
      cause,
    });
    this.show = show;
    this.gone = cause.code === 'ECONNREFUSED' || cause.code === 'ENOTFOUND';
  }
}

/** Enough for any answer that the kit looks into. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** A client's close frame (RFC 6455, 5.5.1): code 1000, masked with zeros. */
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);

/** Parses JSON. Returns undefined if the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Closes what a handshake has opened, and waits for its end. */
function leave(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => socket.destroy(), 1_000);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(cut);
      resolve();
    });
    socket.resume();
    socket.end(closeFrame);
  });
}

/**
 * One request on a connection of its own. A handshake that succeeds is answered too; what it opened is closed, and so is a
 * stream of events after its first bytes.
 * @throws {NoAnswer}
 */
export function send(base: URL, request: Request, timeoutMs: number): Promise<Answer> {
  const { method, path, headers = {}, body, chunked, noHost } = request;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(new NoAnswer(error, asCurl(base, request)));
    const outgoing = (base.protocol === 'https:' ? overHttps : overHttp)({
      host: base.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: base.port,
      method,
      path: below(base, path),
      headers: {
        ...(body !== undefined && !chunked && { 'content-length': Buffer.byteLength(body) }),
        ...(headers as OutgoingHttpHeaders),
      },
      setHost: !noHost,
      agent: false,
    });
    const late = (): unknown => outgoing.destroy(new Error(`none within ${timeoutMs / 1_000} s`));
    // On a busy machine, data may have arrived already: read it before giving up.
    const cut = setTimeout(() => setImmediate(late), timeoutMs);
    outgoing.on('close', () => clearTimeout(cut));
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      if (response.headers['content-type']?.startsWith('text/event-stream')) {
        // A stream has no end of its own. The first bytes show enough of it.
        const answer = { status: response.statusCode ?? 0, headers: response.headers, json: undefined };
        const done = (bytes = Buffer.alloc(0)): void => {
          resolve({ ...answer, text: bytes.toString() });
          outgoing.destroy();
        };
        response.once('data', done);
        response.once('end', () => done());
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxAnswerBytes) outgoing.destroy(new Error(`more than ${maxAnswerBytes} bytes`));
      });
      response.on('error', fail);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    });
    outgoing.on('upgrade', (response, socket) => {
      leave(socket as Socket).then(() =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '', json: undefined }),
      );
    });
    if (chunked && body !== undefined) outgoing.write(body);
    outgoing.end(chunked ? undefined : body);
  });
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Tokens don't belong into reports. */
export const withoutTokens = (text: string): string =>
  text.replace(/\b([\w-]{4,})\.[\w-]{8,}\.[\w-]{8,}/g, (_, head: string) => `${head.slice(0, 4)}…`);

/** The request as one can send it by hand. */
export function asCurl(base: URL, { method, path, headers = {}, body, chunked, noHost }: Request): string {
  const lines = Object.entries({
    ...(noHost && { Host: '' }),
    ...(chunked && { 'Transfer-Encoding': 'chunked' }),
    ...headers,
  })
    .flatMap(([name, value]) => (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}`))
    .map((line) => ` -H ${quoted(line.replace(/: $/, ':'))}`);
  const data =
    body === undefined
      ? ''
      : typeof body === 'string'
        ? body.length > 2_000
          ? ` --data-binary ${quoted(`${body.slice(0, 40)}… (${Buffer.byteLength(body)} bytes)`)}`
          : ` --data-binary ${quoted(body)}`
        : ` --data-binary "$(printf '${[...body].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}')"`;
  return withoutTokens(
    `curl -isS -X ${method} ${quoted(`${base.origin}${below(base, path)}`)}${lines.join('')}${data}`,
  );
}
