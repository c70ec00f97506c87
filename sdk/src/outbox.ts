import { PalaverError } from './error.ts';
import { type ChatMessage, type ChatMessageFromClient, type ErrorMessage, limits } from './generated/index.ts';

/** How many messages may wait for the room, and how long one does. */
const maxWaiting = 100;
const maxWaitingMs = 30_000;
/** How many may be on their way at once. */
const maxInFlight = 1_000;
/** Until a message that waited is tried again, where the server found it too frequent. */
const rateLimitPauseMs = 1_000;

interface Message {
  readonly text: string;
  readonly resolve: (echo: ChatMessage) => void;
  readonly reject: (error: PalaverError) => void;
  /** When it has waited for the room long enough, in milliseconds of `performance.now()`. */
  readonly deadlineMs: number;
  timer?: ReturnType<typeof setTimeout>;
}

/** Chance, so that nobody can answer in a message's place. */
export const createNonce = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** What has been said and hasn't come back. */
export interface Outbox {
  send(text: string): Promise<ChatMessage>;
  /** The room is there: what waited goes out, one by one and in order. */
  open(transmit: (message: ChatMessageFromClient) => void): void;
  /** Whether something is on its way. */
  isOwed(): boolean;
  /** A frame that may be the answer to one of the messages. */
  settle(frame: ChatMessage | ErrorMessage): void;
  /** The connection has ended: what was on its way is lost, what waited goes on waiting. */
  cut(): void;
  /** There will be no connection any more. */
  close(): void;
}

const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

export function createOutbox(timeoutMs: number): Outbox {
  const inFlight = new Map<string, Message>();
  const waiting: Message[] = [];
  let transmit: ((message: ChatMessageFromClient) => void) | undefined;
  /** The one that waited and is on its way. The next goes when it is back: so their order holds. */
  let leading: Message | undefined;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function take(nonce: string): Message | undefined {
    const message = inFlight.get(nonce);
    inFlight.delete(nonce);
    clearTimeout(message?.timer);
    return message;
  }

  function fly(message: Message): void {
    const nonce = createNonce();
    inFlight.set(nonce, message);
    message.timer = setTimeout(() => {
      take(nonce);
      message.reject(new PalaverError('timeout', 'The message has not come back in time. It may have been delivered.'));
      proceed(message);
    }, timeoutMs);
    transmit!({ type: 'chat_message', msg: { text: message.text, nonce } });
  }

  function wait(message: Message, place: 'push' | 'unshift'): void {
    waiting[place](message);
    message.timer = setTimeout(
      () => {
        waiting.splice(waiting.indexOf(message), 1);
        message.reject(new PalaverError('timeout', 'The room was not back in time. The message was not sent.'));
      },
      Math.max(0, message.deadlineMs - performance.now()),
    );
  }

  function lead(): void {
    if (!transmit || leading || resting) return;
    leading = waiting.shift();
    if (!leading) return;
    clearTimeout(leading.timer);
    fly(leading);
  }

  function proceed(message: Message): void {
    if (message === leading) leading = undefined;
    lead();
  }

  function rest(): void {
    resting = setTimeout(() => {
      resting = undefined;
      lead();
    }, rateLimitPauseMs);
  }

  /** What was on its way is never sent again: nobody knows whether it was delivered. */
  function lose(code: 'connection_lost' | 'closed', why: string): void {
    transmit = undefined;
    leading = undefined;
    for (const nonce of [...inFlight.keys()]) take(nonce)!.reject(new PalaverError(code, why));
  }

  return {
    send: (text) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new PalaverError('closed', 'The room is closed.'));
        // Far too long for a frame, it would cost the connection; all else is for the server to say.
        if (typeof text !== 'string' || codePoints(text) > limits.text.max)
          return reject(
            new PalaverError('invalid_message', `A message is a text of at most ${limits.text.max} characters.`),
          );
        const message: Message = { text, resolve, reject, deadlineMs: performance.now() + maxWaitingMs };
        if (transmit && !leading && waiting.length === 0 && inFlight.size < maxInFlight) return fly(message);
        if (waiting.length >= maxWaiting)
          return reject(new PalaverError('offline_queue_full', `${maxWaiting} messages wait to be sent already.`));
        wait(message, 'push');
      }),

    open: (to) => {
      transmit = to;
      lead();
    },

    isOwed: () => inFlight.size > 0,

    settle: (frame) => {
      const message = frame.msg.nonce === undefined ? undefined : take(frame.msg.nonce);
      if (!message) return;
      if (frame.type === 'chat_message') message.resolve(frame);
      else if (frame.msg.code === 'rate_limited' && message === leading) {
        // It was not taken, so it can go once more.
        wait(message, 'unshift');
        rest();
      } else message.reject(new PalaverError(frame.msg.code, frame.msg.detail));
      proceed(message);
    },

    cut: () =>
      lose('connection_lost', 'The connection ended before the message came back. It may have been delivered.'),

    close: () => {
      closed = true;
      lose('closed', 'The room was closed before the message came back. It may have been delivered.');
      clearTimeout(resting);
      for (const { reject, timer } of waiting.splice(0)) {
        clearTimeout(timer);
        reject(new PalaverError('closed', 'The room was closed before the message was sent.'));
      }
    },
  };
}
