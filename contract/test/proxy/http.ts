/**
 * Implements as much of HTTP/1.1 (RFC 9112) as is needed to change one thing in a message and leave the rest unchanged.
 */
import { METHODS, STATUS_CODES } from 'node:http';

type Headers = readonly (readonly [name: string, value: string])[];

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: Headers;
  /** The bytes received so far, unchanged. */
  readonly body: Buffer;
}

export interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const maxHeadBytes = 16_384;

/** Returns the lines of a head, and where it ends; undefined while it is incomplete. */
export function splitHead(bytes: Buffer): { lines: string[]; end: number } | undefined {
  const at = bytes.indexOf('\r\n\r\n');
  return at < 0 ? undefined : { lines: bytes.toString('latin1', 0, at).split('\r\n'), end: at + 4 };
}

/** Tells whether these bytes may still become the head of a request. */
export function mayBecomeRequest(bytes: Buffer): boolean {
  const [word = ''] = bytes.toString('latin1', 0, 32).split(' ');
  return bytes.length <= maxHeadBytes && METHODS.some((method) => method === word || method.startsWith(word));
}

function readHeaders(lines: readonly string[]): Headers | undefined {
  const fields = lines.map((line) => /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line));
  if (!fields.every((field) => field !== null)) return undefined;
  return fields.map(([, name, value]) => [name!, value!]);
}

/** Returns undefined for bytes that are not a request. */
export function readRequest([first = '', ...lines]: readonly string[]): Request | undefined {
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(first) ?? [];
  const headers = readHeaders(lines);
  return method && target && headers ? { method, target, headers, body: Buffer.alloc(0) } : undefined;
}

/** @throws for what no server may send. */
export function readResponse([first = '', ...lines]: readonly string[]): Response {
  const status = Number(/^HTTP\/1\.1 (\d{3})( |$)/.exec(first)?.[1]);
  const headers = readHeaders(lines);
  if (!status || !headers) throw new Error(`Not a response: ${first}`);
  return { status, headers, body: '' };
}

/** Returns a header by its name, in any case. */
export const header = ({ headers }: Pick<Request, 'headers'>, name: string): string | undefined =>
  headers.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];

/** Returns the joined chunks (RFC 9112, 7.1) without trailers, and where they end; undefined while some are missing. */
function readChunks(bytes: Buffer): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const length = Number.parseInt(bytes.toString('latin1', at, line), 16);
    const start = line + 2;
    if (bytes.length < start + length + 2) return undefined;
    chunks.push(bytes.subarray(start, start + length));
    at = start + length + 2;
    if (length === 0) return { body: Buffer.concat(chunks), end: at };
  }
}

const bodyless = [204, 304];

/** Returns the body after a response's head, and where it ends; undefined while it is incomplete. */
export function readBody(
  response: Response,
  method: string | undefined,
  bytes: Buffer,
  ended: boolean,
): { body: Buffer; end: number } | undefined {
  if (method === 'HEAD' || response.status < 200 || bodyless.includes(response.status)) {
    return { body: Buffer.alloc(0), end: 0 };
  }
  if (header(response, 'transfer-encoding')?.toLowerCase() === 'chunked') return readChunks(bytes);
  const length = header(response, 'content-length');
  const end = length === undefined ? bytes.length : Number(length);
  const whole = length === undefined ? ended : bytes.length >= end;
  return whole ? { body: bytes.subarray(0, end), end } : undefined;
}

const headBytes = (first: string, headers: Headers): Buffer =>
  Buffer.from(`${[first, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`, 'latin1');

/** Returns the head of a request. */
export const requestHead = ({ method, target, headers }: Request): Buffer =>
  headBytes(`${method} ${target} HTTP/1.1`, headers);

/** Returns the head of a response whose body follows. */
export const responseHead = ({ status, headers }: Response): Buffer =>
  headBytes(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, headers);

/** Returns a whole response, with the length of its body, to a request with this method. */
export function responseBytes({ status, headers, body }: Response, method: string | undefined): Buffer {
  const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  if (method === 'HEAD' || status < 200 || bodyless.includes(status)) return headBytes(first, headers);
  const framing = ['content-length', 'transfer-encoding'];
  const others = headers.filter(([name]) => !framing.includes(name.toLowerCase()));
  return Buffer.concat([
    headBytes(first, [...others, ['Content-Length', `${Buffer.byteLength(body)}`]]),
    Buffer.from(body),
  ]);
}
