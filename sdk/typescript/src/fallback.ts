/** Goes over from WebSockets to HTTP, and back. This code and what it imports are loaded only where it is needed. */
import { type Connect, connectWebSocket, type EventsOptions, type WebSocketOptions } from './connection.ts';
import { connectEvents } from './event-connection.ts';
import { createHandover } from './handover.ts';
import type { Position } from './position.ts';
import type { Transport } from './room.ts';
import type { Session, SessionStart, Succession } from './session.ts';
import { createTransportChoice, type TransportChoice } from './transport-choice.ts';

export interface FallbackDeps {
  readonly wanted: Transport | 'auto';
  readonly webSocket: WebSocketOptions;
  readonly events: EventsOptions;
  /** Time limit of one handshake or one message, in milliseconds. */
  readonly timeoutMs: number;
  readonly sessions: Succession;
  readonly position: Pick<Position, 'id'>;
  readonly start: (over: Transport, start: SessionStart) => Session;
  /** Aborted when the room is left. */
  readonly leaving: AbortSignal;
}

export interface Fallback extends TransportChoice {
  /** Opens a connection over HTTP. */
  readonly connect: Connect;
}

export function createFallback(deps: FallbackDeps): Fallback {
  const { wanted, webSocket, events, timeoutMs, sessions, start } = deps;
  const handover = createHandover(deps);
  const streams = {
    ...events,
    // Two tries, before the message is late.
    publishMs: timeoutMs / 3,
    replace: (token: string) => void replace('http', token, connect),
  };
  const replace = (over: Transport, token: string, connect: Connect): Promise<boolean> =>
    handover.replace({ connect, token, start: (how) => start(over, how) });
  const connect: Connect = (to) => connectEvents(streams, to);
  const choice = createTransportChoice({
    wanted,
    returnToWebSocket: () => replace('websocket', sessions.token, (to) => connectWebSocket(webSocket, to)),
  });
  return Object.assign(choice, { connect });
}
