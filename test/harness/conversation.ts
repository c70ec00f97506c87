import { connect as dial } from 'node:net';
import { within } from './deadline.ts';
import { type Answer, recorded } from './http.ts';
import type { TestServer } from './server.ts';

/** Returns a request as bytes. The caller adds the body. */
export const head = (first: string, ...lines: string[]): string =>
  `${[`${first} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;

/** Returns all responses in these bytes. Each names its length, or has no body. */
export function responsesIn(bytes: Buffer): { status: number; headers: Record<string, string>; text: string }[] {
  const responses = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    const [first = '', ...lines] = bytes.subarray(at, end).toString('latin1').split('\r\n');
    const fields = lines.map((line) => /^([^:]+): *(.*)$/.exec(line) ?? []);
    const headers = Object.fromEntries(fields.map(([, name = '', value = '']) => [name.toLowerCase(), value]));
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const length = status === 100 ? 0 : Number(headers['content-length']);
    if (end < 0 || Number.isNaN(status) || !(length >= 0))
      throw new Error(`No response at ${at}: ${JSON.stringify(bytes.subarray(at).toString('latin1'))}`);
    at = end + 4 + length;
    responses.push({ status, headers, text: bytes.subarray(end + 4, at).toString() });
  }
  return responses;
}

type Address = Pick<TestServer, 'host' | 'port'>;

/** Bytes, or a text with one byte per character. Of several, each is sent after an answer to the one before. */
type Sent = string | Uint8Array | readonly string[];

/** Sends these bytes and reads until the server ends the connection. */
export async function untilClosed({ host, port }: Address, sent: Sent): Promise<Buffer> {
  const socket = dial({ host, port });
  const chunks: Buffer[] = [];
  const [first = '', ...later] = Array.isArray(sent) ? (sent as string[]) : [sent as string | Uint8Array];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    socket.write(later.shift() ?? '', 'latin1');
  });
  // Unread bytes may cause a reset after the response.
  socket.on('error', () => {});
  // By an error or without one.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(typeof first === 'string' ? Buffer.from(first, 'latin1') : first);
  try {
    await within(closed, () => `the server to end it; so far: ${Buffer.concat(chunks)}`);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks);
}

/**
 * Sends HTTP requests until the server closes the connection. Records the responses as answers to `asked`, in order. A
 * further response is recorded as an answer to unreadable bytes.
 */
export async function conversation(
  server: Address,
  sent: Sent,
  asked: readonly { readonly method: string; readonly path: string }[] = [],
): Promise<Answer[]> {
  return responsesIn(await untilClosed(server, sent)).map(({ status, headers, text }, index) =>
    recorded(asked[index], status, headers, text),
  );
}
