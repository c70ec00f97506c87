import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { within } from './deadline.ts';
import { type Answer, recorded } from './http.ts';
import type { TestServer } from './server.ts';

/**
 * Sends these bytes, one write each, and reads the response that ends the connection. `asked` names the request that
 * they were, if they were one.
 */
export async function exchange(
  { host, port }: TestServer,
  writes: readonly (string | Uint8Array)[],
  asked?: { readonly method: string; readonly path: string },
): Promise<Answer> {
  const socket = dial({ host, port, noDelay: true });
  // Bytes that nobody wants any more may be answered with a reset after the response.
  socket.on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await within(once(socket, 'connect'), 'a connection');
  const ended = once(socket, 'close');
  for (const bytes of writes) socket.write(bytes);
  await within(ended, () => `the end of the connection, after ${Buffer.concat(chunks)}`);
  const text = Buffer.concat(chunks).toString();
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines
    .map((line) => /^([^:]+): *(.*)$/.exec(line)!)
    .map(([, name, value]) => [name!.toLowerCase(), value]);
  return recorded(asked, Number(statusLine.split(' ')[1]), Object.fromEntries(headers), body);
}

/** A whole frame as a client sends it (RFC 6455, 5.2), for bytes that travel with the handshake. Masked with zeros. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new Error('This is for short frames');
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
