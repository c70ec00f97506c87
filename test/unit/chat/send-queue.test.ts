import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { createChatCounts } from '../../../src/chat/counts.ts';
import { pieceBytes, SendQueue } from '../../../src/chat/send-queue.ts';
import { within } from '../../harness/deadline.ts';
import { openSocketPair } from '../../harness/socket-pair.ts';

const maxBufferedBytes = 100_000;

/** One whole frame from the server of this many bytes, header included. */
function frame(bytes: number, fill = 'x'): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(bytes - 10), 2);
  return Buffer.concat([head, Buffer.alloc(bytes - 10, fill)]);
}

/** A socket without buffer space, which takes a piece only when the test says so. */
function fullSocket() {
  /** Sizes of the writes of each piece. */
  const pieces: number[][] = [];
  let current: number[] = [];
  let onWritten: (() => void) | undefined;
  const socket = {
    writableLength: 1,
    cork: () => {},
    uncork: () => {},
    write: (bytes: Buffer, written?: () => void) => {
      current.push(bytes.length);
      if (!written) return;
      pieces.push(current);
      current = [];
      onWritten = written;
    },
  };
  return { socket: socket as unknown as Socket, pieces, takePiece: () => onWritten?.() };
}

function startQueue(webSocket: WebSocket, socket: Socket) {
  const counts = createChatCounts();
  let overflows = 0;
  const onOverflow = (): void => {
    overflows += 1;
  };
  const queue = new SendQueue(webSocket, socket, { maxBufferedBytes, onOverflow, counts });
  return { queue, counts, overflows: () => overflows };
}

function startFull() {
  const { socket, pieces, takePiece } = fullSocket();
  const webSocket = { OPEN: 1, readyState: 1 };
  return { ...startQueue(webSocket as WebSocket, socket), webSocket, pieces, takePiece };
}

describe('a queue whose socket has room', () => {
  it('writes at once, and nothing waits', async () => {
    const { client, webSocket, socket } = await openSocketPair();
    const { queue, counts } = startQueue(webSocket, socket);
    const message = once(client, 'message');
    queue.send(frame(1_000));
    expect([queue.waitingBytes, queue.isStalled, queue.isMoving]).toEqual([0, false, false]);
    expect(((await within(message, 'the frame'))[0] as Buffer).length).toBe(990);
    expect(counts.sentBytes).toBe(1_000);
  });

  it('sends nothing once it is closed', async () => {
    const { client, webSocket, socket } = await openSocketPair();
    const { queue, counts } = startQueue(webSocket, socket);
    let messages = 0;
    client.on('message', () => (messages += 1));
    const onEmpty = vi.fn(() => webSocket.close(1000));
    queue.close(onEmpty);
    expect(onEmpty).toHaveBeenCalledOnce();
    queue.send(frame(1_000));
    await within(once(client, 'close'), 'the close');
    expect([messages, counts.sentBytes]).toEqual([0, 0]);
  });
});

describe('a queue whose client stops reading', () => {
  it('delivers all waiting frames in order when it reads again, then calls the close', async () => {
    const { client, webSocket, socket } = await openSocketPair();
    const { queue } = startQueue(webSocket, socket);
    const received: string[] = [];
    client.on('message', (data: Buffer) => received.push(String.fromCharCode(data[0]!)));
    client.pause();
    let sent = 0;
    const letter = (n: number): string => String.fromCharCode(97 + (n % 26));
    const send = (): void => queue.send(frame(10_000, letter(sent++)));
    while (socket.writableLength === 0) send();
    for (let n = 0; n < 9; n += 1) send();
    expect(queue.isBehind).toBe(true);
    const closed = once(client, 'close');
    queue.close(() => webSocket.close(1000));
    client.resume();
    await within(closed, 'the close');
    expect(received).toEqual(Array.from({ length: sent }, (_, n) => letter(n)));
  });
});

describe('a batch', () => {
  it.each([
    { sizes: [60_000, 40_000], owed: [], want: 0 },
    { sizes: [60_000, 40_001], owed: [], want: 1 },
    { sizes: [60_000, 40_001, 40_000], owed: [], want: 1 },
    { sizes: [500_000, 60_000, 40_000], owed: [0], want: 0 },
    { sizes: [500_000, 60_000, 40_001], owed: [0], want: 1 },
    { sizes: [500_000, 500_000], owed: [0, 1], want: 0 },
  ])('overflows the queue only beyond its limit: $sizes, of which owed $owed', ({ sizes, owed, want }) => {
    const { queue, overflows } = startFull();
    // The socket takes the first piece off the queue, which is short here.
    queue.send(frame(11));
    for (const [index, size] of sizes.entries()) queue.send(frame(size), (owed as number[]).includes(index));
    expect(overflows()).toBe(want);
  });

  it('may have any length if nothing else waits', async () => {
    const { client, webSocket, socket } = await openSocketPair();
    const { queue, overflows } = startQueue(webSocket, socket);
    const message = once(client, 'message');
    queue.send(frame(10 * maxBufferedBytes));
    expect(((await within(message, 'the long one'))[0] as Buffer).length).toBe(10 * maxBufferedBytes - 10);
    expect(overflows()).toBe(0);
  });

  it.each<[name: string, batches: Buffer[], want: number[][]]>([
    ['short frames', [frame(100), frame(200), frame(300)], [[100], [200, 300]]],
    ['a frame longer than a piece', [frame(100), frame(3 * pieceBytes)], [[100], [3 * pieceBytes]]],
    ['frames that fill a piece', [frame(100), frame(pieceBytes - 20), frame(20)], [[100], [pieceBytes - 20, 20]]],
    ['a frame that is left over', [frame(100), frame(pieceBytes - 20), frame(21)], [[100], [pieceBytes - 20], [21]]],
    [
      'frames in one batch',
      [frame(100), Buffer.concat([frame(40_000), frame(40_000), frame(20)])],
      [[100], [40_000], [40_020]],
    ],
  ])('is written in pieces of whole frames: %s', (_, batches, want) => {
    const { queue, pieces, takePiece } = startFull();
    // Promised frames, so that no limit applies.
    for (const bytes of batches) queue.send(bytes, true);
    for (let n = 0; n < 10; n += 1) takePiece();
    expect(pieces).toEqual(want);
  });
});

describe('waiting frames', () => {
  it('are dropped once the client has closed', () => {
    const { queue, webSocket, pieces, takePiece } = startFull();
    for (let n = 0; n < 3; n += 1) queue.send(frame(100));
    webSocket.readyState = 2;
    takePiece();
    expect(pieces).toEqual([[100]]);
  });

  it('are dropped on demand, and the queue is empty after the current piece', () => {
    const { queue, pieces, takePiece } = startFull();
    for (let n = 0; n < 3; n += 1) queue.send(frame(100));
    expect(queue.waitingBytes).toBe(200);
    queue.drop();
    expect(queue.waitingBytes).toBe(0);
    const onEmpty = vi.fn();
    queue.close(onEmpty);
    expect(onEmpty).not.toHaveBeenCalled();
    takePiece();
    expect(onEmpty).toHaveBeenCalledOnce();
    expect(pieces).toEqual([[100]]);
  });

  it('are dropped 2 s after the queue is closed', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { queue } = startFull();
    for (let n = 0; n < 3; n += 1) queue.send(frame(100));
    queue.close(() => {});
    vi.advanceTimersByTime(1_999);
    expect(queue.waitingBytes).toBe(200);
    vi.advanceTimersByTime(1);
    expect(queue.waitingBytes).toBe(0);
  });

  it('are stalled 30 s after the socket last took some of them', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { queue, takePiece } = startFull();
    for (let n = 0; n < 3; n += 1) queue.send(frame(100));
    vi.advanceTimersByTime(29_999);
    expect([queue.isMoving, queue.isStalled]).toEqual([true, false]);
    takePiece();
    vi.advanceTimersByTime(29_999);
    expect([queue.isMoving, queue.isStalled]).toEqual([true, false]);
    vi.advanceTimersByTime(1);
    expect([queue.isMoving, queue.isStalled]).toEqual([false, true]);
    takePiece();
    // Nothing waits any more, so nothing is stalled after any time.
    vi.advanceTimersByTime(60_000);
    expect([queue.isMoving, queue.isStalled]).toEqual([false, false]);
  });
});
