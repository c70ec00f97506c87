import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { offeredProtocols, subprotocol } from '../auth/require-auth.ts';
import type { AppEnv } from '../http/env.ts';
import { faultOfTarget, isHost } from '../http/target.ts';
import type { Log } from '../log/log.ts';
import type { ChatCounts } from './counts.ts';
import { runSession, type SessionDeps, slowCloseTimeoutMs } from './session.ts';

const maxFrameBytes = 65_536;
/**
 * Of one message. A fragment of a byte can hold on to all that was read with it, 64 KiB: so a peer that never finishes
 * its message holds 16 MiB at most.
 */
const maxFragments = 256;
/** In how many pieces one frame may arrive: each costs some hundred bytes, however short it is. */
const maxFramePieces = 4_096;
/** Pongs that wait for a peer that pings and doesn't read; one more, and it is cut off. */
const maxPendingPongs = 60;
/** How long a peer may take to read a refusal. */
const refusalTimeoutMs = 2_000;

/** What a path is read against. Which host a URI names doesn't matter. */
const base = 'http://localhost';
/** A path, or the whole URI (RFC 6455, 4.2.1), in the one spelling that the app knows it by. */
const room = /^(https?:\/\/[^/?#@\\]+)?\/join(\?|$)/;

interface UpgradeDeps {
  readonly fetch: (request: Request, bindings: AppEnv['Bindings']) => Response | Promise<Response>;
  readonly session: SessionDeps;
  readonly counts: ChatCounts;
  readonly log: Log;
}

export interface Upgrades {
  /** Whether a request is a handshake for the room; everything else is plain HTTP, its `Upgrade` header ignored (RFC 9110, 7.8). */
  wants(incoming: IncomingMessage): boolean;
  /** For the server's `upgrade` event. */
  handle(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** How many handshakes are being answered. */
  underway(): number;
  /** Resolves when no session's socket is open. */
  drained(): Promise<void>;
}

/** From an upgrade request to a session: the app answers it like any other, and says whom it admits. */
export function createUpgrades({ fetch, session, counts, log }: UpgradeDeps): Upgrades {
  const sockets = new Set<WebSocket>();
  let underway = 0;
  let whenEmpty: (() => void) | undefined;
  // Newer than the types.
  const bounds = { maxFragments, maxBufferedChunks: maxFramePieces, maxPendingAutoPongs: maxPendingPongs };
  const options: ServerOptions & { closeTimeout: number } = {
    ...bounds,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    // Sessions cut their connections sooner, as far as they can.
    closeTimeout: slowCloseTimeoutMs,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  };
  const webSockets = new WebSocketServer(options);

  async function answer(
    incoming: IncomingMessage,
    socket: Socket,
    head: Buffer,
    upgrade: NonNullable<AppEnv['Bindings']['upgrade']>,
  ): Promise<void> {
    const request = requestOf(incoming);
    const response = await fetch(request, { incoming, upgrade });
    const { admitted } = upgrade;
    if (!admitted) return refuse(response, incoming, socket);
    // ws takes GET only; POST /join is the same handshake by another name.
    incoming.method = 'GET';
    // It refuses empty elements of this list, which don't count (RFC 9110, 5.6.1.2).
    const offered = offeredProtocols(request.headers);
    if (offered.length > 0) incoming.headers['sec-websocket-protocol'] = offered.join(', ');
    let opened = false;
    webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      opened = true;
      sockets.add(webSocket);
      webSocket.once('close', () => {
        sockets.delete(webSocket);
        if (sockets.size === 0) whenEmpty?.();
      });
      runSession(webSocket, socket, admitted, session, counts, log);
    });
    if (!opened) await admitted.entry.release('lost');
  }

  return {
    wants: ({ method, url = '', httpVersion, headers }) =>
      httpVersion === '1.1' &&
      headers.upgrade?.toLowerCase() === 'websocket' &&
      (method === 'GET' || method === 'POST') &&
      // One that HTTP refuses goes its way, and is refused there.
      room.test(url) &&
      faultOfTarget(url) === undefined &&
      URL.canParse(url, base) &&
      isHost(headers.host ?? '') &&
      headers['transfer-encoding'] === undefined &&
      Number(headers['content-length'] ?? 0) === 0,

    handle: (incoming, socket, head) => {
      const upgrade: NonNullable<AppEnv['Bindings']['upgrade']> = {};
      // First of all: a reset at any time must not end the process.
      socket.on('error', (error) => log.event('connection_failed', { err: error, requestId: upgrade.requestId }));
      underway += 1;
      answer(incoming, socket as Socket, head, upgrade)
        .catch((error: unknown) => {
          log.event('upgrade_failed', { err: error, requestId: upgrade.requestId });
          socket.destroy();
        })
        .finally(() => {
          underway -= 1;
        });
    },

    underway: () => underway,

    drained: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => (whenEmpty = resolve))),
  };
}

function requestOf({ method, url, rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  return new Request(new URL(url!, base), { method: method!, headers });
}

/** Writes a response to a socket that has left the HTTP server, and lets the peer read it before the end. */
async function refuse(response: Response, incoming: IncomingMessage, socket: Socket): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer());
  const outgoing = new ServerResponse(incoming);
  outgoing.assignSocket(socket);
  outgoing.shouldKeepAlive = false;
  const connection = ['close', response.headers.get('connection')].filter((value) => value !== null).join(', ');
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    connection,
    'content-length': body.length,
  });
  outgoing.end(body, () => socket.end());
  // What it sent after its handshake is dropped, unread data would turn the end into a reset. However much it sends:
  const cut = setTimeout(() => socket.destroy(), refusalTimeoutMs);
  socket.resume();
  socket.once('close', () => clearTimeout(cut));
}
