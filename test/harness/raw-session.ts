import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { handshakeHeaders } from './chat.ts';
import { within } from './deadline.ts';
import type { TestServer } from './server.ts';

/** Joins on a bare socket, which answers nothing by itself: no ping, no close. Resolves when the 101 has come. */
export async function joinRaw({ host, port }: Pick<TestServer, 'host' | 'port'>, token: string): Promise<Socket> {
  const socket = dial({ host, port });
  // How it ends is what a test looks at.
  socket.on('error', () => {});
  const headers = { Host: 'localhost', ...handshakeHeaders, Authorization: `Bearer ${token}` };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /join HTTP/1.1\r\n${lines.join('')}\r\n`);
  const [first] = (await within(once(socket, 'data'), 'the answer to a handshake')) as [Buffer];
  if (!first.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`Refused: ${first}`);
  return socket;
}
