import { PalaverError } from './error.ts';
import { afterClose, type ClientMessage, type CloseCode, closeCodes, type ServerMessage } from './generated/index.ts';
import type { Dial, WebSocketLike } from './platform.ts';
import { readFrame, type UnknownFrame } from './read-frame.ts';

/** How a try to be in the room ended, and what may come after it. */
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
  /** Asks over HTTP why the handshake failed: platforms hide it. */
  readonly whyRefused: (signal: AbortSignal) => Promise<PalaverError>;
  /** Is told of nothing but frames that have what their type asks for. */
  readonly onFrame: (frame: ServerMessage | UnknownFrame) => void;
  /** Something came, whatever it is. */
  readonly onSign: () => void;
}

export interface Connection {
  send(message: ClientMessage): void;
  /** Leaves; `ended` resolves when the peer has answered. */
  close(): void;
  /** Gives up: whatever the peer still sends, nobody hears it. */
  drop(error: PalaverError): void;
  readonly ended: Promise<Ended>;
}

/** What to do after a failure: what the server can't take from this client or this user stays so; all else passes. */
export function endedBy(error: PalaverError): Ended {
  const { code, status = 0 } = error;
  // A stranger's answer: a proxy whose server is away, perhaps.
  const passes = code === 'connection_failed' || [0, 408, 425, 429].includes(status) || status >= 500;
  return { code, error, next: passes ? 'reconnect' : status === 401 ? 'new_token' : 'stop' };
}

/** What to do after a close frame, as the contract says; codes that it doesn't know are final from 4000 on. */
function endedWith(closeCode: number, reason: string): Ended {
  const name = (Object.keys(closeCodes) as (keyof typeof closeCodes)[]).find((key) => closeCodes[key] === closeCode);
  const unknown = closeCode >= 4_000 ? 'closed' : 'connection_lost';
  return {
    code: name ?? unknown,
    error: new PalaverError(unknown, `The connection ended with ${closeCode}${reason && ` (${reason})`}.`),
    next: afterClose[closeCode as CloseCode] ?? (closeCode >= 4_000 ? 'stop' : 'reconnect'),
  };
}

/** Ends a connection without its peer, where the platform can. */
function destroy(socket: WebSocketLike): void {
  try {
    // A close would wait for a peer that says nothing.
    if (socket.terminate) socket.terminate();
    else socket.close();
  } catch {
    // One that the app brought, and that is of no use any more.
  }
}

/** One WebSocket to the room, from its handshake to its end. */
export function connect({ url, token, dial, whyRefused, onFrame, onSign }: ConnectionOptions): Connection {
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
    // An error that nobody listens to would end a process.
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
    // It did not come to a handshake.
    if (cause instanceof PalaverError) {
      end({ code: cause.code, error: cause, next: 'stop' });
      return;
    }
    detach();
    if (socket) destroy(socket);
    whyRefused(asking.signal).then(
      (error) => end(endedBy(error)),
      () => drop(new PalaverError('connection_failed', `No WebSocket to ${url} could be opened`, { cause })),
    );
  };
  /** A WebSocket that the app brought may throw. */
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
        // Behind the frame: it may be the answer to all that was owed.
        onSign();
      };
      // Some tell of a refused handshake by this alone. After one that wasn't refused, the close says more.
      socket.onerror = () => {
        if (!opened) refused();
      };
      // Deno has no code for a connection that broke.
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
