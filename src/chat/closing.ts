import type { Socket } from 'node:net';
import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Connection } from './connection.ts';
import type { SendQueue } from './send-queue.ts';

/** Time that a peer has to answer a close, or to end its side of the connection. */
const closeTimeoutMs = 2_000;
/** The same for a peer that still has something to read before the close. */
export const slowCloseTimeoutMs = 8_000;
/** The same while the server stops, which waits for it. */
const stopCloseTimeoutMs = 5_000;

/** Close codes that drop what waits: it is too much, or no longer the client's to read. */
const dropsQueue: ReadonlySet<CloseCode> = new Set([closeCodes.too_slow, closeCodes.access_revoked]);

/** Close codes of ws by the code of its error. Any other error is one of the protocol (RFC 6455, 7.4.1). */
const protocolCloses: Readonly<Record<string, CloseCode>> = {
  WS_ERR_INVALID_UTF8: closeCodes.not_utf8,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: closeCodes.frame_too_big,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: closeCodes.policy,
};
const protocolError = 1002;
/** Close code of a connection that ended without a close frame (RFC 6455, 7.1.5). */
const abnormalClosure = 1006;

const nameOf = (code: CloseCode): string => Object.entries(closeCodes).find(([, value]) => value === code)![0];

export interface ClosingDeps {
  readonly queue: Pick<SendQueue, 'close' | 'drop' | 'isBehind'>;
  /** Called when ws closes because the client broke the protocol. */
  readonly onProtocolError: (error: Error) => void;
  /**
   * Called when the connection is closed. `code` is the server's if the server closed first.
   * @param isLost There was no close frame, and no error of the client's
   */
  readonly onClosed: (by: 'client' | 'server', code: number, isLost: boolean) => void;
}

/** Closes a connection: behind what its client still has to read, and however slowly that reads, in the end. */
export class Closing {
  readonly #connection: Connection;
  readonly #queue: ClosingDeps['queue'];
  /** Code that this side closed with. */
  #code: number | undefined;
  #hasFailed = false;
  #cutTimer: NodeJS.Timeout | undefined;

  constructor(connection: Connection, socket: Socket, { queue, onProtocolError, onClosed }: ClosingDeps) {
    this.#connection = connection;
    this.#queue = queue;
    // The client sent a frame that is too big, not UTF-8 or against the protocol: ws closes with the code for it.
    connection.on('error', (error: NodeJS.ErrnoException) => {
      this.#hasFailed = true;
      this.#code ??= protocolCloses[error.code ?? ''] ?? protocolError;
      this.#cutAfter(queue.isBehind ? slowCloseTimeoutMs : closeTimeoutMs);
      onProtocolError(error);
    });
    // Both sides have closed, so the peer has to end the connection now.
    socket.once('finish', () => this.#cutAfter(closeTimeoutMs));
    connection.on('close', (code) => {
      clearTimeout(this.#cutTimer);
      queue.drop();
      const isLost = code === abnormalClosure && !this.#hasFailed;
      onClosed(this.#code === undefined ? 'client' : 'server', this.#code ?? code, isLost);
    });
  }

  #cutAfter(waitMs: number): void {
    clearTimeout(this.#cutTimer);
    this.#cutTimer = setTimeout(() => this.#connection.terminate(), waitMs);
  }

  begin(code: CloseCode): void {
    this.#code = code;
    if (dropsQueue.has(code)) this.#queue.drop();
    const slowMs = code === closeCodes.going_away ? stopCloseTimeoutMs : slowCloseTimeoutMs;
    this.#cutAfter(this.#queue.isBehind ? slowMs : closeTimeoutMs);
    this.#queue.close(() => this.#connection.close(code, nameOf(code)));
  }
}
