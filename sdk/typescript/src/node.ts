/**
 * How Node, Deno and Bun connect: with a WebSocket that takes headers and can be ended without its peer. Those of Node
 * and Deno can't: a connection whose peer is silent would keep its socket, and the process.
 */
import { provideDial, type WebSocketLike } from './platform.ts';

type HeaderedWebSocket = new (url: string, options: object) => WebSocketLike;

/** The largest frame that the contract allows a server, in bytes. */
const maxFrameBytes = 16_777_216;
/** How long the peer may keep a connection after both have said that it ends, in milliseconds. */
const closeTimeoutMs = 2_000;

const { process, document } = globalThis as {
  process?: { versions?: { node?: string; bun?: string } };
  document?: unknown;
};

async function load(): Promise<HeaderedWebSocket> {
  if (process?.versions?.bun) return globalThis.WebSocket as unknown as HeaderedWebSocket;
  return (await import('ws')).WebSocket as unknown as HeaderedWebSocket;
}

// A browser simulated inside Node (jsdom, for one) brings the browser's WebSocket.
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
