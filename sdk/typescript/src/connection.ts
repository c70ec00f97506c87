import { type Ended, endedBy, endedWith } from './ended.ts';
import { PalaverError } from './error.ts';
import type { Call, ChatMessage, ClientMessage, FrameId, ServerMessage } from './generated/index.ts';
import type { CallOptions } from './http.ts';
import type { Dial, WebSocketLike } from './platform.ts';
import { createProbe, type Probe } from './probe.ts';
import { readFrame, type UnknownFrame } from './read-frame.ts';

export interface ConnectionOptions {
  readonly token: string;
  /** Resumes after this frame. */
  readonly lastId: FrameId | undefined;
  /** Called with each frame that has the fields of its type. */
  readonly onFrame: (frame: ServerMessage | UnknownFrame) => void;
  /** Called when the server has confirmed a message in another way than by its frame. */
  readonly onConfirmed: (message: ChatMessage) => void;
  /** Called for each sign of life from the server, readable or not. */
  readonly onReceived: () => void;
}

/** Opens a connection to the room. */
export type Connect = (options: ConnectionOptions) => Connection;

/** Connection to the room, over a WebSocket or over HTTP. */
export interface Connection {
  send(message: ClientMessage): void;
  readonly probe: Probe;
  /** After how many heartbeat intervals without a sign of life the connection is in doubt. */
  readonly quietIntervals: number;
  /** Leaves; `ended` resolves when the peer has answered. */
  close(): void;
  /** Ends the connection at once, and ignores what the peer still sends. */
  drop(error: PalaverError): void;
  readonly ended: Promise<Ended>;
}

export interface WebSocketOptions {
  /** Address of the room, without a query. */
  readonly url: string;
  readonly dial: Dial;
  /** Asks over HTTP why the handshake failed: platforms hide the reason. */
  readonly whyRefused: (token: string, lastId: FrameId | undefined, signal: AbortSignal) => Promise<PalaverError>;
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

export interface EventsOptions {
  /** Address of the server, without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly call: Call<CallOptions>;
}

/** Opens a WebSocket to the room. */
export function connectWebSocket(
  { url, dial, whyRefused }: WebSocketOptions,
  { token, lastId, onFrame, onReceived }: ConnectionOptions,
): Connection {
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
    whyRefused(token, lastId, asking.signal).then(
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
    .then(() => dial(lastId === undefined ? url : `${url}?last_event_id=${encodeURIComponent(lastId)}`, token))
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

  const send = (message: ClientMessage): void => attempt((to) => to.send(JSON.stringify(message)));

  return {
    ended,
    send,
    probe: createProbe(send),
    quietIntervals: 1,
    close: () => attempt((to) => to.close(1000)),
    drop,
  };
}
