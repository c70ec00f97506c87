import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import { type Transport, transports } from '../../../src/chat/connection.ts';
import type { Pulse } from '../../../src/chat/ghosts.ts';
import { createSubscribers, type Sink, type Subscriber } from '../../../src/chat/subscribers.ts';

const sinkOf = (transport: Transport, pulse?: Pulse): Sink => ({
  transport,
  send: () => {},
  end: () => {},
  ...(pulse && { pulse }),
});
const pulse = (): Pulse => ({ ask: () => 0, drop: () => {} });
/** A session that has no connection yet, unless it has a sink. */
const subscriber = (userId = '1', sink?: Sink): Subscriber => ({
  userId,
  from: 0,
  unanswered: 0,
  ...(sink && { sink }),
});

/** Sessions of one user: two that have caught up, by each transport, and one without a connection. */
function start() {
  const subscribers = createSubscribers();
  const [webSocket, reader, joiner] = [
    subscriber('1', sinkOf('websocket')),
    subscriber('1', sinkOf('events')),
    subscriber(),
  ];
  // In another order than that of `all`.
  subscribers.joiners.add(joiner);
  subscribers.live.events.add(reader);
  subscribers.live.websocket.add(webSocket);
  return { subscribers, webSocket, reader, joiner };
}

describe('subscribers', () => {
  it('are none at first', () => {
    const { all, size, counts, pulsesOf } = createSubscribers();
    expect([all(), size, counts(), [...pulsesOf('1')]]).toEqual([[], 0, { websocket: 0, events: 0, joining: 0 }, []]);
  });

  it('are those that have caught up, of both transports, and then those that join', () => {
    const { subscribers, webSocket, reader, joiner } = start();
    expect(subscribers.all()).toEqual([webSocket, reader, joiner]);
    expect(subscribers.size).toBe(3);
  });

  it.each(['webSocket', 'reader', 'joiner'] as const)('forget a %s once it is removed, and no other', (which) => {
    const { subscribers, ...sessions } = start();
    expect(subscribers.has(sessions[which])).toBe(true);
    subscribers.remove(sessions[which]);
    subscribers.remove(sessions[which]);
    expect(subscribers.has(sessions[which])).toBe(false);
    expect(subscribers.all()).toEqual(Object.values(sessions).filter((one) => one !== sessions[which]));
    expect(subscribers.size).toBe(2);
  });

  it('have no session that was never added, whatever its sink', () => {
    const { subscribers } = start();
    for (const sink of [undefined, sinkOf('websocket'), sinkOf('events')])
      expect(subscribers.has(subscriber('1', sink))).toBe(false);
  });

  it('count a session under its transport from the moment that it is open', () => {
    const { subscribers, joiner } = start();
    expect(subscribers.counts()).toEqual({ websocket: 1, events: 1, joining: 1 });
    joiner.sink = sinkOf('events');
    expect(subscribers.counts()).toEqual({ websocket: 1, events: 2, joining: 0 });
  });

  it('yield the pulses of one user, of both transports, the oldest of each first, and skip ended ones', () => {
    const subscribers = createSubscribers();
    const pulses: Pulse[] = [];
    for (const transport of transports) {
      for (let n = 0; n < 2; n += 1) {
        pulses.push(pulse());
        subscribers.live[transport].add(subscriber('1', sinkOf(transport, pulses.at(-1))));
        subscribers.live[transport].add(subscriber('2', sinkOf(transport, pulse())));
      }
      subscribers.live[transport].add({ ...subscriber('1', sinkOf(transport, pulse())), ended: closeCodes.policy });
      subscribers.live[transport].add(subscriber('1', sinkOf(transport)));
    }
    pulses.push(pulse());
    subscribers.joiners.add(subscriber('1', sinkOf('events', pulses.at(-1))));
    subscribers.joiners.add(subscriber('1'));
    const yielded = [...subscribers.pulsesOf('1')];
    expect(yielded.map((one) => pulses.indexOf(one))).toEqual([0, 1, 2, 3, 4]);
  });
});
