import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { offeredProtocols, subprotocol } from '../auth/require-auth.ts';
import type { Log } from '../log/log.ts';
import { slowCloseTimeoutMs } from './closing.ts';
import type { Transport } from './connection.ts';
import type { EventStream } from './event-stream.ts';
import { type Admitted, runEventSession, runSession, type SessionDeps } from './session.ts';

const maxFrameBytes = 65_536;
/**
 * Fragments of one message. Each can keep alive the 64 KiB that were read with it, so a peer that never finishes its
 * message holds at most 16 MiB.
 */
const maxFragments = 256;
/** Reads from the socket that one frame may take. Each costs some hundred bytes of memory, however short it is. */
const maxFramePieces = 4_096;
/** Pongs that may wait for a peer that sends pings and doesn't read. One more, and the server cuts the connection. */
const maxPendingPongs = 60;
/** Time that a peer has to read a refusal before the server cuts the connection. */
const refusalTimeoutMs = 2_000;

/** Base URL of request paths. The host of a request's URI doesn't matter here. */
const base = 'http://localhost';
/** Target of a handshake: a path or a whole URI (RFC 6455, 4.2.1), in the one spelling that the app's router knows. */
const joinTarget = /^(https?:\/\/[^/?#@\\]+)?\/join(\?|$)/;
/** Target of a request for events, likewise. */
const eventsTarget = /^(https?:\/\/[^/?#@\\]+)?\/events(\?|$)/;

/** One request under way that may become a session. The app, which answers it, fills this in. */
export interface Upgrade {
  readonly transport: Transport;
  /** Request id, for the log. */
  requestId?: string;
  /** Set if the client may join: then the upgrade completes, and of the app's response at most the head is sent. */
  admitted?: Admitted;
}

interface UpgradeBindings {
  readonly incoming: IncomingMessage;
  readonly upgrade: Upgrade;
}

interface UpgradeDeps {
  readonly fetch: (request: Request, bindings: UpgradeBindings) => Response | Promise<Response>;
  readonly session: SessionDeps;
  readonly log: Log;
}

export interface Upgrades {
  /** Returns whether a request is a handshake for the room. In all others the `Upgrade` header is ignored (RFC 9110, 7.8). */
  wants(incoming: IncomingMessage): boolean;
  /** Returns whether a request is one for a stream of events. */
  wantsEvents(incoming: IncomingMessage): boolean;
  /** Answers such a request, once its socket has left the HTTP server. `head` is what came behind a handshake. */
  handle(transport: Transport, incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Returns how many of them are being answered. */
  underway(): number;
  /** Resolves when no session has an open socket. */
  drained(): Promise<void>;
}

const hasNoBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

/**
 * Turns handshakes and requests for events into sessions. The app answers each one like any other request, and decides
 * who may join.
 */
export function createUpgrades({ fetch, session, log }: UpgradeDeps): Upgrades {
  const open = new Set<WebSocket | EventStream>();
  let underway = 0;
  let whenEmpty: (() => void) | undefined;
  // Options of ws that its types don't have yet.
  const bounds = { maxFragments, maxBufferedChunks: maxFramePieces, maxPendingAutoPongs: maxPendingPongs };
  const options: ServerOptions & { closeTimeout: number } = {
    ...bounds,
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    // A session cuts its own connection earlier in nearly all cases.
    closeTimeout: slowCloseTimeoutMs,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  };
  const webSockets = new WebSocketServer(options);

  async function answer(incoming: IncomingMessage, socket: Socket, head: Buffer, upgrade: Upgrade): Promise<void> {
    const request = requestOf(incoming);
    const response = await fetch(request, { incoming, upgrade });
    const { admitted } = upgrade;
    if (!admitted) return refuse(response, incoming, socket);
    if (upgrade.transport === 'events') {
      // The client has gone meanwhile, and may still reconnect.
      if (socket.destroyed) return admitted.roomSession.release('lost');
      beginEvents(response, incoming, socket);
      return keep(runEventSession(socket, admitted, session));
    }
    // ws takes GET only, and POST /join is the same handshake.
    incoming.method = 'GET';
    // ws refuses empty elements of this list, which a recipient must ignore (RFC 9110, 5.6.1.2).
    const offered = offeredProtocols(request.headers);
    if (offered.length > 0) incoming.headers['sec-websocket-protocol'] = offered.join(', ');
    let opened = false;
    webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      opened = true;
      keep(webSocket);
      runSession(webSocket, socket, admitted, session);
    });
    if (!opened) await admitted.roomSession.release('lost');
  }

  function keep(connection: WebSocket | EventStream): void {
    open.add(connection);
    connection.once('close', () => {
      open.delete(connection);
      if (open.size === 0) whenEmpty?.();
    });
  }

  return {
    wants: (incoming) => {
      const { method, url = '', httpVersion, headers } = incoming;
      return (
        httpVersion === '1.1' &&
        headers.upgrade?.toLowerCase() === 'websocket' &&
        (method === 'GET' || method === 'POST') &&
        joinTarget.test(url) &&
        URL.canParse(url, base) &&
        hasNoBody(incoming)
      );
    },

    wantsEvents: (incoming) => {
      const { method, url = '' } = incoming;
      return method === 'GET' && eventsTarget.test(url) && URL.canParse(url, base) && hasNoBody(incoming);
    },

    handle: (transport, incoming, socket, head) => {
      const upgrade: Upgrade = { transport };
      // Before anything else: an unhandled reset would end the process.
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

    drained: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => (whenEmpty = resolve))),
  };
}

function requestOf({ method, url, rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  return new Request(new URL(url!, base), { method: method!, headers });
}

/** Writes a response to a socket that has left the HTTP server, and gives the peer time to read it. */
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
  // Unread bytes would turn the end of the connection into a reset, so they are read and dropped, for a limited time.
  const cut = setTimeout(() => socket.destroy(), refusalTimeoutMs);
  socket.resume();
  socket.once('close', () => clearTimeout(cut));
}

/** Answers a request for events with the head alone. The stream ends with its connection, since HTTP/1.0 has no chunks. */
function beginEvents(response: Response, incoming: IncomingMessage, socket: Socket): void {
  const outgoing = new ServerResponse(incoming);
  outgoing.assignSocket(socket);
  outgoing.shouldKeepAlive = false;
  outgoing.removeHeader('transfer-encoding');
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), connection: 'close' });
  outgoing.flushHeaders();
  outgoing.detachSocket(socket);
}
