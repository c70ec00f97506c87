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

/** Node, Bun and Deno; not a browser, nor what plays one inside Node. */
const isServerSide = (): boolean => {
  const { process, document } = globalThis as { process?: { versions?: { node?: string } }; document?: unknown };
  return process?.versions?.node !== undefined && document === undefined;
};

/**
 * Begins a handshake. The token travels in `Authorization` where a WebSocket takes headers, else as a subprotocol;
 * never in the URL.
 */
export async function dial(url: string, token: string, given?: WebSocketConstructor): Promise<WebSocketLike> {
  if (given || !isServerSide()) {
    return new (given ?? (globalThis.WebSocket as WebSocketConstructor))(url, ['palaver.v1', `bearer.${token}`]);
  }
  // Node 20 has none of its own.
  const Client = (globalThis.WebSocket ?? (await import('ws')).WebSocket) as unknown as new (
    url: string,
    options: object,
  ) => WebSocketLike;
  return new Client(url, { headers: { Authorization: `Bearer ${token}` } });
}

/** The network or the user is back: what was put off may be worth trying now. Returns how to unsubscribe. */
export function onWake(listener: () => void): () => void {
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') listener();
  };
  const page = typeof document === 'undefined' ? undefined : document;
  // There in pages and workers.
  globalThis.addEventListener?.('online', listener);
  page?.addEventListener('visibilitychange', onVisible);
  return () => {
    globalThis.removeEventListener?.('online', listener);
    page?.removeEventListener('visibilitychange', onVisible);
  };
}
