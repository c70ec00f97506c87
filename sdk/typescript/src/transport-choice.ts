import type { Ended } from './ended.ts';
import type { PalaverError } from './error.ts';
import type { Transport } from './room.ts';

/** How many handshakes of a WebSocket fail before the room goes over to HTTP. */
const maxBlocked = 2;
/** Time until the room tries the WebSocket again, in milliseconds: at first, at most, and after the network returned. */
const firstReturnMs = 60_000;
const maxReturnMs = 600_000;
const onlineReturnMs = 2_000;

interface TransportChoiceOptions {
  readonly wanted: Transport | 'auto';
  /** Tries to replace the current connection with a WebSocket. Resolves with whether it did. */
  readonly returnToWebSocket: () => Promise<boolean>;
}

/** Chooses between a WebSocket and HTTP. */
export interface TransportChoice {
  /** Transport of the next connection. */
  readonly next: Transport;
  /** Notes that the server has answered over a transport. */
  answered(over: Transport): void;
  /**
   * Takes the end of a connection over `next` which the server never answered. Returns how the attempt ended, or
   * undefined if another connection is to be tried at once.
   */
  after(ended: Ended): Ended | undefined;
  /** Notes that the network has returned, perhaps another one. */
  online(): void;
  stop(): void;
}

/** Tells whether the server has no stream: one of version 0.1, or another server. */
const hasNoStream = ({ status = 0, problem }: PalaverError): boolean =>
  [404, 405, 426].includes(status) && (problem?.code as string) !== 'room_not_found';

export function createTransportChoice({ wanted, returnToWebSocket }: TransportChoiceOptions): TransportChoice {
  let next: Transport = wanted === 'http' ? 'http' : 'websocket';
  let canFallBack = wanted === 'auto';
  /** WebSockets in a row that failed, and how the last of them ended. */
  let blocked = 0;
  let lastBlocked: Ended | undefined;
  let returnMs = firstReturnMs;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function returnAfter(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      returnMs = Math.min(returnMs * 2, maxReturnMs);
      if (!(await returnToWebSocket()) && timer !== undefined) returnAfter(returnMs);
    }, ms);
  }
  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function afterWebSocket(ended: Ended): Ended | undefined {
    const isAnsweredOverHttp = Object(ended.error.cause).code === 'upgrade_required';
    if (!isAnsweredOverHttp && ended.code !== 'timeout' && ended.code !== 'connection_lost') return ended;
    blocked += 1;
    lastBlocked = ended;
    if (blocked >= maxBlocked) next = 'http';
    return isAnsweredOverHttp ? undefined : ended;
  }

  function afterHttp(ended: Ended): Ended {
    // One more failure of the WebSocket, and HTTP gets another try.
    blocked = maxBlocked - 1;
    next = 'websocket';
    if (!hasNoStream(ended.error)) return ended;
    canFallBack = false;
    return lastBlocked ?? ended;
  }

  return {
    get next() {
      return next;
    },
    answered: (over) => {
      next = over;
      blocked = 0;
      if (over === 'websocket') stop();
      else if (canFallBack && timer === undefined) returnAfter(returnMs);
    },
    after: (ended) => {
      stop();
      if (!canFallBack) return ended;
      return next === 'http' ? afterHttp(ended) : afterWebSocket(ended);
    },
    online: () => {
      returnMs = firstReturnMs;
      if (timer !== undefined) returnAfter(onlineReturnMs);
    },
    stop,
  };
}
