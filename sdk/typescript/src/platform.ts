import { PalaverError } from './error.ts';

/** Members of the standard WebSocket (WHATWG) that the SDK uses. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  /** The SDK reads `data` of the event. */
  onmessage: ((event: never) => void) | null;
  /** The SDK reads `code` and `reason` of the event. */
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without waiting for its peer. Not standard, but in `ws` and Bun. */
  terminate?(): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** Starts a handshake. The token is never in the URL. */
export type Dial = (url: string, token: string) => WebSocketLike | Promise<WebSocketLike>;

/** Connects with a WebSocket that takes no headers: the token travels as a subprotocol. */
export const dialWith =
  (WebSocket: WebSocketConstructor): Dial =>
  (url, token) => {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(token))
      throw new PalaverError(
        'invalid_token',
        'The token has a character that is not allowed in a WebSocket subprotocol (RFC 9110, 5.6.2).',
      );
    return new WebSocket(url, ['palaver.v1', `bearer.${token}`]);
  };

let dialHere: Dial = (url, token) => {
  if (!globalThis.WebSocket) throw new TypeError('This platform has no WebSocket: pass one in the option `WebSocket`.');
  return dialWith(globalThis.WebSocket as WebSocketConstructor)(url, token);
};

/** Replaces the standard way to connect, for platforms with a better one. */
export const provideDial = (dial: Dial): void => {
  dialHere = dial;
};

/** Starts a handshake with the best WebSocket of the platform. */
export const dialPlatform: Dial = (url, token) => dialHere(url, token);

/**
 * Calls back when the network or the user is back, so that a wait can end early. Returns a function that unsubscribes.
 */
export function onWake(listener: (why: 'online' | 'visible') => void): () => void {
  const onOnline = (): void => listener('online');
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') listener('visible');
  };
  // React Native and workers have only some of these.
  const page = typeof document === 'undefined' ? undefined : document;
  globalThis.addEventListener?.('online', onOnline);
  page?.addEventListener?.('visibilitychange', onVisible);
  return () => {
    globalThis.removeEventListener?.('online', onOnline);
    page?.removeEventListener?.('visibilitychange', onVisible);
  };
}
