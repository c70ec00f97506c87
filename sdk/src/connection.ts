import { PalaverError } from './error.ts';
import { afterClose, type ClientMessage, type CloseCode, closeCodes, type ServerMessage } from './generated/index.ts';
import { dial, type WebSocketConstructor, type WebSocketLike } from './platform.ts';

/** How a try to be in the room ended, and what may come after it. */
export interface Ended {
  readonly code: StateCode;
  readonly error: PalaverError;
  readonly next: 'reconnect' | 'new_token' | 'stop';
}

/** Why the state changed: the name of a close code, the code of a refused handshake, or one of this side's. */
export type StateCode = keyof typeof closeCodes | PalaverError['code'];

interface Parts {
  readonly url: string;
  readonly token: string;
  readonly WebSocket?: WebSocketConstructor | undefined;
  /** Asks over HTTP why a handshake failed: platforms hide it. */
  readonly whyRefused: (token: string) => Promise<PalaverError>;
  readonly onFrame: (frame: ServerMessage) => void;
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
  const passes = code === 'connection_failed' || status === 429 || status >= 500 || status === 0;
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

/** One WebSocket to the room, from its handshake to its end. */
export function connect({ url, token, WebSocket, whyRefused, onFrame }: Parts): Connection {
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
    detach();
    resolveEnded(how);
  }
  function drop(error: PalaverError): void {
    end({ code: error.code, error, next: 'reconnect' });
    // A close would wait for a peer that says nothing.
    if (socket?.terminate) socket.terminate();
    else socket?.close();
  }
  const refused = (): void => {
    detach();
    whyRefused(token).then((error) => end(endedBy(error)));
  };

  dial(url, token, WebSocket).then((dialled) => {
    socket = dialled;
    if (over) {
      detach();
      return dialled.close();
    }
    socket.onopen = () => {
      opened = true;
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      try {
        onFrame(JSON.parse(String(data)) as ServerMessage);
      } catch (cause) {
        drop(new PalaverError('connection_failed', `${url} sent what is no frame`, { cause }));
      }
    };
    // Node 22 tells of a refused handshake by this alone. After one that wasn't refused, the close says more.
    socket.onerror = () => {
      if (!opened) refused();
    };
    // Deno has no code for a connection that broke.
    socket.onclose = ({ code, reason }: { code: number; reason: string }) =>
      opened ? end(endedWith(code || 1006, reason)) : refused();
  }, refused);

  return {
    ended,
    send: (message) => socket?.send(JSON.stringify(message)),
    close: () => socket?.close(1000),
    drop,
  };
}
