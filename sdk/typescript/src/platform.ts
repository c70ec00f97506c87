import { PalaverError } from './error.ts';

/** What of the standard's WebSocket is used (WHATWG). */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  /** The event's `data` is read. */
  onmessage: ((event: never) => void) | null;
  /** The event's `code` and `reason` are read. */
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Not of the standard, but there in `ws` and Bun. */
  terminate?(): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** Begins a handshake. The token is never in the URL. */
export type Dial = (url: string, token: string) => WebSocketLike | Promise<WebSocketLike>;

/** With a WebSocket that takes no headers the token travels as a subprotocol. */
export const dialWith =
  (WebSocket: WebSocketConstructor): Dial =>
  (url, token) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token))
      throw new PalaverError(
        'invalid_token',
        'The token has a character that a subprotocol must not have (RFC 9110, 5.6.2).',
      );
    return new WebSocket(url, ['palaver.v1', `bearer.${token}`]);
  };

let dialHere: Dial = (url, token) => {
  if (!globalThis.WebSocket) throw new TypeError('There is no WebSocket here: pass the option WebSocket');
  return dialWith(globalThis.WebSocket as WebSocketConstructor)(url, token);
};

/** Replaces how this platform connects; for the entry of a platform that can do better. */
export const provideDial = (dial: Dial): void => {
  dialHere = dial;
};

/** Begins a handshake as the platform does it best. */
export const dialPlatform: Dial = (url, token) => dialHere(url, token);

/** The network or the user is back: what was put off may be worth trying now. Returns how to unsubscribe. */
export function onWake(listener: (why: 'online' | 'visible') => void): () => void {
  const onOnline = (): void => listener('online');
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') listener('visible');
  };
  // React Native and workers have parts of these only.
  const page = typeof document === 'undefined' ? undefined : document;
  globalThis.addEventListener?.('online', onOnline);
  page?.addEventListener?.('visibilitychange', onVisible);
  return () => {
    globalThis.removeEventListener?.('online', onOnline);
    page?.removeEventListener?.('visibilitychange', onVisible);
  };
}
