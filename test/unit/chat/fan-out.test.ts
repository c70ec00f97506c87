import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import type { Position } from '../../../src/backplane/backplane.ts';
import { type Transport, transports } from '../../../src/chat/connection.ts';
import { createTransportCounts } from '../../../src/chat/counts.ts';
import { createFanOut } from '../../../src/chat/fan-out.ts';
import { createFrameLog } from '../../../src/chat/frame-log.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import type { Pulse } from '../../../src/chat/ghosts.ts';
import type { Sink, Subscriber } from '../../../src/chat/subscribers.ts';
import { createEventParser } from '../../harness/event-parser.ts';
import { createTurns, textsIn } from '../../harness/fan-out.ts';

const position: Position = { id: '', sentAt: '', roster: [] };

/** Returns a frame in a word: `online`, or its text. */
function inShort(text: string): string {
  const { type, msg } = JSON.parse(text);
  return type === 'users_online' ? 'online' : msg.text;
}

interface Listening {
  readonly transport?: Transport;
  readonly pulse?: Pulse | undefined;
  /** Fails instead of sending. */
  readonly fault?: Error;
}

/** Returns a sink that records its frames. */
function listen({ transport = 'websocket', pulse, fault }: Listening = {}) {
  const bytes: Buffer[] = [];
  const ends: number[] = [];
  const causes: unknown[] = [];
  const sink: Sink = {
    transport,
    send: (frames) => {
      if (fault && bytes.length > 0) throw fault;
      bytes.push(frames);
    },
    end: (code, cause) => {
      ends.push(code);
      if (cause !== undefined) causes.push(cause);
    },
    ...(pulse && { pulse }),
  };
  const frames = (): string[] =>
    transport === 'events'
      ? createEventParser()
          .read(Buffer.concat(bytes))
          .map(({ data }) => data)
      : bytes.flatMap(textsIn);
  return { sink, bytes, ends, causes, texts: () => frames().map(inShort) };
}

function setUp({ maxKeptFrames = 10 } = {}) {
  const log = createFrameLog();
  const counts = createTransportCounts();
  const flushes: number[] = [];
  const { pace, flush } = createTurns();
  const onFlush = (frames: number): void => void flushes.push(frames);
  const fanOut = createFanOut({ log, pace, recovery: undefined, maxKeptFrames, counts, onFlush });
  let last = 0;
  const bytesOf = (id: string, text: string): Buffer =>
    encodeEnvelope({ id, sentAt: '', frame: { type: 'chat_message', msg: { from_user: 'Ann', text } } });
  return {
    ...{ log, counts, flushes, fanOut, flush },
    bytesOf,
    deliver: (...texts: string[]): void => {
      for (const text of texts) {
        last += 1;
        const id = String(last).padStart(4, '0');
        log.append({ id, type: 'chat_message', bytes: bytesOf(id, text) });
      }
      fanOut.flushSoon();
    },
    /** Adds a session that has caught up: seated and open. */
    live: (userId = '1', listening: Listening = {}) => {
      const subscriber = fanOut.add(userId);
      subscriber.position = { ...position, id: log.sentId };
      const heard = listen(listening);
      fanOut.open(subscriber, heard.sink);
      flush();
      return { subscriber, ...heard };
    },
  };
}

describe('fan-out', () => {
  it('sends all frames since the last flush in one buffer that all sessions share', () => {
    const { live, deliver, flush, counts, flushes } = setUp();
    const sessions = [live('1'), live('2')];
    deliver('one', 'two');
    deliver('three');
    flush();
    for (const { texts } of sessions) expect(texts()).toEqual(['online', 'one', 'two', 'three']);
    expect(sessions.map(({ bytes }) => bytes.length)).toEqual([2, 2]);
    expect(sessions[0]!.bytes[1]).toBe(sessions[1]!.bytes[1]);
    expect([counts.websocket.sent.users_online, counts.websocket.sent.chat_message]).toEqual([2, 6]);
    // One flush for each session that opened, and one for all deliveries.
    expect(flushes).toEqual([0, 0, 3]);
  });

  it('keeps frames for a session that is not open, and drops the others', () => {
    const { fanOut, log, live, deliver, flush } = setUp();
    live();
    deliver('before');
    flush();
    const late = fanOut.add('2');
    late.position = { ...position, id: log.sentId };
    deliver('one');
    flush();
    expect(log.sentAfter('')).toHaveLength(1);
    const heard = listen();
    fanOut.open(late, heard.sink);
    flush();
    expect(heard.texts()).toEqual(['online', 'one']);
    expect(log.sentAfter('')).toEqual([]);
  });

  it('ends a session that is not open in time as too slow', () => {
    const { fanOut, deliver, flush, log } = setUp({ maxKeptFrames: 2 });
    const late = fanOut.add('1');
    deliver('one', 'two');
    flush();
    expect([late.ended, fanOut.size]).toEqual([undefined, 1]);
    deliver('three');
    flush();
    expect([late.ended, fanOut.size, log.sentAfter('')]).toEqual([closeCodes.too_slow, 0, []]);
    const heard = listen();
    fanOut.open(late, heard.sink);
    expect([heard.ends, heard.bytes]).toEqual([[closeCodes.too_slow], []]);
  });

  it('drains a session behind its frames, its replies, and the answers to its drafts', () => {
    const { live, fanOut, deliver, flush, bytesOf } = setUp();
    const { subscriber, texts, ends } = live();
    subscriber.unanswered = 1;
    fanOut.reply(subscriber, bytesOf('', 'reply'));
    fanOut.drain(subscriber, closeCodes.policy);
    deliver('one');
    flush();
    expect([texts(), ends]).toEqual([['online', 'one', 'reply'], []]);
    subscriber.unanswered = 0;
    deliver('two');
    fanOut.drain(subscriber, closeCodes.going_away);
    flush();
    // The first code counts.
    expect([texts().at(-1), ends, fanOut.size]).toEqual(['two', [closeCodes.policy], 0]);
  });

  it('sends a removed session nothing', () => {
    const { live, fanOut, deliver, flush, bytesOf } = setUp();
    const { subscriber, texts, ends } = live();
    fanOut.reply(subscriber, bytesOf('', 'reply'));
    deliver('one');
    fanOut.remove(subscriber);
    fanOut.reply(subscriber, bytesOf('', 'reply'));
    fanOut.drain(subscriber, closeCodes.policy);
    flush();
    expect([texts(), ends, fanOut.size]).toEqual([['online'], [], 0]);
  });

  it('sends the rest and ends every session when the stream restarts on another node', () => {
    const { live, fanOut, log, deliver, flush } = setUp();
    const [first, joiner] = [live(), fanOut.add('2')];
    deliver('last');
    fanOut.restart('9999');
    expect([first.texts(), first.ends]).toEqual([['online', 'last'], [closeCodes.service_restart]]);
    expect([joiner.ended, fanOut.size, log.sentId]).toEqual([closeCodes.service_restart, 0, '9999']);
    const next = live();
    deliver('more');
    flush();
    expect([first.bytes.length, next.texts()]).toEqual([2, ['online', 'more']]);
  });

  it('yields the pulses of one user’s sessions, the oldest first, and skips ended ones', () => {
    const { live, fanOut } = setUp();
    const pulses = [0, 1, 2, 3].map((): Pulse => ({ ask: () => 0, drop: () => {} }));
    live('1', { pulse: pulses[0] });
    live('2', { pulse: pulses[1] });
    live('1');
    const ended: Subscriber = live('1', { pulse: pulses[2] }).subscriber;
    ended.ended = closeCodes.policy;
    const joiner = fanOut.add('1');
    fanOut.open(joiner, listen({ pulse: pulses[3] }).sink);
    expect([...fanOut.pulsesOf('1')]).toEqual([pulses[0], pulses[3]]);
    expect(fanOut.subscribers().at(-1)).toBe(joiner);
  });
});

describe('fan-out over both transports', () => {
  it('sends every session the same frames in one order, as its transport encodes them', () => {
    const { live, deliver, flush, counts } = setUp();
    const sessions = (['websocket', 'events', 'events', 'websocket'] as const).map((transport, n) =>
      live(String(n), { transport }),
    );
    deliver('one', 'two');
    flush();
    deliver('three');
    flush();
    for (const { texts } of sessions) expect(texts()).toEqual(['online', 'one', 'two', 'three']);
    const [webSocket, reader, other, last] = sessions.map(({ bytes }) => bytes);
    // Encoded once for all of a transport.
    expect([webSocket!.length, reader!.length]).toEqual([3, 3]);
    for (const n of [1, 2]) {
      expect(other![n]).toBe(reader![n]);
      expect(last![n]).toBe(webSocket![n]);
    }
    for (const transport of transports)
      expect(counts[transport].sent).toMatchObject({ users_online: 2, chat_message: 6, error: 0 });
  });

  it('sends a reader what it missed until its stream was open', () => {
    const { fanOut, log, deliver, flush, counts } = setUp();
    deliver('before');
    flush();
    const late = fanOut.add('1');
    late.position = { ...position, id: log.sentId };
    deliver('one', 'two');
    flush();
    const heard = listen({ transport: 'events' });
    fanOut.open(late, heard.sink);
    deliver('three');
    flush();
    expect([heard.texts(), heard.bytes.length]).toEqual([['online', 'one', 'two', 'three'], 1]);
    expect([log.sentAfter(''), fanOut.sessionCounts()]).toEqual([[], { websocket: 0, events: 1, joining: 0 }]);
    expect([counts.events.sent.chat_message, counts.websocket.sent.chat_message]).toEqual([3, 0]);
  });

  it.each(transports)('ends a session of %s that cannot be sent to, and costs the others nothing', (transport) => {
    const { live, fanOut, deliver, flush } = setUp();
    const fault = new Error('planted');
    const broken = live('1', { transport, fault });
    const others = transports.map((other) => live('2', { transport: other }));
    deliver('one');
    flush();
    deliver('two');
    flush();
    expect([broken.texts(), broken.ends, broken.causes]).toEqual([['online'], [closeCodes.internal_error], [fault]]);
    for (const { texts, ends } of others) expect([texts(), ends]).toEqual([['online', 'one', 'two'], []]);
    expect(fanOut.size).toBe(2);
  });

  it.each(transports)('drains and removes a session of %s like any other', (transport) => {
    const { live, fanOut, deliver, flush } = setUp();
    const [drained, removed, other] = [live('1', { transport }), live('2', { transport }), live('3', { transport })];
    deliver('one');
    fanOut.drain(drained.subscriber, closeCodes.token_expired);
    fanOut.remove(removed.subscriber);
    flush();
    deliver('two');
    flush();
    expect([drained.texts(), drained.ends]).toEqual([['online', 'one'], [closeCodes.token_expired]]);
    expect([removed.texts(), removed.ends]).toEqual([['online'], []]);
    expect([other.texts(), fanOut.size]).toEqual([['online', 'one', 'two'], 1]);
  });

  it('ends every session when the stream restarts, behind its frames', () => {
    const { live, fanOut, deliver } = setUp();
    const sessions = transports.map((transport) => live('1', { transport }));
    deliver('last');
    fanOut.restart('9999');
    for (const { texts, ends } of sessions)
      expect([texts(), ends]).toEqual([['online', 'last'], [closeCodes.service_restart]]);
    expect(fanOut.size).toBe(0);
  });
});
