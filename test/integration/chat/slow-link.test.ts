/** Sessions over a real socket whose client reads slowly with a small receive buffer. The test plays the room. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import { createTransportCounts } from '../../../src/chat/counts.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import type { RoomSession, Sink } from '../../../src/chat/room.ts';
import { createUpgrades } from '../../../src/chat/upgrade.ts';
import { createLog } from '../../../src/log/log.ts';
import { type SlowReader, startSlowReader } from '../../harness/slow-reader.ts';

const maxBufferedBytes = 1_048_576;

interface Session {
  readonly reader: SlowReader;
  readonly socket: Socket;
  readonly sink: Sink;
  readonly released: readonly string[];
  readonly events: readonly unknown[];
}

async function startSession(bytesPerSecond: number, heartbeatIntervalMs = 60_000): Promise<Session> {
  const lines: { event?: unknown }[] = [];
  const log = createLog(
    { logLevel: 'warn', production: true },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const released: string[] = [];
  let sink: Sink | undefined;
  const roomSession: RoomSession = {
    open: (opened) => {
      sink = opened;
    },
    publish: async () => 'accepted',
    reply: () => {},
    end: (code) => sink?.end(code),
    release: async (how) => void released.push(how),
  };
  const identity = { id: '1', username: 'Igor', expiresAtMs: Date.now() + 600_000, tokenKey: 'k' };
  const upgrades = createUpgrades({
    fetch: (_, { upgrade }) => {
      upgrade.admitted = { roomSession, identity, requestId: 'r', sessionId: 's' };
      return new Response();
    },
    session: {
      maxBufferedBytes,
      heartbeatIntervalMs,
      countFrame: undefined,
      verify: async () => identity,
      watchAccess: () => () => {},
      counts: createTransportCounts(),
      log,
    },
    log,
  });
  const server = createServer()
    .on('upgrade', (incoming, opened, head) => upgrades.handle('websocket', incoming, opened, head))
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upgraded = once(server, 'upgrade') as Promise<[unknown, Socket]>;
  const reader = await startSlowReader((server.address() as AddressInfo).port, { bytesPerSecond });
  const [, socket] = await upgraded;
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return { reader, socket, sink: sink!, released, events: lines.map(({ event }) => event) };
}

const message = (bytes: number, text = ''): Buffer =>
  encodeEnvelope({
    id: '1',
    sentAt: '',
    frame: { type: 'chat_message', msg: { from_user: 'Ann', text: text.padEnd(bytes, '.') } },
  });

/** Sends until the kernel takes no more, and half of the outgoing buffer limit. Returns the number of messages. */
function fallBehind({ socket, sink }: Session): number {
  let count = 0;
  for (let behind = 0; behind < 50; count += 1) {
    if (socket.writableLength > 0) behind += 1;
    sink.send(message(10_000));
    if (count > 10_000) throw new Error('The kernel takes everything');
  }
  return count;
}

/** The head of a client's frame that announces this many bytes (RFC 6455, 5.2). */
const announced = (length: number): Buffer => {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
};
/** A short text frame of a client, masked with zeros. */
const text = (bytes: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), Buffer.from(bytes, 'latin1')]);

const kept = ['going_away', 'internal_error', 'service_restart', 'too_slow', 'token_expired'];

it.each([
  'going_away',
  'binary_frame',
  'policy',
  'internal_error',
  'service_restart',
  'token_expired',
  'access_revoked',
] as const)('a client that still has megabytes to read reads the close with %s', async (name) => {
  const session = await startSession(3_000_000);
  const sent = fallBehind(session);
  session.sink.end(closeCodes[name]);
  expect(session.released).toEqual([kept.includes(name) ? 'lost' : 'left']);
  // The client may not write any more. The server still reads the frames that it had sent.
  session.reader.send(Buffer.concat(Array.from({ length: 100 }, () => text('"a"'))));
  const { code, frames } = await session.reader.read();
  expect(code).toBe(closeCodes[name]);
  if (name === 'access_revoked') expect(frames.chat_message).toBeLessThan(sent);
  else expect(frames.chat_message).toBe(sent);
});

it.each([
  ['frame_too_big', announced(65_537)],
  ['not_utf8', text('\xff')],
] as const)('a client that still has megabytes to read reads the close with %s', async (name, bytes) => {
  const session = await startSession(3_000_000);
  fallBehind(session);
  session.reader.send(bytes);
  const { code } = await session.reader.read();
  expect(code).toBe(closeCodes[name]);
});

it('closes a client that reads nothing, and the client can read the close with 1013 later', async () => {
  const session = await startSession(3_000_000);
  for (let sent = fallBehind(session); session.released.length === 0; sent += 1) {
    session.sink.send(message(10_000));
    expect(sent).toBeLessThan(10_000);
  }
  expect(session.released).toEqual(['lost']);
  const { code } = await session.reader.read();
  expect(code).toBe(closeCodes.too_slow);
});

it('sends a slow client its whole roster and missed messages, and newer messages after them', async () => {
  const session = await startSession(4_000_000);
  // Eight times the outgoing buffer limit.
  const owed = Array.from({ length: 128 }, () => Buffer.concat(Array.from({ length: 16 }, () => message(4_096))));
  for (const bytes of owed) session.sink.send(bytes, true);
  for (let n = 0; n < 100; n += 1) session.sink.send(message(10_000));
  session.sink.send(message(4, 'stop'));
  const { code, frames } = await session.reader.read();
  expect([code, frames.chat_message, session.released]).toEqual(['read all', 128 * 16 + 101, []]);
});

it('bounds the messages that wait behind the roster and missed messages', async () => {
  const session = await startSession(1_000_000);
  session.sink.send(Buffer.concat(Array.from({ length: 2_000 }, () => message(4_096))), true);
  let sent = 0;
  for (; session.released.length === 0; sent += 10_000) session.sink.send(message(10_000));
  expect(sent).toBeLessThanOrEqual(maxBufferedBytes + 20_000);
  expect(session.released).toEqual(['lost']);
});

it('keeps a client without pongs while its socket takes data, and closes it with 1013 half a minute later', async () => {
  const session = await startSession(3_000_000, 100);
  fallBehind(session);
  let laterMs = 0;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
  onTestFinished(() => clock.mockRestore());
  const beats = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100 * count));
  laterMs = 20_000;
  await beats(5);
  expect(session.released).toEqual([]);
  laterMs = 31_000;
  await vi.waitFor(() => expect(session.released).toEqual(['lost']), 10_000);
  expect((await session.reader.read()).code).toBe(closeCodes.too_slow);
});
