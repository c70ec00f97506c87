import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import type { ChatCounts } from './counts.ts';
import { lengthOfFrameAt } from './frames.ts';

/** Most bytes handed to a socket at once. A socket gives nothing back, and a close frame has to follow what it holds. */
export const pieceBytes = 65_536;
/** A client is taken to be reading if its socket took something within this time. */
const stallTimeoutMs = 30_000;
/** Time that the queue still has to be written once it is closed. The rest is dropped. */
const flushTimeoutMs = 2_000;

export interface SendQueueOptions {
  /** Limit of the bytes that may wait while the client falls behind. `owed` bytes don't count. */
  readonly maxBufferedBytes: number;
  /** Called when a batch would exceed that limit. The batch is not queued. */
  readonly onOverflow: () => void;
  readonly counts: Pick<ChatCounts, 'sentBytes'>;
  /** Default: those of frames. */
  readonly ends?: Ends;
}

/** The ends of whole frames, or of events, in a buffer. A control frame, or a comment, may only go between them. */
export interface Ends {
  /** Returns the length of the one that begins at an offset. */
  lengthAt(bytes: Buffer, at: number): number;
  /** Returns where the last one ends that fits into `most` bytes from an offset; the offset if the first is longer. */
  lastWithin(bytes: Buffer, from: number, most: number): number;
}

const frameEnds: Ends = {
  lengthAt: lengthOfFrameAt,
  lastWithin: (bytes, from, most) => {
    let end = from;
    for (let next = from; next - from <= most; next += lengthOfFrameAt(bytes, next)) end = next;
    return end;
  },
};

/** Waiting frames of one socket, and their way into it, one piece at a time. */
interface Backlog {
  add(bytes: Buffer, owed: boolean): void;
  /** Drops all but what the socket has already. */
  drop(): void;
  bytes(): number;
  /** Returns the bytes that came while the client fell behind: all but the `owed` ones. */
  liveBytes(): number;
}

interface BacklogOptions {
  readonly ends: Ends;
  /** Called each time that the socket has got rid of a piece. */
  readonly onTaken: () => void;
  /** Called once nothing waits any more. */
  readonly onEmpty: () => void;
}

function createBacklog(
  connection: Pick<Connection, 'readyState' | 'OPEN'>,
  socket: Socket,
  { ends, onTaken, onEmpty }: BacklogOptions,
): Backlog {
  let batches: Buffer[] = [];
  /** Bytes of the first batch that are written already. */
  let at = 0;
  let waiting = 0;
  let owing = 0;
  let writing = false;

  /** Removes and returns the next piece: whole frames of up to `pieceBytes`, or a single longer one. */
  function nextPiece(): Buffer[] {
    const piece: Buffer[] = [];
    let length = 0;
    while (batches.length > 0) {
      const [bytes] = batches as [Buffer];
      const most = pieceBytes - length;
      let end = bytes.length - at <= most ? bytes.length : ends.lastWithin(bytes, at, most);
      if (end === at && bytes.length > at) {
        if (length > 0) break;
        end = at + ends.lengthAt(bytes, at);
      }
      piece.push(bytes.subarray(at, end));
      length += end - at;
      at = end;
      if (at < bytes.length) break;
      batches.shift();
      at = 0;
    }
    waiting -= length;
    // Owed bytes are queued before all others, so they are written first.
    owing = Math.max(0, owing - length);
    return piece;
  }

  function write(): void {
    if (writing) return;
    // A WebSocket answers the peer's close at once, and nothing may follow that (RFC 6455, 5.5.1).
    if (connection.readyState !== connection.OPEN) drop();
    const piece = nextPiece();
    const last = piece.pop();
    if (last === undefined) {
      onEmpty();
      return;
    }
    writing = true;
    socket.cork();
    for (const bytes of piece) socket.write(bytes);
    socket.write(last, written);
    socket.uncork();
  }

  function written(error?: Error | null): void {
    writing = false;
    if (error) return;
    onTaken();
    write();
  }

  function drop(): void {
    batches = [];
    at = waiting = owing = 0;
  }

  return {
    add: (bytes, owed) => {
      batches.push(bytes);
      waiting += bytes.length;
      if (owed) owing += bytes.length;
      write();
    },
    drop,
    bytes: () => waiting,
    liveBytes: () => waiting - owing,
  };
}

/**
 * Frames on their way to one socket. Nearly always the socket has room, and nothing waits here. Bytes that the
 * socket has no room for wait here, because the queue can still drop them. A class, so that thousands of sessions share its methods.
 */
export class SendQueue {
  readonly #connection: Pick<Connection, 'readyState' | 'OPEN'>;
  readonly #socket: Socket;
  readonly #maxBufferedBytes: number;
  readonly #onOverflow: () => void;
  readonly #counts: Pick<ChatCounts, 'sentBytes'>;
  readonly #ends: Ends;
  /** Made when the socket first has no room, and gone once all is written: most sessions have none. */
  #backlog: Backlog | undefined;
  /** When the socket last took some of the backlog. */
  #tookAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;
  #flushTimer: NodeJS.Timeout | undefined;

  constructor(
    connection: Pick<Connection, 'readyState' | 'OPEN'>,
    socket: Socket,
    { maxBufferedBytes, onOverflow, counts, ends = frameEnds }: SendQueueOptions,
  ) {
    this.#connection = connection;
    this.#socket = socket;
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#onOverflow = onOverflow;
    this.#counts = counts;
    this.#ends = ends;
  }

  /**
   * Writes whole frames, or queues them behind what waits. The bytes are shared with other sessions and not copied.
   * @param owed Promised when the session joined: queued however long it is
   */
  readonly send = (bytes: Buffer, owed = false): void => {
    if (this.#isClosed || this.#connection.readyState !== this.#connection.OPEN) return;
    this.#counts.sentBytes += bytes.length;
    const isWaitedFor = this.#backlog !== undefined || this.#socket.writableLength > 0;
    // The case of nearly every frame.
    if (!isWaitedFor && bytes.length <= pieceBytes) this.#socket.write(bytes);
    // A single batch may wait however long it is.
    else if (!owed && isWaitedFor && (this.#backlog?.liveBytes() ?? 0) + bytes.length > this.#maxBufferedBytes)
      this.#onOverflow();
    else this.#wait(bytes, owed);
  };

  #wait(bytes: Buffer, owed: boolean): void {
    if (this.#backlog === undefined) {
      const onTaken = (): void => {
        this.#tookAtMs = performance.now();
      };
      onTaken();
      const onEmpty = (): void => {
        this.#backlog = undefined;
        this.#onEmpty?.();
      };
      this.#backlog = createBacklog(this.#connection, this.#socket, { ends: this.#ends, onTaken, onEmpty });
    }
    this.#backlog.add(bytes, owed);
  }

  /** Takes no more frames. Calls `onEmpty` once all that waits is written, or is dropped because it takes too long. */
  close(onEmpty: () => void): void {
    this.#isClosed = true;
    if (this.#backlog === undefined) {
      onEmpty();
      return;
    }
    this.#onEmpty = onEmpty;
    this.#flushTimer = setTimeout(() => this.#backlog?.drop(), flushTimeoutMs);
  }

  /** Drops what waits, except for the piece that the socket has already. */
  drop(): void {
    clearTimeout(this.#flushTimer);
    this.#backlog?.drop();
  }

  /** Bytes that wait: in the queue, or in the socket if the queue is empty. */
  get waitingBytes(): number {
    return this.#backlog?.bytes() ?? this.#socket.writableLength;
  }

  /** Whether the socket took some of the queue within the last 30 s, so that the client may still be reading it. */
  get isMoving(): boolean {
    return performance.now() - this.#tookAtMs < stallTimeoutMs;
  }

  /** Whether frames wait in the queue and the socket has taken none of them for 30 s. */
  get isStalled(): boolean {
    return this.#backlog !== undefined && !this.isMoving;
  }

  /** Whether the client may still have something to read before what is sent next. */
  get isBehind(): boolean {
    return this.#backlog !== undefined || this.#socket.writableLength > 0 || this.isMoving;
  }
}
