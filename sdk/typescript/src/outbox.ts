import { checkAdmission } from './admission.ts';
import { createDeadlines } from './deadlines.ts';
import { PalaverError } from './error.ts';
import type { ChatMessage, ChatMessageFromClient, ErrorMessage } from './generated/index.ts';
import { createMessageQueue, type OutgoingMessage } from './message-queue.ts';
import { createNonce } from './nonce.ts';
import type { SendOptions } from './room.ts';
import { createThrottle } from './throttle.ts';

/** How long a message waits for the room where the caller names no time, in milliseconds. */
const maxWaitingMs = 30_000;

/** Sends messages in order, over as many connections as it takes, until each is settled. */
export interface Outbox {
  send(text: string, options?: SendOptions): Promise<ChatMessage>;
  /** Starts sending over a new connection: unsettled messages first, then those that waited, one by one. */
  open(transmit: (message: ChatMessageFromClient) => void): void;
  hasInFlight(): boolean;
  /** Takes a frame that may be the answer to one of the messages. */
  settle(frame: ChatMessage | ErrorMessage): void;
  /** Stops sending because the connection has ended. Messages in flight are unsettled until the next one. */
  suspend(): void;
  hasUnsettled(): boolean;
  /** Rejects unsettled messages, because no server can tell any more whether they were delivered. */
  rejectUnsettled(): void;
  /** Rejects all messages: there will be no further connection. */
  close(): void;
}

const noEcho = 'The server did not confirm the message in time. It may have been delivered.';
const late = 'The room was not open in time. The message was not sent.';
const lost = 'The connection ended before the server confirmed the message. It may have been delivered.';

function waitingTime({ maxWaitMs }: SendOptions, nowMs: number): Pick<OutgoingMessage, 'waitDeadlineMs' | 'isPatient'> {
  const isPatient = typeof maxWaitMs === 'number' && !Number.isNaN(maxWaitMs);
  return { waitDeadlineMs: nowMs + (isPatient ? maxWaitMs : maxWaitingMs), isPatient };
}

const refusal = ({ msg: { code, detail, retry_after_ms } }: ErrorMessage): PalaverError =>
  new PalaverError(code, detail, { retryAfterMs: retry_after_ms });

/** Creates an outbox. The server may take `answerMs` milliseconds to answer a message. */
export function createOutbox(answerMs: number): Outbox {
  const queue = createMessageQueue();
  const throttle = createThrottle(proceed);
  const deadlines = createDeadlines({ answerMs, onExpired });
  let transmit: ((message: ChatMessageFromClient) => void) | undefined;
  let sequence = 0;
  let closed = false;

  /** Removes a message that is about to be settled, wherever it is. */
  function take(message: OutgoingMessage): OutgoingMessage {
    queue.remove(message);
    deadlines.clear(message);
    return message;
  }

  const mayBeDelivered = (message: OutgoingMessage): boolean => message.isUnsettled || queue.isInFlight(message);

  function onExpired(messages: readonly OutgoingMessage[]): void {
    for (const message of messages) {
      const why = mayBeDelivered(message) ? noEcho : late;
      take(message).reject(new PalaverError('timeout', why));
    }
    proceed();
  }

  /** Sends what may go out now. */
  function proceed(): void {
    if (queue.count === 0) throttle.drained();
    while (transmit && queue.waiting.length > 0 && throttle.maySend(queue.inFlightCount)) {
      const message = queue.takeNext();
      const { text, nonce } = message;
      throttle.sent();
      deadlines.sent(message);
      transmit({ type: 'chat_message', msg: { text, nonce } });
    }
    deadlines.watch(queue.waiting);
  }

  /** Decides whether a message that the server refused waits for another try. */
  function isRetried({ msg: { code, retry_after_ms } }: ErrorMessage, message: OutgoingMessage): boolean {
    if (code === 'rate_limited') return throttle.rateLimited(retry_after_ms);
    if (code !== 'unavailable' || !(message.wasQueued || message.isUnsettled)) return false;
    deadlines.runClock();
    throttle.unavailable();
    return true;
  }

  function rejectUnsettled(): void {
    for (const message of queue.waiting.filter(({ isUnsettled }) => isUnsettled))
      take(message).reject(new PalaverError('connection_lost', lost));
  }

  /** @throws {PalaverError} where the message can't be taken */
  function admit(text: string, options: SendOptions): Omit<OutgoingMessage, 'resolve' | 'reject'> {
    const nonce = options.nonce ?? createNonce();
    if (closed) throw new PalaverError('closed', 'The room is closed.');
    checkAdmission({ text, nonce }, queue, transmit !== undefined);
    return {
      text,
      nonce,
      sequence: ++sequence,
      ...waitingTime(options, deadlines.nowMs),
      wasQueued: !transmit || throttle.isSerial,
      isUnsettled: false,
    };
  }

  function settle(frame: ChatMessage | ErrorMessage): void {
    const { nonce } = frame.msg;
    const message = nonce === undefined ? undefined : queue.findSent(nonce);
    if (!message) return;
    if (frame.type === 'chat_message') {
      throttle.accepted();
      if (transmit) deadlines.stopClock();
      take(message).resolve(frame);
    } else if (!isRetried(frame, message)) {
      take(message).reject(refusal(frame));
    } else if (queue.isInFlight(message)) {
      queue.enqueue(message);
      deadlines.waits(message);
    }
    proceed();
  }

  return {
    send: (text, options) =>
      new Promise((resolve, reject) => {
        queue.enqueue({ ...admit(text, options ?? {}), resolve, reject });
        proceed();
      }),
    open: (to) => {
      transmit = to;
      deadlines.stopClock();
      if (queue.waiting.length > 0) throttle.serialize();
      proceed();
    },
    hasInFlight: () => queue.inFlightCount > 0,
    settle,
    suspend: () => {
      transmit = undefined;
      deadlines.runClock();
      for (const message of queue.requeueInFlight()) deadlines.waits(message);
      deadlines.watch(queue.waiting);
    },
    hasUnsettled: () => queue.waiting.some(({ isUnsettled }) => isUnsettled),
    rejectUnsettled,
    close: () => {
      closed = true;
      throttle.stop();
      rejectUnsettled();
      transmit = undefined;
      for (const message of queue.all()) {
        const when = mayBeDelivered(message) ? 'was confirmed. It may have been delivered' : 'was sent';
        take(message).reject(new PalaverError('closed', `The room was closed before the message ${when}.`));
      }
      deadlines.stop();
    },
  };
}
