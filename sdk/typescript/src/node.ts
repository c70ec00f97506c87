/**
 * Connects Node, Deno and Bun with a WebSocket that takes headers and can end without its peer. The built-in ones of
 * Node and Deno can't: a connection with a silent peer would keep its socket open, and the process alive.
 */
import { provideDial, type WebSocketLike } from './platform.ts';

type HeaderedWebSocket = new (url: string, options: object) => WebSocketLike;

/** Maximum size of a frame of a server by the contract, in bytes. */
const maxFrameBytes = 16_777_216;
/** How long the peer may keep the connection open after the closing handshake, in milliseconds. */
const closeTimeoutMs = 2_000;

const { process, document } = globalThis as {
  process?: { versions?: { node?: string; bun?: string } };
  document?: unknown;
};

async function load(): Promise<HeaderedWebSocket> {
  if (process?.versions?.bun) return globalThis.WebSocket as unknown as HeaderedWebSocket;
  return (await import('ws')).WebSocket as unknown as HeaderedWebSocket;
}

// A browser that is simulated inside Node, such as jsdom, has the browser's WebSocket.
if (process?.versions?.node !== undefined && document === undefined)
  provideDial(async (url, token) => {
    const WebSocket = await load();
    return new WebSocket(url, {
      headers: { Authorization: `Bearer ${token}` },
      maxPayload: maxFrameBytes,
      closeTimeout: closeTimeoutMs,
      perMessageDeflate: false,
    });
  });
