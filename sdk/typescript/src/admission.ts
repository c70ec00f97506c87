import { PalaverError } from './error.ts';
import type { MessageQueue } from './message-queue.ts';
import { nonceFault, textFault } from './nonce.ts';

/** How many messages may wait while the room reconnects. */
const maxWaiting = 100;
/** How many messages may be unanswered while the room is open: in flight, or waiting for their turn. */
const maxUnanswered = 1_100;

interface Applicant {
  readonly text: unknown;
  readonly nonce: unknown;
}

/** Returns why the server could not take this message, or undefined. */
function faultOf({ text, nonce }: Applicant, queue: Pick<MessageQueue, 'has'>): string | undefined {
  // The server would close the connection over a text too long for a frame. It checks all other rules itself.
  return (
    textFault('text', text) ??
    (queue.has(nonce as string)
      ? 'msg.nonce: must be new, but a message with this nonce is already being sent'
      : nonceFault(nonce))
  );
}

/** Returns the limit that the queue has reached, or undefined. */
function limitReached(
  { waiting, count }: Pick<MessageQueue, 'waiting' | 'count'>,
  isOpen: boolean,
): number | undefined {
  if (isOpen) return count >= maxUnanswered ? maxUnanswered : undefined;
  const queued = waiting.filter(({ isUnsettled, wasQueued }) => !isUnsettled && wasQueued);
  return queued.length >= maxWaiting ? maxWaiting : undefined;
}

/**
 * Checks whether the queue may take a message.
 * @throws {PalaverError} `invalid_message` or `offline_queue_full`
 */
export function checkAdmission(
  message: Applicant,
  queue: Pick<MessageQueue, 'waiting' | 'count' | 'has'>,
  isOpen: boolean,
): void {
  const fault = faultOf(message, queue);
  if (fault !== undefined) throw new PalaverError('invalid_message', fault);
  const full = limitReached(queue, isOpen);
  if (full !== undefined)
    throw new PalaverError('offline_queue_full', `${full} messages are already waiting to be sent.`);
}
