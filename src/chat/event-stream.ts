import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { CloseCode } from '../../generated/chat/index.ts';
import type { Connection } from './connection.ts';
import { closeEvent, comment } from './events.ts';

/** Close code of a connection that ended without one (RFC 6455, 7.1.5). */
const abnormalClosure = 1006;
/** Bytes that a client may send behind its request. More than that is a flood, and reading it costs the others time. */
export const maxReceivedBytes = 65_536;

/**
 * A stream of Server-Sent Events on the socket of its request, whose head was answered already. It ends with its
 * connection. The client has nothing to send: bytes from it are read and dropped, so that its end is noticed.
 */
export class EventStream extends EventEmitter implements Connection {
  readonly OPEN = 1;
  readonly isPaused = false;
  readyState = 1;
  readonly #socket: Socket;
  #code = abnormalClosure;
  #receivedBytes = 0;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.setTimeout(0);
    socket.on('data', ({ length }: Buffer) => {
      this.#receivedBytes += length;
      if (this.#receivedBytes > maxReceivedBytes) socket.destroy();
    });
    // A client may have ended its side before its answer was there.
    if (socket.readableEnded) socket.destroy();
    else socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      this.readyState = 3;
      this.emit('close', this.#code);
    });
  }

  /** Writes a comment. There is no better sign of life than that the system took it. */
  ping(): void {
    this.#socket.write(comment, (error) => {
      if (!error) this.emit('pong');
    });
  }

  close(code: CloseCode, reason: string): void {
    this.readyState = 2;
    this.#code = code;
    this.#socket.end(closeEvent(code, reason));
  }

  terminate(): void {
    this.#socket.destroy();
  }
}
