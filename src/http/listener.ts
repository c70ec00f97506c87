import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { ProblemCode } from '../../generated/http/index.ts';
import type { Upgrades } from '../chat/upgrade.ts';
import { addressIn } from './address.ts';
import { isKnownTooLarge } from './body.ts';
import { codeOf, plainProblem, rawProblem } from './problem.ts';
import { faultOfTarget, isHost } from './target.ts';
import { createTurns, type Turns } from './turns.ts';

interface Timeouts {
  /** A request that is incomplete after this time is cut off, as is a connection without any. */
  readonly requestMs: number;
  /** How often the server looks for such requests. */
  readonly checkIntervalMs: number;
  /** A connection whose peer reads nothing of an answer for this time is cut off. */
  readonly unreadMs: number;
  /** A connection without any traffic for this time is cut off, such as one whose answer never comes. */
  readonly stalledMs: number;
}
export const timeouts: Timeouts = { requestMs: 30_000, checkIntervalMs: 5_000, unreadMs: 30_000, stalledMs: 60_000 };

/** How long requests under way may take when the server stops. */
const closeTimeoutMs = 3_000;

/** A request, or bytes, that never reached the app. */
export interface Unread {
  /** A code of Node or its HTTP parser, or a text. */
  readonly reason: string;
  /** Problem code of the answer, if there was one. */
  readonly code?: ProblemCode;
  /** The address of the peer. */
  readonly ip: string;
}
type OnUnread = (unread: Unread) => void;
interface Options extends Timeouts {
  /** How long a connection may be idle between two requests. */
  readonly keepAliveMs: number;
  /** Hears of requests that are refused without asking the app. */
  readonly onUnread: OnUnread;
}
type FetchCallback = Parameters<typeof getRequestListener>[0];
type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;
type Sessions = Pick<Upgrades, 'wants' | 'wantsEvents' | 'handle'>;

const addressOf = ({ remoteAddress = '' }: Socket): string => addressIn(remoteAddress) ?? remoteAddress;

type Head = Pick<IncomingMessage, 'httpVersion' | 'headers' | 'url'>;
/**
 * Returns the fault of the head of a request. HTTP/1.1 needs a host, HTTP/1.0 had none (RFC 9112, 3.2). HTTP/1.0 had no
 * chunks either: a request that has them anyway can't be told from the next one (RFC 9112, 6.1).
 */
function faultOf({ httpVersion, headers: { host = '', ...headers }, url = '' }: Head): string | undefined {
  if (faultOfTarget(url) === 'malformed_request') return 'a target that is neither a path nor a URI';
  if (!isHost(host) && !(httpVersion === '1.0' && host === '')) return 'no Host that could be one';
  if (httpVersion !== '1.0') return undefined;
  return headers['transfer-encoding'] === undefined ? undefined : 'HTTP/1.0 with Transfer-Encoding';
}

/**
 * Returns whether a handshake names a valid target and host. One that doesn't is answered as a plain request.
 */
const isWellFormed = ({ headers: { host = '' }, url = '' }: Head): boolean =>
  faultOfTarget(url) === undefined && isHost(host);

/**
 * Takes requests for events from the HTTP server, with their sockets. Held as a request, a stream would keep the parser,
 * the request and the response in memory, three times what a session costs. Node hands a socket over only for an upgrade:
 * so such a request is marked as one while Node is still reading it, and arrives as the `upgrade` event.
 */
class HandOver {
  readonly #requests = new WeakMap<Socket, IncomingMessage>();

  /** Marks a request. One that came behind it in the same packet is dropped: nothing follows a stream. */
  mark(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    if (outgoing.socket === socket) outgoing.detachSocket(socket);
    if (!this.#requests.has(socket)) this.#requests.set(socket, incoming);
    Object.assign(incoming, { upgrade: true });
  }

  /** Returns whether a request for events has come over this socket, and not been taken yet. */
  has(socket: Socket): boolean {
    return this.#requests.has(socket);
  }

  /** Returns the request for events on this socket, and lets go of it. */
  take(socket: Socket): IncomingMessage | undefined {
    const request = this.#requests.get(socket);
    this.#requests.delete(socket);
    return request;
  }
}

/** Returns a listener that answers the requests of a connection in order, and closes it after some of them. */
function requestListener(fetch: FetchCallback, turns: Turns, onUnread: OnUnread): Listener {
  const fetchNamed: FetchCallback = async (request, bindings) => {
    const fault = faultOf(bindings.incoming);
    if (fault !== undefined) throw new RequestError(fault);
    return fetch(request, bindings);
  };
  // For requests of HTTP/1.0 without a host.
  const options = { hostname: 'localhost' };
  return (incoming, outgoing) => {
    const { socket, headers } = incoming;
    const isTooLarge = isKnownTooLarge(incoming);
    const errorHandler = (error: unknown): Response => {
      const code = codeOf(error);
      onUnread({ reason: error instanceof Error ? error.message : 'no Error', code, ip: addressOf(socket) });
      return plainProblem(code);
    };
    const expectsContinue = incoming.httpVersion === '1.1' && /^100-continue$/i.test(headers.expect ?? '');
    turns.take({
      incoming,
      outgoing,
      answer: () => {
        if (expectsContinue && !isTooLarge) outgoing.writeContinue();
        void getRequestListener(fetchNamed, { ...options, errorHandler })(incoming, outgoing);
      },
    });
    // Node drops the bytes that arrive in one packet with a declined upgrade, and reads the rest of them as a request.
    // So the connection closes. It closes as well instead of reading the rest of a body that is too large.
    if (headers.upgrade === undefined && !isTooLarge) return;
    outgoing.shouldKeepAlive = false;
    turns.end(socket);
  };
}

/** Creates the HTTP server: it passes requests to the app, and those that may become sessions to `upgrades`. */
export function createListener(fetch: FetchCallback, upgrades: Sessions, options: Partial<Options> = {}): Server {
  const defaults = { ...timeouts, keepAliveMs: 130_000, onUnread: () => {} };
  const { requestMs, checkIntervalMs, unreadMs, stalledMs, keepAliveMs, onUnread } = { ...defaults, ...options };
  const turns = createTurns();
  const answer = requestListener(fetch, turns, onUnread);
  const handOver = new HandOver();
  const isForEvents = (incoming: IncomingMessage): boolean =>
    handOver.has(incoming.socket) ||
    // While an answer is under way, the connection can't become a stream: the answer would end up among the events.
    (!turns.isBusy(incoming.socket) && upgrades.wantsEvents(incoming) && faultOf(incoming) === undefined);
  const listener: Listener = (incoming, outgoing) =>
    isForEvents(incoming) ? handOver.mark(incoming, outgoing) : answer(incoming, outgoing);
  const server = createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkIntervalMs,
      // Node would drop a second Host silently. Joined with the first it is invalid, and refused (RFC 9112, 3.2).
      joinDuplicateHeaders: true,
      // The app answers a missing Host with its own problem.
      requireHostHeader: false,
      // While an answer is under way, the connection can't become a WebSocket: the answer would end up among frames.
      shouldUpgradeCallback: (incoming) =>
        !turns.isBusy(incoming.socket) && upgrades.wants(incoming) && isWellFormed(incoming),
    },
    listener,
  );
  server.timeout = unreadMs;
  server.on('timeout', (socket) => {
    const isWaitingForAnswer = turns.isBusy(socket) && socket.writableLength === 0;
    if (isWaitingForAnswer && turns.busyMs(socket) < stalledMs) return void socket.setTimeout(unreadMs);
    if (turns.isBusy(socket))
      onUnread({ reason: isWaitingForAnswer ? 'no answer' : 'answer not read', ip: addressOf(socket) });
    socket.destroy();
  });
  server.on('upgrade', (incoming, socket, head) => {
    turns.forget(socket as Socket);
    const request = handOver.take(socket as Socket);
    if (request) upgrades.handle('events', request, socket, head);
    else upgrades.handle('websocket', incoming, socket, head);
  });
  server.on('checkContinue', listener);
  // Unknown expectations are ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket;
    const unread = { reason: error.code ?? error.message, ip: addressOf(socket) };
    // A request that ran out of time gets no answer.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || !socket.writable) {
      onUnread(unread);
      return void socket.destroy();
    }
    // Bytes after the last request of a connection (RFC 9112, 9.6) get no answer. A request for events is not answered
    // yet, and these bytes came with it.
    if (error.code === 'HPE_CLOSED_CONNECTION' && !handOver.has(socket)) return turns.refuse(socket, '');
    const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'head_too_large' : 'malformed_request';
    onUnread({ ...unread, code });
    turns.refuse(socket, rawProblem(code));
  });
  return server;
}

/** Stops taking requests. Resolves when those under way are answered, or their time is up. */
export async function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  server.close();
  await once(server, 'close');
  clearTimeout(cut);
}
