/** Slow connections. The tests read the real limits from the listener, and show with shorter times that they apply. */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect as dial } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createListener, timeouts } from '../../src/http/listener.ts';
import { connect } from '../harness/chat.ts';
import { head } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { request } from '../harness/http.ts';
import { startTestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';

/** Idle timeouts of common proxies, in milliseconds. The server's default is longer than the longest, Caddy's. */
const proxyIdleMs = 120_000;
const short = { requestMs: 300, checkIntervalMs: 50, unreadMs: 300, stalledMs: 300 };
const noUpgrades = { wants: () => false, wantsEvents: () => false, handle: () => {} };

/** A listener with short timeouts, and its answer. */
async function listening(body: string | Uint8Array<ArrayBuffer> = 'ok', options: { keepAliveMs?: number } = {}) {
  const fetch = async (incoming: Request): Promise<Response> => {
    await incoming.text().catch(() => {});
    return new Response(body);
  };
  const server = createListener(fetch, noUpgrades, { keepAliveMs: 60_000, ...short, ...options }).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

const dialled = (port: number): Socket => {
  const socket = dial({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
};

/** Resolves when the server has cut the socket off, while the socket goes on sending a byte now and then. */
async function cutOff(socket: Socket, byte: string): Promise<void> {
  const trickle = setInterval(() => socket.write(byte), 20);
  socket.resume();
  try {
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the cut');
  } finally {
    clearInterval(trickle);
  }
}

describe('cuts off a connection that never finishes its request', () => {
  it('within 60 s', async () => {
    expect(timeouts.requestMs + timeouts.checkIntervalMs).toBeLessThanOrEqual(60_000);
    expect(timeouts.stalledMs).toBeLessThanOrEqual(60_000);
    const server = createListener(() => new Response(), noUpgrades);
    expect([server.requestTimeout, server.headersTimeout]).toEqual([timeouts.requestMs, timeouts.requestMs]);
    expect(server.timeout).toBe(timeouts.unreadMs);
  });

  it.each<[name: string, first: string, byte: string]>([
    ['a head that trickles', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: ', 'a'],
    ['headers that trickle', 'GET / HTTP/1.1\r\nHost: a\r\n', 'a: b\r\n'],
    ['a request line that trickles', 'GET /', 'a'],
    ['empty lines before it', '', '\r\n'],
    ['a body that trickles', head('POST /', 'Content-Length: 10000'), 'a'],
    ['chunks that trickle', head('POST /', 'Transfer-Encoding: chunked'), '1\r\na\r\n'],
    ['a second request that trickles', `${head('GET /')}GET / HTTP/1.1\r\nX-A: `, 'a'],
  ])('%s', async (_, first, byte) => {
    const { port } = await listening();
    const socket = dialled(port);
    socket.write(first);
    await cutOff(socket, byte);
  });

  it.each<[name: string, bytes: string]>([
    ['one that says nothing', ''],
    ['one that stops within its head', 'GET / HT'],
    ['one that stops within its body', `${head('POST /', 'Content-Length: 10000')}abc`],
  ])('%s', async (_, bytes) => {
    const { port } = await listening();
    const socket = dialled(port);
    socket.write(bytes);
    socket.resume();
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the cut');
  });
});

describe('a connection between two requests', () => {
  it('outlives the idle timeouts of common proxies', () => {
    const server = createListener(() => new Response(), noUpgrades);
    expect(server.keepAliveTimeout).toBeGreaterThan(proxyIdleMs);
    expect(readConfig({}).keepAliveS * 1_000).toBe(server.keepAliveTimeout);
  });

  it('stays open while it is idle, and is closed at its timeout', async () => {
    const { port } = await listening('ok', { keepAliveMs: 2_000 });
    const socket = dialled(port);
    socket.write(head('GET /'));
    await within(once(socket, 'data'), 'an answer');
    const beganMs = performance.now();
    socket.resume();
    await within(new Promise((resolve) => socket.once('close', resolve)), 'the cut');
    // Longer than all short timeouts here.
    expect(performance.now() - beganMs).toBeGreaterThan(1_900);
  });

  it('is closed if it has been idle for longest and there are too many', async () => {
    const { port } = await listening();
    const answered = async (): Promise<Socket> => {
      const socket = dialled(port);
      socket.write(head('GET /'));
      await within(once(socket, 'data'), 'an answer');
      return socket;
    };
    const first = await answered();
    const closed = new Promise((resolve) => first.once('close', resolve));
    const second = await answered();
    for (let done = 0; done < 1_000; done += 50) await Promise.all(Array.from({ length: 50 }, answered));
    await within(closed, 'the end of the first');
    second.destroy();
  });
});

it('drops an answer that nobody reads', async () => {
  const { server, port } = await listening(new Uint8Array(32 * 2 ** 20));
  const accepted = once(server, 'connection');
  const socket = dialled(port);
  socket.pause();
  socket.write(head('GET /'));
  const [served] = (await accepted) as [Socket];
  await within(once(served, 'close'), 'the end');
});

it('keeps an answer that is read slowly', async () => {
  const bytes = new Uint8Array(4 * 2 ** 20);
  const { port } = await listening(bytes);
  const socket = dialled(port);
  socket.write(head('GET /', 'Connection: close'));
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  });
  await within(new Promise((resolve) => socket.once('close', resolve)), 'the end');
  expect(read).toBeGreaterThan(bytes.length);
});

it('serves user routes, handshakes and the room beside a thousand silent connections', async () => {
  await using server = await startTestServer();
  const silent = Array.from({ length: 1_000 }, () => dialled(server.port));
  await within(Promise.all(silent.map((socket) => once(socket, 'connect'))), 'a thousand connections');
  for (const socket of silent.slice(0, 500)) socket.write('GET /join HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n');
  expect((await request(server, 'GET', '/healthz')).status).toBe(200);
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  bob.say('Is anybody here?');
  await bob.next('chat_message');
  await bob.close();
  for (const socket of silent) socket.destroy();
});
