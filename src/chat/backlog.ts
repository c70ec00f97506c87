import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** The most that is handed to a socket at once. A socket gives nothing back, and a close frame has to go behind it. */
export const pieceBytes = 65_536;

/** Outgoing queue of one session: made when its socket first has no room, and gone once all is written. */
export interface Backlog {
  /** The bytes are shared with other sessions and not copied. `owed` ones don't count as `liveBytes`. */
  add(bytes: Buffer, owed: boolean): void;
  /** Drops all but what the socket has already. */
  drop(): void;
  /** Waiting bytes: all, and those that came while the session fell behind. */
  readonly bytes: number;
  readonly liveBytes: number;
}

/** Length of the frame at this place, header included (RFC 6455, 5.2): not masked, as servers send it. */
function frameBytesAt(bytes: Buffer, at: number): number {
  const length = bytes[at + 1]!;
  if (length < 126) return 2 + length;
  return length === 126 ? 4 + bytes.readUInt16BE(at + 2) : 10 + Number(bytes.readBigUInt64BE(at + 2));
}

/** Where the whole frames end that fit into `most` bytes from here on: a control frame may go between frames only. */
function endOfWhole(bytes: Buffer, from: number, most: number): number {
  if (bytes.length - from <= most) return bytes.length;
  let end = from;
  for (let next = from; next - from <= most; next += frameBytesAt(bytes, next)) end = next;
  return end;
}

/** @param onTaken Hears each time that the socket has got rid of a piece; `onEmpty`, when nothing waits any more. */
export function createBacklog(webSocket: WebSocket, socket: Socket, onTaken: () => void, onEmpty: () => void): Backlog {
  let queue: Buffer[] = [];
  /** Bytes of the first buffer that are written already. */
  let at = 0;
  let waiting = 0;
  let owing = 0;
  let writing = false;

  /** Takes the next piece from the queue: whole frames, up to `pieceBytes` of them, or a single longer one. */
  function nextPiece(): Buffer[] {
    const piece: Buffer[] = [];
    let length = 0;
    while (queue.length > 0) {
      const [bytes] = queue as [Buffer];
      let end = endOfWhole(bytes, at, pieceBytes - length);
      if (end === at && bytes.length > at) {
        if (length > 0) break;
        end = at + frameBytesAt(bytes, at);
      }
      piece.push(bytes.subarray(at, end));
      length += end - at;
      at = end;
      if (at < bytes.length) break;
      queue.shift();
      at = 0;
    }
    waiting -= length;
    // They came first.
    owing = Math.max(0, owing - length);
    return piece;
  }

  function write(): void {
    if (writing) return;
    // A close that the peer began is answered by ws at once, and nothing may follow it (RFC 6455, 5.5.1).
    if (webSocket.readyState !== webSocket.OPEN) drop();
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
    queue = [];
    at = waiting = owing = 0;
  }

  return {
    add: (bytes, owed) => {
      queue.push(bytes);
      waiting += bytes.length;
      if (owed) owing += bytes.length;
      write();
    },
    drop,
    get bytes() {
      return waiting;
    },
    get liveBytes() {
      return waiting - owing;
    },
  };
}
