import type { PalaverError } from './error.ts';
import type { ChatMessage } from './generated/index.ts';

/** A message that the app has sent and that is not settled yet. */
export interface OutgoingMessage {
  readonly text: string;
  /** Stays the same however often the message is sent: the server publishes it once. */
  readonly nonce: string;
  readonly resolve: (echo: ChatMessage) => void;
  readonly reject: (error: PalaverError) => void;
  /** Number of the message in the order in which the app sent them. */
  readonly sequence: number;
  /** When the message has waited long enough for the room, in milliseconds of the waiting clock. */
  readonly waitDeadlineMs: number;
  /** The caller named how long it may wait. Its time for an answer then runs only while there is a connection. */
  readonly isPatient: boolean;
  /** The message could not go out at once. It then also waits while the server is unable to publish it. */
  readonly wasQueued: boolean;
  /**
   * A connection ended while the message was in flight, so that it may have been delivered. Its answer time goes on.
   */
  isUnsettled: boolean;
}

/** Messages that wait, in the order in which the app sent them, and those in flight, by nonce. */
export interface MessageQueue {
  readonly waiting: readonly OutgoingMessage[];
  readonly inFlightCount: number;
  /** Number of all messages, waiting and in flight. */
  readonly count: number;
  /** Adds a message, or moves one that was in flight back, at its place in the order. */
  enqueue(message: OutgoingMessage): void;
  /** Moves the first waiting message to those in flight. */
  takeNext(): OutgoingMessage;
  remove(message: OutgoingMessage): void;
  has(nonce: string): boolean;
  isInFlight(message: OutgoingMessage): boolean;
  /** Returns the message that an answer with this nonce settles: one in flight, or an unsettled one. */
  findSent(nonce: string): OutgoingMessage | undefined;
  /** Moves all messages in flight back to the waiting ones, as unsettled. Returns them. */
  requeueInFlight(): OutgoingMessage[];
  /** Returns all messages, those in flight first. */
  all(): OutgoingMessage[];
}

export function createMessageQueue(): MessageQueue {
  const inFlight = new Map<string, OutgoingMessage>();
  const waiting: OutgoingMessage[] = [];

  function enqueue(message: OutgoingMessage): void {
    inFlight.delete(message.nonce);
    const index = waiting.findIndex(({ sequence }) => sequence > message.sequence);
    waiting.splice(index < 0 ? waiting.length : index, 0, message);
  }

  return {
    waiting,
    get inFlightCount() {
      return inFlight.size;
    },
    get count() {
      return inFlight.size + waiting.length;
    },
    enqueue,
    takeNext: () => {
      const message = waiting.shift()!;
      inFlight.set(message.nonce, message);
      return message;
    },
    remove: (message) => {
      inFlight.delete(message.nonce);
      const index = waiting.indexOf(message);
      if (index >= 0) waiting.splice(index, 1);
    },
    has: (nonce) => inFlight.has(nonce) || waiting.some((message) => message.nonce === nonce),
    isInFlight: ({ nonce }) => inFlight.has(nonce),
    findSent: (nonce) =>
      inFlight.get(nonce) ?? waiting.find((message) => message.isUnsettled && message.nonce === nonce),
    requeueInFlight: () => {
      const requeued = [...inFlight.values()];
      for (const message of requeued) {
        message.isUnsettled = true;
        enqueue(message);
      }
      return requeued;
    },
    all: () => [...inFlight.values(), ...waiting],
  };
}
