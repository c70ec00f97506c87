import type { Connection } from './connection.ts';
import type { Pulse } from './ghosts.ts';
import type { SendQueue } from './send-queue.ts';

export interface HeartbeatDeps {
  /** Time from one ping to the next. A connection that hasn't answered by then is dead. */
  readonly intervalMs: number;
  readonly queue: Pick<SendQueue, 'isMoving' | 'isStalled'>;
  /** Called when the client has read none of what waits for 30 s. */
  readonly onStalled: () => void;
  /** Called when the connection is dead, by a ping without an answer or by `drop`. */
  readonly onDead: () => void;
  /** Called when the time set by `keepUntil` has come. */
  readonly onExpired: () => void;
}

/** Pings a client, and tells a living connection from a dead one. */
export class Heartbeat implements Pulse {
  readonly #connection: Pick<Connection, 'ping' | 'isPaused'>;
  readonly #deps: HeartbeatDeps;
  /** When the ping was sent that has no answer yet; 0 if there is none. */
  #pingedAtMs = 0;
  /** Calls to make at the next sign of life. */
  #onSign: (() => void)[] | undefined;
  #expiresAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(connection: Pick<Connection, 'ping' | 'isPaused'>, deps: HeartbeatDeps) {
    this.#connection = connection;
    this.#deps = deps;
  }

  /** Starts over, and stops at this time, in milliseconds since 1970: one timer a session does for both. */
  keepUntil(expiresAtMs: number): void {
    const { intervalMs } = this.#deps;
    // The first beat is random, so that sessions that joined together are not pinged together.
    const waitMs = this.#timer === undefined ? intervalMs * (0.5 + Math.random() / 2) : intervalMs;
    this.#expiresAtMs = expiresAtMs;
    clearTimeout(this.#timer);
    this.#schedule(waitMs);
  }

  #schedule(waitMs: number): void {
    const leftMs = this.#expiresAtMs - Date.now();
    const call = leftMs <= waitMs ? this.#deps.onExpired : () => this.#beat();
    this.#timer = setTimeout(call, Math.max(0, Math.min(leftMs, waitMs)));
    this.#timer.unref();
  }

  #ping(): void {
    if (this.#pingedAtMs !== 0) return;
    this.#pingedAtMs = performance.now();
    this.#connection.ping();
  }

  #beat(): void {
    const { intervalMs, queue, onStalled, onDead } = this.#deps;
    // A ping of `ask` may have been sent a moment ago, and still has time.
    const isOverdue = this.#pingedAtMs !== 0 && performance.now() - this.#pingedAtMs >= intervalMs / 2;
    if (queue.isStalled) onStalled();
    // As long as the client reads, its answer may be behind what it still has to read.
    else if (isOverdue && !queue.isMoving) onDead();
    else {
      this.#ping();
      this.#schedule(intervalMs);
    }
  }

  /** Notes a sign of life: anything that the client sent. */
  hear(): void {
    this.#pingedAtMs = 0;
    if (this.#onSign === undefined) return;
    const waiting = this.#onSign;
    this.#onSign = undefined;
    for (const call of waiting) call();
  }

  ask(onSign: () => void): number {
    // The answer may be behind what the client has to read, or behind frames that the server hasn't read yet.
    if (this.#isStopped || this.#connection.isPaused || this.#deps.queue.isMoving) {
      onSign();
      return 0;
    }
    const silentMs = this.#pingedAtMs === 0 ? 0 : performance.now() - this.#pingedAtMs;
    this.#ping();
    this.#onSign ??= [];
    this.#onSign.push(onSign);
    return silentMs;
  }

  drop(): void {
    this.#deps.onDead();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
