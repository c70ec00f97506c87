import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { ProblemCode } from '../../generated/http/index.ts';
import type { Upgrades } from '../chat/upgrade.ts';
import { codeOf, plainProblem } from './problem.ts';

interface Timeouts {
  /** A request that is not whole after this time is cut off, and a connection that has sent none. */
  readonly requestMs: number;
  /** How often that is looked after. */
  readonly checkIntervalMs: number;
  /** So is a connection on which nothing moves, such as an answer that nobody reads. */
  readonly idleMs: number;
}
export const timeouts: Timeouts = { requestMs: 30_000, checkIntervalMs: 5_000, idleMs: 60_000 };

/** How long requests under way may take once the server stops. */
const closeTimeoutMs = 3_000;

/** The answer to bytes that are no HTTP. One that ran out of time is only cut off. */
async function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket, onProblem: OnProblem): Promise<void> {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  onProblem('malformed_request');
  const response = plainProblem('malformed_request');
  const body = await response.text();
  const head = [...response.headers, ['Content-Length', Buffer.byteLength(body)], ['Connection', 'close']];
  socket.end(`HTTP/1.1 400 Bad Request\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
}

/**
 * Node drops what came behind a request with an `Upgrade` in one packet, also where it is none, and reads the rest of that
 * as a request: so nothing may follow it on its connection.
 */
function endAfter(outgoing: ServerResponse): void {
  outgoing.shouldKeepAlive = false;
  // Also where the answer says `Connection` itself.
  outgoing.once('finish', () => outgoing.req.socket.destroySoon());
}

type OnProblem = (code: ProblemCode) => void;
interface Options extends Timeouts {
  /** Hears of what is refused without asking the app. */
  readonly onProblem: OnProblem;
}
type FetchCallback = Parameters<typeof getRequestListener>[0];

/** The HTTP server: the app's requests, and the room's handshakes. */
export function createListener(
  fetch: FetchCallback,
  upgrades: Pick<Upgrades, 'wants' | 'handle'>,
  options: Partial<Options> = {},
): Server {
  const { requestMs, checkIntervalMs, idleMs, onProblem } = { ...timeouts, onProblem: () => {}, ...options };
  const answer = getRequestListener(fetch, {
    errorHandler: (error) => {
      onProblem(codeOf(error));
      return plainProblem(codeOf(error));
    },
  });
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (incoming.headers.upgrade !== undefined) endAfter(outgoing);
    void answer(incoming, outgoing);
  };
  const server = createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      connectionsCheckingInterval: checkIntervalMs,
      // A second Host must not be dropped unseen: joined to the first it is none, and refused (RFC 9112, 3.2).
      joinDuplicateHeaders: true,
      // Its absence is answered by the app's own words.
      requireHostHeader: false,
      shouldUpgradeCallback: upgrades.wants,
    },
    listener,
  );
  server.timeout = idleMs;
  server.on('upgrade', upgrades.handle);
  // An expectation that isn't known is ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    refuseGarbage(error, socket as Socket, onProblem).catch(() => socket.destroy());
  });
  return server;
}

/** Takes no more requests; resolves when those under way are answered, or their time is up. */
export async function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  server.close();
  await once(server, 'close');
  clearTimeout(cut);
}
