/** Answers that nobody reads. Each server is a process of its own, so that its memory can be measured. */
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { head } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { request } from '../harness/http.ts';
import { freePort } from '../harness/port.ts';
import type { TestServer } from '../harness/server.ts';
import { serve } from '../system/process.ts';

const mib = 2 ** 20;
/** The largest document that every server has, here several times larger than the kernel's buffers. */
const paths = ['/docs/reference.js', '/openapi.json'];

/** A server, and the memory that its process uses, in bytes. */
async function started() {
  const metricsPort = await freePort();
  const server = serve({
    DATA_DIR: temporaryFolder(),
    METRICS_PORT: String(metricsPort),
    MAX_SESSIONS: '1000',
    LOG_LEVEL: 'info',
  });
  const address = (await server.address()) as TestServer;
  const residentBytes = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]);
  };
  // After the first request the document is in memory.
  const sizes = await Promise.all(
    paths.map(
      async (path) => (await (await fetch(`http://${address.host}:${address.port}${path}`)).arrayBuffer()).byteLength,
    ),
  );
  const largest = sizes.indexOf(Math.max(...sizes));
  return { server, address, residentBytes, path: paths[largest]!, size: sizes[largest]! };
}

/** Sends these bytes and reads nothing. Resolves when the answer has begun to arrive. */
async function unread({ host, port }: TestServer, bytes: string): Promise<Socket> {
  const socket = dial({ host, port });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(bytes);
  await within(once(socket, 'readable'), 'the beginning of an answer');
  return socket;
}

it('shares one copy of the largest document among 80 connections that never read it', async () => {
  const { server, address, residentBytes, path, size } = await started();
  const before = await residentBytes();
  await Promise.all(Array.from({ length: 80 }, () => unread(address, head(`GET ${path}`))));
  await request(address, 'GET', '/healthz');
  // A copy each would be 80 times its size: more than 300 MiB.
  expect(size).toBeGreaterThan(mib);
  expect((await residentBytes()) - before).toBeLessThan(80 * mib);
  expect(server.output()).not.toMatch(/"level":(40|50|60)/);
});

it('spends no more memory on 60 requests for it in one packet than on one', async () => {
  const { server, address, residentBytes, path } = await started();
  const before = await residentBytes();
  await unread(address, head(`GET ${path}`).repeat(60));
  await request(address, 'GET', '/healthz');
  expect((await residentBytes()) - before).toBeLessThan(30 * mib);
  expect(server.output()).not.toMatch(/"level":(40|50|60)/);
});

it('sends the document whole and in order behind other answers', async () => {
  const { address, path, size } = await started();
  const socket = dial({ host: address.host, port: address.port });
  onTestFinished(() => void socket.destroy());
  let read = 0;
  socket.on('data', (chunk: Buffer) => (read += chunk.length));
  socket.write(head(`GET ${path}`).repeat(2) + head(`GET ${path}`, 'Connection: close'));
  await within(once(socket, 'close'), 'the end');
  expect(read).toBeGreaterThan(3 * size);
  expect(read).toBeLessThan(3 * size + 8_192);
});
