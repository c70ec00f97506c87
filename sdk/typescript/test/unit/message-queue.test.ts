import { describe, expect, it } from 'vitest';
import { createMessageQueue, type OutgoingMessage } from '../../src/message-queue.ts';

const message = (sequence: number): OutgoingMessage => ({
  ...{ text: `${sequence}`, nonce: `n${sequence}`, sequence, resolve: () => {}, reject: () => {} },
  ...{ waitDeadlineMs: 0, isPatient: false, wasQueued: false, isUnsettled: false },
});

function queueOf(...sequences: number[]) {
  const queue = createMessageQueue();
  const messages = sequences.map(message);
  messages.forEach(queue.enqueue);
  return { queue, messages, waiting: () => queue.waiting.map(({ sequence }) => sequence) };
}

describe('the message queue', () => {
  it('keeps the order in which the app sent the messages, whichever is requeued', () => {
    const { queue, waiting } = queueOf(1, 2, 3, 4);
    const [first, second, third] = [queue.takeNext(), queue.takeNext(), queue.takeNext()];
    expect([first, second, third].map(({ text }) => text)).toEqual(['1', '2', '3']);
    queue.enqueue(third);
    queue.enqueue(first);
    expect([waiting(), queue.inFlightCount, queue.count]).toEqual([[1, 3, 4], 1, 4]);
  });

  it('requeues messages in flight as unsettled when the connection ends', () => {
    const { queue, waiting } = queueOf(1, 2, 3);
    queue.takeNext();
    queue.takeNext();
    expect(queue.requeueInFlight().map(({ isUnsettled }) => isUnsettled)).toEqual([true, true]);
    expect([waiting(), queue.inFlightCount]).toEqual([[1, 2, 3], 0]);
    expect(queue.waiting.map(({ isUnsettled }) => isUnsettled)).toEqual([true, true, false]);
  });

  it('finds by nonce only messages that an answer can settle', () => {
    const { queue } = queueOf(1, 2, 3);
    queue.takeNext();
    queue.requeueInFlight();
    queue.takeNext();
    queue.requeueInFlight();
    queue.takeNext();
    queue.takeNext();
    expect(['n1', 'n2', 'n3', 'n4'].map((nonce) => queue.findSent(nonce)?.sequence)).toEqual([
      1,
      2,
      undefined,
      undefined,
    ]);
    queue.requeueInFlight();
    expect(queue.findSent('n2')?.sequence).toBe(2);
  });

  it('removes a message at any place, and frees its nonce', () => {
    const { queue, messages } = queueOf(1, 2);
    queue.takeNext();
    expect(messages.map(queue.isInFlight)).toEqual([true, false]);
    expect(['n1', 'n2', 'n3'].map(queue.has)).toEqual([true, true, false]);
    messages.forEach(queue.remove);
    expect([queue.count, queue.all(), queue.has('n1'), queue.has('n2')]).toEqual([0, [], false, false]);
  });
});
