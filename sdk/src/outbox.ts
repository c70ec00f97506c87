import { PalaverError } from './error.ts';
import { type ChatMessage, type ChatMessageFromClient, type ErrorMessage, limits } from './generated/index.ts';
import type { SendOptions } from './room.ts';
import { maxTimerMs } from './timing.ts';

/** How many messages may wait for the room, and how long one does. */
const maxWaiting = 100;
const maxWaitingMs = 30_000;
/** How many may be on their way at once. */
const maxInFlight = 1_000;
/** Until a message is tried again that the server could not take when it was its turn. */
const refusalPauseMs = 1_000;

interface Message {
  readonly text: string;
  /** The same however often it is sent: the server publishes it once. */
  readonly nonce: string;
  readonly resolve: (echo: ChatMessage) => void;
  readonly reject: (error: PalaverError) => void;
  /** When it has waited for the room long enough, in milliseconds of `performance.now()`. */
  readonly deadlineMs: number;
  /** The caller said how long it may wait. Its time for an answer runs only while there is a connection. */
  readonly isPatient: boolean;
  /** It was on its way when a connection ended, and may have been delivered. Its time goes on. */
  isUnsettled: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** Chance, so that nobody can answer in a message's place. */
export const createNonce = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** What has been said and hasn't come back. */
export interface Outbox {
  send(text: string, options?: SendOptions): Promise<ChatMessage>;
  /** The room is there: what is unsettled goes out again, then what waited, one by one and in order. */
  open(transmit: (message: ChatMessageFromClient) => void): void;
  /** Whether something is on its way. */
  isOwed(): boolean;
  /** A frame that may be the answer to one of the messages. */
  settle(frame: ChatMessage | ErrorMessage): void;
  /** The connection has ended: what was on its way is unsettled, what waited goes on waiting. */
  cut(): void;
  hasUnsettled(): boolean;
  /** What was said meanwhile won't be told: nobody knows any more what became of what is unsettled. */
  lose(): void;
  /** There will be no connection any more. */
  close(): void;
}

const codePoints = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};

/** Returns why the server could not take a message under this nonce, or undefined. */
function nonceFault(nonce: unknown): string | undefined {
  if (typeof nonce === 'string' && nonce !== '' && codePoints(nonce) <= limits.nonce.max) return undefined;
  return `A nonce is a text of ${limits.nonce.min} to ${limits.nonce.max} characters.`;
}

const noEcho = 'The message has not come back in time. It may have been delivered.';

export function createOutbox(timeoutMs: number): Outbox {
  const inFlight = new Map<string, Message>();
  /** The unsettled ones first. */
  const waiting: Message[] = [];
  let transmit: ((message: ChatMessageFromClient) => void) | undefined;
  /** The one that waited and is on its way. The next goes when it is back: so their order holds. */
  let leading: Message | undefined;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  function stopWaiting(message: Message): void {
    const index = waiting.indexOf(message);
    if (index >= 0) waiting.splice(index, 1);
  }

  const isPending = (nonce: string): boolean =>
    inFlight.has(nonce) || waiting.some((message) => message.nonce === nonce);

  /** Wherever it is, it has come to its end. */
  function take(message: Message): Message {
    inFlight.delete(message.nonce);
    stopWaiting(message);
    clearTimeout(message.timer);
    return message;
  }

  function expireAfter(message: Message, ms: number, why: string): void {
    clearTimeout(message.timer);
    message.timer = setTimeout(
      () => {
        take(message).reject(new PalaverError('timeout', why));
        proceed(message);
      },
      Math.min(ms, maxTimerMs),
    );
  }

  const leftMs = ({ deadlineMs }: Message): number => Math.max(0, deadlineMs - performance.now());

  function fly(message: Message): void {
    const { text, nonce } = message;
    inFlight.set(nonce, message);
    if (!message.isUnsettled || message.isPatient) expireAfter(message, timeoutMs, noEcho);
    transmit!({ type: 'chat_message', msg: { text, nonce } });
  }

  function wait(message: Message, place: 'push' | 'unshift'): void {
    inFlight.delete(message.nonce);
    waiting[place](message);
    if (message.isUnsettled && !message.isPatient) return;
    expireAfter(message, leftMs(message), 'The room could not take the message in time. It was not sent.');
  }

  function lead(): void {
    if (!transmit || leading || resting) return;
    leading = waiting.shift();
    if (leading) fly(leading);
  }

  function proceed(message: Message): void {
    if (message === leading) leading = undefined;
    lead();
  }

  function rest(): void {
    resting = setTimeout(() => {
      resting = undefined;
      lead();
    }, refusalPauseMs);
  }

  function cut(): void {
    transmit = undefined;
    leading = undefined;
    for (const message of inFlight.values()) {
      message.isUnsettled = true;
      if (message.isPatient) expireAfter(message, leftMs(message), noEcho);
    }
    waiting.unshift(...inFlight.values());
    inFlight.clear();
  }

  function lose(): void {
    const why = 'The connection ended before the message came back. It may have been delivered.';
    for (const message of waiting.filter(({ isUnsettled }) => isUnsettled))
      take(message).reject(new PalaverError('connection_lost', why));
  }

  return {
    send: (text, options) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new PalaverError('closed', 'The room is closed.'));
        // Far too long for a frame, it would cost the connection; all else is for the server to say.
        if (typeof text !== 'string' || codePoints(text) > limits.text.max)
          return reject(
            new PalaverError('invalid_message', `A message is a text of at most ${limits.text.max} characters.`),
          );
        const nonce = options?.nonce ?? createNonce();
        const fault = isPending(nonce) ? 'A message with this nonce is being sent already.' : nonceFault(nonce);
        if (fault !== undefined) return reject(new PalaverError('invalid_message', fault));
        const message: Message = {
          text,
          nonce,
          resolve,
          reject,
          deadlineMs: performance.now() + (options?.maxWaitMs ?? maxWaitingMs),
          isPatient: options?.maxWaitMs !== undefined,
          isUnsettled: false,
        };
        if (transmit && !leading && waiting.length === 0 && inFlight.size < maxInFlight) return fly(message);
        if (waiting.filter(({ isUnsettled }) => !isUnsettled).length >= maxWaiting)
          return reject(new PalaverError('offline_queue_full', `${maxWaiting} messages wait to be sent already.`));
        wait(message, 'push');
      }),

    open: (to) => {
      transmit = to;
      lead();
    },

    isOwed: () => inFlight.size > 0,

    settle: (frame) => {
      const { nonce } = frame.msg;
      if (nonce === undefined) return;
      const message = inFlight.get(nonce) ?? waiting.find((other) => other.isUnsettled && other.nonce === nonce);
      if (!message) return;
      if (frame.type === 'chat_message') take(message).resolve(frame);
      else if (message === leading && (frame.msg.code === 'rate_limited' || frame.msg.code === 'unavailable')) {
        // It was not taken, so it can go once more.
        wait(message, 'unshift');
        rest();
      } else take(message).reject(new PalaverError(frame.msg.code, frame.msg.detail));
      proceed(message);
    },

    cut,
    hasUnsettled: () => waiting.some(({ isUnsettled }) => isUnsettled),
    lose,

    close: () => {
      closed = true;
      clearTimeout(resting);
      lose();
      transmit = undefined;
      for (const message of [...inFlight.values(), ...waiting]) {
        const when = inFlight.has(message.nonce) ? 'came back. It may have been delivered' : 'was sent';
        take(message).reject(new PalaverError('closed', `The room was closed before the message ${when}.`));
      }
    },
  };
}
