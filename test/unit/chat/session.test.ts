/** Runs one session over a real socket, with the test as its room. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import { createTransportCounts } from '../../../src/chat/counts.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import type { RoomSession, Sink } from '../../../src/chat/room.ts';
import { runSession } from '../../../src/chat/session.ts';
import type { CountFrame } from '../../../src/limits/frames.ts';
import { createLog } from '../../../src/log/log.ts';
import { within } from '../../harness/deadline.ts';
import { openSocketPair } from '../../harness/socket-pair.ts';

const maxBufferedBytes = 1_048_576;

async function startSession(countFrame?: CountFrame) {
  const { client, webSocket, socket } = await openSocketPair();
  const identity = { id: '1', username: 'Igor', expiresAtMs: Date.now() + 60_000, tokenKey: 'k' };
  const released: string[] = [];
  const published: string[] = [];
  let sink: Sink | undefined;
  const roomSession: RoomSession = {
    open: (opened) => {
      sink = opened;
    },
    publish: async ({ text }) => {
      published.push(text);
      return 'accepted';
    },
    reply: () => {},
    end: (code) => sink?.end(code),
    release: async (how) => void released.push(how),
  };
  const lines: Record<string, unknown>[] = [];
  const log = createLog(
    { logLevel: 'info', production: true },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  runSession(
    webSocket,
    socket,
    { roomSession, identity, requestId: 'r-1', sessionId: 's-1' },
    {
      maxBufferedBytes,
      heartbeatIntervalMs: 60_000,
      countFrame,
      verify: async () => identity,
      watchAccess: () => () => {},
      counts: createTransportCounts(),
      log,
    },
  );
  return { client, webSocket, socket, sink: sink!, released, published, lines };
}

const batch = (bytes: number): Buffer =>
  encodeEnvelope({
    id: '1',
    sentAt: '',
    frame: { type: 'chat_message', msg: { from_user: 'Ann', text: 'x'.repeat(bytes) } },
  });

/** Sends until the kernel takes no more. Returns how many bytes it took. */
function fill(socket: Socket, sink: Sink): number {
  let bytes = 0;
  while (socket.writableLength === 0) {
    sink.send(batch(10_000));
    bytes += 10_000;
    if (bytes > 100_000_000) throw new Error('It takes everything');
  }
  return bytes;
}

describe('a client that stops reading', () => {
  it('is closed with 1013 at its limit, once, with one log line', async () => {
    const { client, socket, sink, released, lines } = await startSession();
    client.pause();
    fill(socket, sink);
    let sent = 0;
    while (released.length === 0) {
      sink.send(batch(10_000));
      sent += 10_000;
      expect(sent).toBeLessThan(2 * maxBufferedBytes);
    }
    for (let n = 0; n < 10; n += 1) sink.send(batch(10_000));
    expect(released).toEqual(['lost']);
    expect(sent).toBeGreaterThan(maxBufferedBytes / 2);
    expect(lines).toMatchObject([
      { event: 'slow_consumer', sessionId: 's-1', userId: '1', requestId: 'r-1', slowConsumers: 1 },
    ]);
    expect(lines[0]!.buffered).toBeLessThanOrEqual(maxBufferedBytes);
    client.resume();
    const [code] = await within(once(client, 'close'), 'the close');
    expect(code).toBe(closeCodes.too_slow);
  });

  it('frees its queue at once when it is closed, and its socket holds little before', async () => {
    const { client, socket, sink, released } = await startSession();
    client.pause();
    fill(socket, sink);
    const waiting: WeakRef<Buffer>[] = [];
    let held = 0;
    while (released.length === 0) {
      // Outside Node's buffer pool, so that each can be collected alone.
      const bytes = Buffer.from(new Uint8Array(batch(20_000)));
      waiting.push(new WeakRef(bytes));
      sink.send(bytes);
      held = Math.max(held, socket.writableLength);
    }
    expect(held).toBeLessThanOrEqual(socket.writableHighWaterMark + 21_000);
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
    const kept = waiting.filter((reference) => reference.deref()).length;
    expect(kept * 20_000).toBeLessThanOrEqual(socket.writableHighWaterMark + 21_000);
    expect(waiting.length).toBeGreaterThan(20);
  });

  it('gets all waiting frames in order if it reads again in time', async () => {
    const { client, socket, sink, released } = await startSession();
    const texts: string[] = [];
    client.on('message', (data) => texts.push(JSON.parse(data.toString()).id));
    client.pause();
    const before = fill(socket, sink) / 10_000;
    const frame = (id: string): Buffer =>
      encodeEnvelope({
        id,
        sentAt: '',
        frame: { type: 'chat_message', msg: { from_user: 'Ann', text: 'x'.repeat(10_000) } },
      });
    const ids = Array.from({ length: 50 }, (_, n) => `after ${n}`);
    for (const id of ids) sink.send(frame(id));
    client.resume();
    const all = async (): Promise<void> => {
      while (texts.length < before + ids.length) await once(client, 'message');
    };
    await within(all(), 'all of it');
    expect(texts.slice(before)).toEqual(ids);
    expect(released).toEqual([]);
    sink.end(closeCodes.going_away);
    const [code] = await within(once(client, 'close'), 'the close');
    expect(code).toBe(closeCodes.going_away);
  });

  it('gets all waiting frames before a clean close', async () => {
    const { client, socket, sink } = await startSession();
    let received = 0;
    client.on('message', () => (received += 1));
    client.pause();
    const before = fill(socket, sink) / 10_000;
    for (let n = 0; n < 50; n += 1) sink.send(batch(10_000));
    sink.end(closeCodes.going_away);
    client.resume();
    const [code] = await within(once(client, 'close'), 'the close');
    expect([code, received]).toEqual([closeCodes.going_away, before + 50]);
  });

  it('gets no more frames once it has closed, even if some wait', async () => {
    const { client, webSocket, socket, sink } = await startSession();
    const write = socket.write.bind(socket);
    let afterwards = 0;
    socket.write = ((bytes: Buffer, ...rest: []) => {
      // The close frame of `ws` is shorter.
      if (webSocket.readyState !== webSocket.OPEN && bytes.length > 1_000) afterwards += 1;
      return write(bytes, ...rest);
    }) as typeof socket.write;
    client.pause();
    fill(socket, sink);
    for (let n = 0; n < 50; n += 1) sink.send(batch(10_000));
    const closing = async (): Promise<void> => {
      while (webSocket.readyState === webSocket.OPEN) await new Promise((resolve) => setImmediate(resolve));
    };
    client.close(1000);
    await within(closing(), 'the close to come');
    client.resume();
    await within(once(client, 'close'), 'the close');
    expect(afterwards).toBe(0);
  });

  it('may be sent one batch longer than its limit', async () => {
    const { client, sink, released } = await startSession();
    const message = once(client, 'message');
    sink.send(batch(3 * maxBufferedBytes));
    const [data] = await within(message, 'the long batch');
    expect((data as Buffer).length).toBeGreaterThan(3 * maxBufferedBytes);
    expect(released).toEqual([]);
  });
});

it('a session takes frames in the order sent, however long the rate limiter takes', async () => {
  const { promise: first, resolve: answerFirst } = Promise.withResolvers<undefined>();
  let asked = 0;
  const { client, published } = await startSession(() => {
    asked += 1;
    return asked === 1 ? first : Promise.resolve(undefined);
  });
  for (const text of ['one', 'two', 'three']) client.send(JSON.stringify({ type: 'chat_message', msg: { text } }));
  const pong = once(client, 'pong');
  client.ping();
  await within(pong, 'the frames to have come');
  expect(published).toEqual([]);
  answerFirst(undefined);
  const all = async (): Promise<void> => {
    while (published.length < 3) await new Promise((resolve) => setImmediate(resolve));
  };
  await within(all(), 'all three');
  expect(published).toEqual(['one', 'two', 'three']);
});
