import { describe, expect, it } from 'vitest';
import { checkAdmission } from '../../src/admission.ts';
import { limits, type PalaverError } from '../../src/index.ts';
import type { OutgoingMessage } from '../../src/message-queue.ts';

const message = (more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  ...{ text: 'Hi', nonce: 'used', sequence: 1, resolve: () => {}, reject: () => {} },
  ...{ waitDeadlineMs: 0, isPatient: false, wasQueued: true, isUnsettled: false, ...more },
});
const queueOf = (waiting: OutgoingMessage[], count = waiting.length) => ({
  ...{ waiting, count },
  has: (nonce: string) => waiting.some((other) => other.nonce === nonce),
});
const times = (count: number, more?: Partial<OutgoingMessage>) => Array.from({ length: count }, () => message(more));

/** Returns the code of the refusal, or `taken`. */
function check(...args: Parameters<typeof checkAdmission>): string {
  try {
    checkAdmission(...args);
    return 'taken';
  } catch (error) {
    return (error as PalaverError).code;
  }
}

describe('the admission of a message', () => {
  const longest = '😀'.repeat(limits.text.max);
  it.each([
    ['a text', 'Hi', 'new', 'taken'],
    ['an empty text, for the server to refuse', '', 'new', 'taken'],
    ['the longest text', longest, 'new', 'taken'],
    ['a longer text', `${longest}x`, 'new', 'invalid_message'],
    ['no text', 5, 'new', 'invalid_message'],
    ['an empty nonce', 'Hi', '', 'invalid_message'],
    ['the nonce of another message', 'Hi', 'used', 'invalid_message'],
  ])('checks %s', (...[, text, nonce, want]) => {
    expect(check({ text, nonce }, queueOf([message()]), true)).toBe(want);
  });

  it.each([
    [5, 'new', 'msg.text: must be a string'],
    [`${longest}x`, 'new', 'msg.text: must have at most 4096 characters'],
    ['Hi', 5, 'msg.nonce: must be a string'],
    ['Hi', '', 'msg.nonce: must not be empty'],
    ['Hi', 'n'.repeat(65), 'msg.nonce: must have at most 64 characters'],
  ])('speaks like the server', (text, nonce, want) => {
    expect(() => checkAdmission({ text, nonce }, queueOf([]), true)).toThrow(want);
  });

  it.each([
    ['open, with 1,099 unanswered', true, queueOf([], 1_099), 'taken'],
    ['open, with 1,100 unanswered', true, queueOf([], 1_100), 'offline_queue_full'],
    ['reconnecting, with 99 waiting', false, queueOf(times(99)), 'taken'],
    ['reconnecting, with 100 waiting', false, queueOf(times(100)), 'offline_queue_full'],
    ['reconnecting, with 200 unsettled', false, queueOf(times(200, { isUnsettled: true })), 'taken'],
    ['reconnecting, with 200 that wait for their turn', false, queueOf(times(200, { wasQueued: false })), 'taken'],
  ])('keeps to the limit of a room that is %s', (...[, isOpen, queue, want]) => {
    expect(check({ text: 'Hi', nonce: 'new' }, queue, isOpen)).toBe(want);
  });
});
