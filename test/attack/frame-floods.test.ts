/** Frames that are harmless alone and an attack in large numbers. */
import { describe, expect, it } from 'vitest';
import { connect } from '../harness/chat.ts';
import { frame, opcodes } from '../harness/frame.ts';
import { startTestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';
import { bareSession, over, say } from './bare-socket.ts';

describe('WebSocket frames', () => {
  const fragment = frame(opcodes.continuation, 'a', { fin: false });
  it.each<[name: string, first: Buffer, more: Buffer, code: number]>([
    ['fragments without end', frame(opcodes.text, 'a', { fin: false }), fragment, 1008],
    [
      'empty fragments without end',
      frame(opcodes.text, '', { fin: false }),
      frame(opcodes.continuation, '', { fin: false }),
      1008,
    ],
    [
      'fragments that are large',
      frame(opcodes.text, 'a', { fin: false }),
      frame(opcodes.continuation, 'a'.repeat(20_000), { fin: false }),
      1009,
    ],
    ['frames that are no messages', frame(opcodes.text, '{'), frame(opcodes.text, '{'), 1008],
  ])('closes the session on %s', async (_, first, more, code) => {
    await using server = await startTestServer();
    const { socket, codes } = await bareSession(server);
    socket.write(first);
    for (let n = 0; n < 300; n += 1) socket.write(more);
    await over(socket);
    expect(codes()).toEqual([code]);
  });

  it('bounds the memory of a message that never ends, whatever control frames come between its fragments', async () => {
    await using server = await startTestServer();
    const { socket, codes } = await bareSession(server);
    const pongs = Buffer.concat(Array.from({ length: 500 }, () => frame(opcodes.pong, 'x'.repeat(120))));
    socket.write(frame(opcodes.text, 'a', { fin: false }));
    // `ws` keeps one byte of each piece that it reads, and with it the whole piece.
    for (let n = 0; n < 2_000 && codes().length === 0; n += 1)
      await new Promise((resolve) => socket.write(Buffer.concat([fragment, pongs]), resolve));
    await until(() => codes().length > 0, 'a close');
    expect(codes()).toEqual([1008]);
  });

  it('closes the session when a frame arrives byte by byte', async () => {
    await using server = await startTestServer();
    const { socket, codes } = await bareSession(server);
    socket.write(Buffer.of(0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0));
    for (let n = 0; n < 20_000 && codes().length === 0 && socket.writable; n += 1) {
      await new Promise((resolve) => socket.write('a', resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await over(socket);
    expect(codes()).toEqual([1008]);
  }, 60_000);

  it('answers pings, and keeps a bounded number of pongs for a slow consumer', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const { socket, pongs } = await bareSession(server);
    const pings = Buffer.concat(Array.from({ length: 50 }, () => frame(opcodes.ping, 'x'.repeat(125))));
    socket.write(pings);
    await until(() => pongs() === 50, 'fifty pongs');
    socket.pause();
    const before = process.memoryUsage();
    let sent = 0;
    const most = 64 * 2 ** 20;
    for (; sent < most && socket.writable; sent += pings.length) {
      await new Promise((resolve) => socket.write(pings, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(most);
    expect((await bob.next('user_left')).msg.username).toBe('Ann');
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(most);
    await bob.close();
  });

  it('treats a hundred close frames, and frames after them, as one close', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const { socket, codes } = await bareSession(server);
    const close = frame(opcodes.close, Buffer.of(0x03, 0xe8));
    socket.write(Buffer.concat([close, ...Array.from({ length: 100 }, () => [close, say('ghost')]).flat()]));
    await over(socket);
    expect(codes()).toEqual([1000]);
    await bob.next('user_left');
    expect(bob.frames.filter(({ type }) => type === 'chat_message')).toEqual([]);
    await bob.close();
  });
});
