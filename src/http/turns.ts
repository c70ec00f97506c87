import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests that may wait on one connection for the answer under way. One more, and the connection is cut: a packet of
 * 64 KiB can hold thousands of them, and each takes the memory of a request.
 */
const maxWaitingRequests = 128;
/** Connections that may be idle between two requests. One more, and the longest idle one is closed. */
const maxIdleConnections = 1_000;
/** How long a closing connection is still read, so that its peer can read the last answer before a reset. */
const lingerMs = 2_000;

interface Turn {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Answers the request. Called once, when its turn comes. */
  readonly answer: () => void;
}

interface Connection {
  /** Requests in the order of their arrival. The first is being answered. */
  readonly turns: Turn[];
  /** The request that arrived last. */
  latest: IncomingMessage | undefined;
  /** Start of the answer under way, in milliseconds of `performance.now()`. */
  sinceMs: number;
  /** Whether the connection closes after its last turn. Later requests are dropped. */
  ending: boolean;
  /** Number of those dropped requests. */
  dropped: number;
  /** Bytes to write after the last answer. */
  farewell: string;
}

/** Answers the requests of each connection one at a time, in order (RFC 9112, 9.3.2). */
export interface Turns {
  /** Returns whether an answer is under way on a connection. */
  isBusy(socket: Socket): boolean;
  /** Returns how long the answer under way has taken, in milliseconds; 0 if there is none. */
  busyMs(socket: Socket): number;
  /** Answers a request once the peer has read the answers before it. */
  take(turn: Turn): void;
  /** Forgets a connection that has become a WebSocket or a stream, and its last request. */
  forget(socket: Socket): void;
  /** Closes the connection after the answers that are due. Bytes from now on are not read as requests. */
  end(socket: Socket): void;
  /** Closes the connection likewise, with `farewell` as the answer to bytes that could not be read. */
  refuse(socket: Socket, farewell: string): void;
}

/** Closes a connection after its peer has had time to read the last answer. Unread bytes would cause a reset. */
export function linger(socket: Socket, farewell = ''): void {
  if (socket.destroyed || socket.writableEnded) return;
  // A listener of our own takes the socket from the HTTP parser, so that further bytes are dropped.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
  if (farewell === '') socket.end();
  else socket.end(farewell);
  socket.resume();
}

export function createTurns(): Turns {
  const connections = new WeakMap<Socket, Connection>();
  const idle = new Set<Socket>();

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket);
    if (known) return known;
    const connection: Connection = {
      turns: [],
      latest: undefined,
      sinceMs: 0,
      ending: false,
      dropped: 0,
      farewell: '',
    };
    connections.set(socket, connection);
    socket.once('close', () => idle.delete(socket));
    return connection;
  }

  function begin(socket: Socket, connection: Connection): void {
    const [turn] = connection.turns;
    if (!turn) return;
    connection.sinceMs = performance.now();
    // Comes after `finish`, when the peer's system has received all of it, or when the connection is gone.
    turn.outgoing.once('close', () => {
      if (connection.turns[0] !== turn) return;
      connection.turns.shift();
      if (socket.destroyed || socket.writableEnded) connection.turns.length = 0;
      else if (connection.turns.length > 0) begin(socket, connection);
      else if (connection.ending) linger(socket, connection.farewell);
      else rest(socket);
    });
    turn.answer();
  }

  function rest(socket: Socket): void {
    idle.add(socket);
    if (socket.isPaused()) socket.resume();
    const [longest] = idle;
    if (idle.size > maxIdleConnections) longest?.destroy();
  }

  function end(socket: Socket): void {
    const connection = connectionOf(socket);
    if (connection.ending) return;
    connection.ending = true;
    // Node calls this after an answer with `Connection: close`, which resets the connection if bytes are unread.
    socket.destroySoon = () => linger(socket, connection.farewell);
  }

  return {
    isBusy: (socket) => (connections.get(socket)?.turns.length ?? 0) > 0,

    busyMs: (socket) => {
      const connection = connections.get(socket);
      return connection && connection.turns.length > 0 ? performance.now() - connection.sinceMs : 0;
    },

    take: (turn) => {
      const { socket } = turn.incoming;
      const connection = connectionOf(socket);
      idle.delete(socket);
      connection.latest = turn.incoming;
      if (connection.ending) connection.dropped += 1;
      else connection.turns.push(turn);
      if (connection.turns.length + connection.dropped > maxWaitingRequests) socket.destroy();
      else if (connection.ending || connection.turns.length > 1) socket.pause();
      else begin(socket, connection);
    },

    forget: (socket) => {
      idle.delete(socket);
      connections.delete(socket);
    },

    end,

    refuse: (socket, farewell) => {
      const connection = connectionOf(socket);
      if (connection.ending) return;
      end(socket);
      idle.delete(socket);
      const { turns, latest } = connection;
      // Bytes that break a body end its request: it gets this answer, and no second one.
      const isUnfinished = latest !== undefined && !latest.complete;
      if (isUnfinished && turns.length > 1) turns.pop();
      else if (isUnfinished && turns[0]?.outgoing.headersSent === false) turns.length = 0;
      else if (isUnfinished) return void socket.destroy();
      if (turns.length === 0) linger(socket, farewell);
      else connection.farewell = farewell;
    },
  };
}
