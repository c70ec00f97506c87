import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect as dial, type Socket } from 'node:net';
import { handshakeHeaders } from './chat.ts';
import { within } from './deadline.ts';
import type { TestServer } from './server.ts';

/** Returns the bytes of a handshake. `undefined` omits a header, and a list repeats it. */
export function handshakeBytes(
  token: string,
  { first = 'GET /join HTTP/1.1', headers = {} }: { first?: string; headers?: OutgoingHttpHeaders } = {},
): string {
  const all = { Host: 'localhost', ...handshakeHeaders, Authorization: `Bearer ${token}`, ...headers };
  const lines = Object.entries(all).flatMap(([name, value = []]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
  return `${first}\r\n${lines.join('')}\r\n`;
}

/** Joins on a bare socket, which answers no ping and no close. Resolves after the 101. */
export async function joinRaw({ host, port }: Pick<TestServer, 'host' | 'port'>, token: string): Promise<Socket> {
  const socket = dial({ host, port });
  // The tests check how the connection ends.
  socket.on('error', () => {});
  socket.write(handshakeBytes(token));
  const [first] = (await within(once(socket, 'data'), 'the answer to a handshake')) as [Buffer];
  if (!first.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`Refused: ${first}`);
  return socket;
}
