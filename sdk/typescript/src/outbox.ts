import { PalaverError } from './error.ts';
import { type ChatMessage, type ChatMessageFromClient, type ErrorMessage, limits } from './generated/index.ts';
import { createPace } from './pace.ts';
import type { SendOptions } from './room.ts';
import { createStopwatch } from './stopwatch.ts';
import { maxTimerMs } from './timing.ts';

/** How many messages may wait for the room, and how long one does. */
const maxWaiting = 100;
const maxWaitingMs = 30_000;
/** How many may have no answer yet while the room is open: on their way, or waiting for their turn. */
const maxUnanswered = 1_100;
/** Until a message is tried again that the server could not take when it was its turn. */
const unavailablePauseMs = 1_000;
/** A server that goes on refusing for so long, and takes nothing in between, won't take the message. */
const maxRefusedMs = 30_000;

interface Message {
  readonly text: string;
  /** The same however often it is sent: the server publishes it once. */
  readonly nonce: string;
  readonly resolve: (echo: ChatMessage) => void;
  readonly reject: (error: PalaverError) => void;
  /** Its place among all messages of the room. */
  readonly place: number;
  /** When it has waited for the room long enough, on the clock that runs while the room takes nothing. */
  readonly deadlineMs: number;
  /** The caller said how long it may wait. Its time for an answer runs only while there is a connection. */
  readonly isPatient: boolean;
  /** It was said when it could not go out at once: it also waits where the server is not able to publish it. */
  readonly wasQueued: boolean;
  /** It was on its way when a connection ended, and may have been delivered. Its time goes on. */
  isUnsettled: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** React Native has no `crypto` of its own; a nonce need only differ from the others of its user. */
const randomBytes = (): Uint8Array =>
  globalThis.crypto
    ? crypto.getRandomValues(new Uint8Array(16))
    : Uint8Array.from({ length: 16 }, () => Math.random() * 256);

/** Chance, so that nobody can answer in a message's place. */
export const createNonce = (): string => [...randomBytes()].map((byte) => byte.toString(16).padStart(2, '0')).join('');

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

const late = 'The room could not take the message in time. It was not sent.';

export function createOutbox(timeoutMs: number): Outbox {
  const inFlight = new Map<string, Message>();
  /** In the order in which they were said. */
  const waiting: Message[] = [];
  const pace = createPace();
  /** Runs while the room takes nothing. To wait for one's turn costs a message no time. */
  const clock = createStopwatch();
  let transmit: ((message: ChatMessageFromClient) => void) | undefined;
  let places = 0;
  /** One goes when the one before it is back: so their order holds, whatever the server refuses. */
  let isSerial = false;
  let restUntilMs = 0;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let refusedSinceMs: number | undefined;
  let due: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const isPending = (nonce: string): boolean =>
    inFlight.has(nonce) || waiting.some((message) => message.nonce === nonce);

  /** Wherever it is, it has come to its end. */
  function take(message: Message): Message {
    inFlight.delete(message.nonce);
    const index = waiting.indexOf(message);
    if (index >= 0) waiting.splice(index, 1);
    clearTimeout(message.timer);
    return message;
  }

  function watchDeadlines(): void {
    clearTimeout(due);
    if (!clock.isRunning) return;
    const deadlines = waiting.filter((message) => !message.isUnsettled || message.isPatient);
    const nextMs = deadlines.reduce((least, { deadlineMs }) => Math.min(least, deadlineMs), Number.POSITIVE_INFINITY);
    if (nextMs === Number.POSITIVE_INFINITY) return;
    due = setTimeout(
      () => {
        // A timer may be a fraction early.
        for (const message of deadlines.filter(({ deadlineMs }) => deadlineMs <= clock.nowMs + 1))
          if (waiting.includes(message))
            take(message).reject(new PalaverError('timeout', message.isUnsettled ? noEcho : late));
        proceed();
      },
      Math.min(Math.max(0, nextMs - clock.nowMs), maxTimerMs),
    );
  }

  function fly(message: Message): void {
    const { text, nonce } = message;
    inFlight.set(nonce, message);
    pace.spend();
    if (!message.isUnsettled || message.isPatient) {
      clearTimeout(message.timer);
      message.timer = setTimeout(
        () => {
          take(message).reject(new PalaverError('timeout', noEcho));
          proceed();
        },
        Math.min(timeoutMs, maxTimerMs),
      );
    }
    transmit!({ type: 'chat_message', msg: { text, nonce } });
  }

  function wait(message: Message): void {
    const { timer } = message;
    if (!message.isUnsettled || message.isPatient) clearTimeout(timer);
    inFlight.delete(message.nonce);
    const index = waiting.findIndex(({ place }) => place > message.place);
    waiting.splice(index < 0 ? waiting.length : index, 0, message);
  }

  const mayFly = (): boolean => inFlight.size === 0 || (!isSerial && pace.mayOverlap());

  /** Sends what may go now. */
  function proceed(): void {
    if (waiting.length === 0 && inFlight.size === 0) isSerial = false;
    while (transmit && !resting && waiting.length > 0 && mayFly()) fly(waiting.shift()!);
    watchDeadlines();
  }

  function rest(ms: number): void {
    isSerial = true;
    restUntilMs = Math.max(restUntilMs, performance.now() + ms);
    clearTimeout(resting);
    resting = setTimeout(() => {
      resting = undefined;
      proceed();
    }, restUntilMs - performance.now());
  }

  /** Whether a message that the server refused waits for another try. */
  function staysFor({ msg: { code, retry_after_ms } }: ErrorMessage, message: Message): boolean {
    if (code === 'rate_limited') {
      refusedSinceMs ??= performance.now();
      rest(pace.refuse(retry_after_ms));
      return performance.now() - refusedSinceMs < maxRefusedMs;
    }
    if (code !== 'unavailable' || !(message.wasQueued || message.isUnsettled)) return false;
    clock.run();
    rest(unavailablePauseMs);
    return true;
  }

  function cut(): void {
    transmit = undefined;
    clock.run();
    for (const message of [...inFlight.values()]) {
      message.isUnsettled = true;
      wait(message);
    }
    watchDeadlines();
  }

  function lose(): void {
    const why = 'The connection ended before the message came back. It may have been delivered.';
    for (const message of waiting.filter(({ isUnsettled }) => isUnsettled))
      take(message).reject(new PalaverError('connection_lost', why));
  }

  /** @throws {PalaverError} */
  function messageOf(text: string, options: SendOptions): Omit<Message, 'resolve' | 'reject'> {
    const { maxWaitMs } = options;
    const nonce = options.nonce ?? createNonce();
    if (closed) throw new PalaverError('closed', 'The room is closed.');
    // Far too long for a frame, it would cost the connection; all else is for the server to say.
    if (typeof text !== 'string' || codePoints(text) > limits.text.max)
      throw new PalaverError('invalid_message', `A message is a text of at most ${limits.text.max} characters.`);
    const fault = isPending(nonce) ? 'A message with this nonce is being sent already.' : nonceFault(nonce);
    if (fault !== undefined) throw new PalaverError('invalid_message', fault);
    const isFull = transmit
      ? waiting.length + inFlight.size >= maxUnanswered
      : waiting.filter(({ isUnsettled, wasQueued }) => !isUnsettled && wasQueued).length >= maxWaiting;
    if (isFull)
      throw new PalaverError(
        'offline_queue_full',
        `${transmit ? maxUnanswered : maxWaiting} messages wait to be sent already.`,
      );
    const isPatient = typeof maxWaitMs === 'number' && !Number.isNaN(maxWaitMs);
    return {
      text,
      nonce,
      place: ++places,
      deadlineMs: clock.nowMs + (isPatient ? maxWaitMs : maxWaitingMs),
      isPatient,
      wasQueued: !transmit || isSerial,
      isUnsettled: false,
    };
  }

  return {
    send: (text, options) =>
      new Promise((resolve, reject) => {
        waiting.push({ ...messageOf(text, options ?? {}), resolve, reject });
        proceed();
      }),

    open: (to) => {
      transmit = to;
      clock.stop();
      isSerial ||= waiting.length > 0;
      proceed();
    },

    isOwed: () => inFlight.size > 0,

    settle: (frame) => {
      const { nonce } = frame.msg;
      if (nonce === undefined) return;
      const message = inFlight.get(nonce) ?? waiting.find((other) => other.isUnsettled && other.nonce === nonce);
      if (!message) return;
      if (frame.type === 'chat_message') {
        refusedSinceMs = undefined;
        if (transmit) clock.stop();
        take(message).resolve(frame);
      } else if (!staysFor(frame, message)) {
        const { code, detail, retry_after_ms } = frame.msg;
        take(message).reject(new PalaverError(code, detail, { retryAfterMs: retry_after_ms }));
      } else if (inFlight.has(nonce)) wait(message);
      proceed();
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
      clearTimeout(due);
    },
  };
}
