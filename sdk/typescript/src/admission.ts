import { PalaverError } from './error.ts';
import { limits } from './generated/index.ts';
import type { MessageQueue } from './message-queue.ts';
import { codePoints, nonceFault } from './nonce.ts';

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
  // A text far too long for a frame would cost the connection. All other rules are the server's to check.
  if (typeof text !== 'string' || codePoints(text) > limits.text.max)
    return `A message is a text of at most ${limits.text.max} characters.`;
  return queue.has(nonce as string) ? 'A message with this nonce is being sent already.' : nonceFault(nonce);
}

/** Returns the number of messages of which no more are taken, or undefined while there is room. */
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
  if (full !== undefined) throw new PalaverError('offline_queue_full', `${full} messages wait to be sent already.`);
}
