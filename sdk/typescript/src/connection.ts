import { PalaverError } from './error.ts';
import { afterClose, type ClientMessage, type CloseCode, closeCodes, type ServerMessage } from './generated/index.ts';
import type { Dial, WebSocketLike } from './platform.ts';
import { readFrame, type UnknownFrame } from './read-frame.ts';

/** How a connection ended, and what may follow. */
export interface Ended {
  readonly code: StateCode;
  readonly error: PalaverError;
  readonly next: 'reconnect' | 'new_token' | 'stop';
}

/** Why the state changed: the name of a close code, the code of a refused handshake, or one of this side's. */
export type StateCode = keyof typeof closeCodes | PalaverError['code'];

interface ConnectionOptions {
  readonly url: string;
  readonly token: string;
  readonly dial: Dial;
  /** Asks over HTTP why the handshake failed: platforms hide the reason. */
  readonly whyRefused: (signal: AbortSignal) => Promise<PalaverError>;
  /** Called with each frame that has the fields of its type. */
  readonly onFrame: (frame: ServerMessage | UnknownFrame) => void;
  /** Called for each received message, readable or not. */
  readonly onReceived: () => void;
}

export interface Connection {
  send(message: ClientMessage): void;
  /** Starts the closing handshake; `ended` resolves when the peer has answered. */
  close(): void;
  /** Ends the connection at once, and ignores what the peer still sends. */
  drop(error: PalaverError): void;
  readonly ended: Promise<Ended>;
}

/** Decides what follows a failure. Refusals of this client or user are final; all other failures are temporary. */
export function endedBy(error: PalaverError): Ended {
  const { code, status = 0 } = error;
  // A foreign answer may come from a proxy whose server is down.
  const isTemporary = code === 'connection_failed' || [0, 408, 425, 429].includes(status) || status >= 500;
  return { code, error, next: isTemporary ? 'reconnect' : status === 401 ? 'new_token' : 'stop' };
}

/** Decides what follows a close frame, by the contract. Unknown codes are final from 4000 on. */
function endedWith(closeCode: number, reason: string): Ended {
  const name = (Object.keys(closeCodes) as (keyof typeof closeCodes)[]).find((key) => closeCodes[key] === closeCode);
  const unknown = closeCode >= 4_000 ? 'closed' : 'connection_lost';
  return {
    code: name ?? unknown,
    error: new PalaverError(unknown, `The connection ended with ${closeCode}${reason && ` (${reason})`}.`),
    next: afterClose[closeCode as CloseCode] ?? (closeCode >= 4_000 ? 'stop' : 'reconnect'),
  };
}

/** Ends a connection without waiting for its peer, if the platform can. */
function destroy(socket: WebSocketLike): void {
  try {
    // A close would wait for a silent peer.
    if (socket.terminate) socket.terminate();
    else socket.close();
  } catch {
    // A WebSocket that the app passed in may throw, and this one is no longer needed.
  }
}

/** Opens a WebSocket to the room. */
export function connect({ url, token, dial, whyRefused, onFrame, onReceived }: ConnectionOptions): Connection {
  const asking = new AbortController();
  let socket: WebSocketLike | undefined;
  let opened = false;
  let over = false;
  let resolveEnded: (how: Ended) => void;
  const ended = new Promise<Ended>((resolve) => {
    resolveEnded = resolve;
  });

  function detach(): void {
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // An error event without a listener would end a Node process.
    socket.onerror = () => {};
  }
  function end(how: Ended): void {
    over = true;
    asking.abort();
    detach();
    resolveEnded(how);
  }
  function drop(error: PalaverError): void {
    end({ code: error.code, error, next: 'reconnect' });
    if (socket) destroy(socket);
  }
  const refused = (cause?: unknown): void => {
    // The token can't be sent: there was no handshake.
    if (cause instanceof PalaverError) {
      end({ code: cause.code, error: cause, next: 'stop' });
      return;
    }
    detach();
    if (socket) destroy(socket);
    whyRefused(asking.signal).then(
      (error) => end(endedBy(error)),
      () => drop(new PalaverError('connection_failed', `Cannot open a WebSocket to ${url}.`, { cause })),
    );
  };
  /** Uses the WebSocket. One that the app passed in may throw. */
  function attempt(work: (to: WebSocketLike) => void): void {
    try {
      if (socket && !over) work(socket);
    } catch (cause) {
      drop(new PalaverError('connection_lost', 'The WebSocket failed.', { cause }));
    }
  }

  Promise.resolve()
    .then(() => dial(url, token))
    .then((dialled) => {
      socket = dialled;
      if (over) {
        detach();
        return destroy(socket);
      }
      socket.onopen = () => {
        opened = true;
      };
      socket.onmessage = ({ data }: { data: unknown }) => {
        const frame = readFrame(data);
        if (frame) onFrame(frame);
        // After the frame: it may be the last answer that was due.
        onReceived();
      };
      // Some platforms report a refused handshake only here. After an accepted one the close event says more.
      socket.onerror = () => {
        if (!opened) refused();
      };
      // Deno reports no code for a broken connection.
      socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
        opened ? end(endedWith(code || 1006, reason)) : refused();
    })
    .catch(refused);

  return {
    ended,
    send: (message) => attempt((to) => to.send(JSON.stringify(message))),
    close: () => attempt((to) => to.close(1000)),
    drop,
  };
}
