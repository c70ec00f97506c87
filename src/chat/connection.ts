/** The way of a session's frames to its client. `counts` are kept for each. */
export type Transport = 'websocket' | 'events';
export const transports: readonly Transport[] = ['websocket', 'events'];

/** The part of a `WebSocket` of ws by which a session pings and ends its connection. An event stream has the same. */
export interface Connection {
  readonly readyState: number;
  readonly OPEN: number;
  /** Whether nothing is read of the client at the moment. */
  readonly isPaused: boolean;
  /** Asks for a sign of life, a `pong`. */
  ping(): void;
  /** Ends the connection behind what was written, in order. */
  close(code: number, reason: string): void;
  /** Cuts the connection. */
  terminate(): void;
  on(event: 'close', listener: (code: number) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'pong', listener: () => void): unknown;
}
