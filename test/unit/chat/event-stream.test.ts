/** A stream of events over a real socket, with its reader at the other end. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import { EventStream, maxReceivedBytes } from '../../../src/chat/event-stream.ts';
import { within } from '../../harness/deadline.ts';
import { openTcpPair } from '../../harness/socket-pair.ts';

async function open() {
  const { client, socket } = await openTcpPair();
  const stream = new EventStream(socket);
  let received = '';
  client.on('data', (chunk: Buffer) => (received += chunk));
  const closed = once(stream, 'close').then(([code]) => code as number);
  return { client, socket, stream, closed, received: () => received };
}

/** Writes until the system takes no more. */
async function fill(socket: Socket): Promise<void> {
  const bytes = Buffer.alloc(65_536, ':\n\n');
  while (socket.writableLength === 0) {
    socket.write(bytes);
    await turn();
  }
}

describe('a ping', () => {
  it('is a comment, and answered once the system took it', async () => {
    const { client, stream, received } = await open();
    const data = once(client, 'data');
    const pong = once(stream, 'pong');
    stream.ping();
    await within(pong, 'the pong');
    await within(data, 'the comment');
    expect(received()).toBe(':\n\n');
  });

  it('of a reader that reads nothing is answered when it reads again', async () => {
    const { client, socket, stream } = await open();
    client.pause();
    await fill(socket);
    let pongs = 0;
    stream.on('pong', () => (pongs += 1));
    stream.ping();
    for (let n = 0; n < 20; n += 1) await turn();
    expect(pongs).toBe(0);
    const pong = once(stream, 'pong');
    client.resume();
    await within(pong, 'the pong');
  });

  it('of a connection that is gone has no answer', async () => {
    const { client, stream, closed } = await open();
    client.resetAndDestroy();
    await within(closed, 'the end');
    let pongs = 0;
    stream.on('pong', () => (pongs += 1));
    stream.ping();
    for (let n = 0; n < 20; n += 1) await turn();
    expect([pongs, stream.readyState === stream.OPEN]).toEqual([0, false]);
  });
});

it('a stream has no time in which it must be used', async () => {
  const { socket } = await openTcpPair();
  socket.setTimeout(30_000);
  new EventStream(socket);
  expect(socket.timeout).toBe(0);
});

describe('the server ends a stream', () => {
  it('with a close event behind all that was written, then its end of the connection', async () => {
    const { client, socket, stream, closed, received } = await open();
    socket.write('event: x\ndata: {}\n\n');
    stream.close(closeCodes.token_expired, 'token_expired');
    expect(stream.readyState).not.toBe(stream.OPEN);
    await within(once(client, 'end'), 'the end of the stream');
    expect(received()).toBe('event: x\ndata: {}\n\nevent: close\ndata: {"code":4001,"reason":"token_expired"}\n\n');
    // The client has not ended its side yet.
    expect(socket.destroyed).toBe(false);
    client.end();
    expect(await within(closed, 'the close')).toBe(closeCodes.token_expired);
  });

  it('at once if it cuts the connection', async () => {
    const { client, stream, closed, received } = await open();
    const gone = once(client, 'close');
    stream.terminate();
    client.end();
    expect(await within(closed, 'the close')).toBe(1006);
    await within(gone, 'the end at the client');
    expect(received()).toBe('');
  });
});

describe('the client ends a stream', () => {
  it.each<[how: string, end: (client: Socket) => void]>([
    ['with a FIN', (client) => client.end()],
    ['with a FIN behind bytes', (client) => client.end('GET / HTTP/1.1\r\n\r\n')],
    ['with a reset', (client) => void client.resetAndDestroy()],
  ])('%s', async (_, end) => {
    const { client, socket, closed } = await open();
    end(client);
    expect(await within(closed, 'the close')).toBe(1006);
    expect(socket.destroyed).toBe(true);
  });
});

describe('bytes of the client', () => {
  it('are dropped, and the stream goes on', async () => {
    const { client, socket, stream, received } = await open();
    client.write(Buffer.alloc(maxReceivedBytes));
    while (socket.bytesRead < maxReceivedBytes) await within(once(socket, 'data'), 'the bytes');
    const data = once(client, 'data');
    stream.ping();
    await within(data, 'the comment');
    expect([received(), socket.readableLength, stream.readyState]).toEqual([':\n\n', 0, stream.OPEN]);
  });

  it('cut the connection if there are too many', async () => {
    const { client, closed } = await open();
    client.write(Buffer.alloc(maxReceivedBytes + 1));
    expect(await within(closed, 'the cut')).toBe(1006);
  });
});
