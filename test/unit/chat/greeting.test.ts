import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { createTransportCounts } from '../../../src/chat/counts.ts';
import { createFrameLog } from '../../../src/chat/frame-log.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import { createGreetings, type Newcomer } from '../../../src/chat/greeting.ts';
import { createRecovery } from '../../../src/chat/recovery.ts';
import { pieceBytes } from '../../../src/chat/send-queue.ts';
import { createEventParser } from '../../harness/event-parser.ts';
import { textsIn } from '../../harness/fan-out.ts';

const idOf = (n: number): string => String(n).padStart(4, '0');
const message = (n: number, text = `m${n}`): Envelope => ({
  id: idOf(n),
  sentAt: '',
  frame: { type: 'chat_message', msg: { from_user: 'Ann', text } },
});
const joined = (n: number, username: string): Envelope => ({
  id: idOf(n),
  sentAt: '',
  frame: { type: 'user_joined', msg: { username } },
});
const at = (n: number, names: readonly string[] = ['Ann']) => ({
  id: idOf(n),
  sentAt: '',
  roster: names.map((username) => ({ id: username, username })),
});

/** Returns a frame in one word or two: `online Ann`, `online Ann, recovered`, `joined Bob`, `hi`. */
function inShort(text: string): string {
  const { type, msg } = JSON.parse(text);
  if (type === 'chat_message') return msg.text;
  if (type === 'user_joined') return `joined ${msg.username}`;
  const recovered = { true: ', recovered', false: ', not recovered' }[String(msg.recovered)] ?? '';
  return `online ${msg.list}${recovered}`;
}
const read = (batches: readonly Buffer[] | undefined) => batches?.flatMap(textsIn).map(inShort);
/** Returns events in two words or three: their id, if they have one, and their frame. */
const readEvents = (batches: readonly Buffer[] | undefined) =>
  batches &&
  createEventParser()
    .read(Buffer.concat(batches))
    .map(({ type, data, hasId, lastEventId }) => {
      expect(type).toBe(JSON.parse(data).type);
      return `${hasId ? lastEventId : 'no id'}: ${inShort(data)}`;
    });

/** Returns greetings on a node that has delivered and sent these envelopes. */
function start(sent: readonly Envelope[], { hasRecovery = true } = {}) {
  const log = createFrameLog();
  const recovery = createRecovery({ from: idOf(0), wasGiven: () => true, past: [] });
  const counts = createTransportCounts();
  const greetings = createGreetings({ log, recovery: hasRecovery ? recovery : undefined, counts });
  const deliver = (envelope: Envelope): void => {
    const bytes = encodeEnvelope(envelope);
    log.append({ id: envelope.id, type: envelope.frame.type, bytes });
    recovery.add(envelope, bytes);
  };
  for (const envelope of sent) deliver(envelope);
  log.takeUnsent();
  return { greetings, counts, log, deliver };
}

describe('greeting', () => {
  it('is users_online, and the frames sent since its position, in one buffer', () => {
    const { greetings } = start([message(1), message(2), joined(3, 'Bob')]);
    const batches = greetings.next({}, at(1), 'websocket');
    expect([read(batches), batches?.length]).toEqual([['online Ann', 'm2', 'joined Bob'], 1]);
  });

  it('leaves out unsent frames', () => {
    const { greetings, deliver } = start([message(1)]);
    deliver(message(2));
    expect(read(greetings.next({}, at(0), 'websocket'))).toEqual(['online Ann', 'm1']);
  });

  it('sends users_online once, also to a newcomer whose position this node has not reached', () => {
    const { greetings, log, deliver } = start([message(1)]);
    const newcomer: Newcomer = {};
    expect(read(greetings.next(newcomer, at(2), 'websocket'))).toEqual(['online Ann']);
    greetings.finish();
    for (const n of [2, 3]) deliver(message(n));
    log.takeUnsent();
    expect(read(greetings.next(newcomer, at(2), 'websocket'))).toEqual(['m3']);
  });

  const replays: [string, { given: { lastEventId?: number; hasRecovery?: boolean }; want: string[] }][] = [
    ['replays nothing to a newcomer that asks for nothing', { given: {}, want: ['online Ann', 'm4'] }],
    [
      'replays the messages up to its position, then the frames since',
      { given: { lastEventId: 1 }, want: ['online Ann, recovered', 'm2', 'm4'] },
    ],
    ['says so where nothing was missed', { given: { lastEventId: 3 }, want: ['online Ann, recovered', 'm4'] }],
    [
      'says so where it cannot tell what was missed',
      { given: { lastEventId: 1, hasRecovery: false }, want: ['online Ann, not recovered', 'm4'] },
    ],
  ];
  it.each(replays)('%s', (_, { given: { lastEventId, hasRecovery = true }, want }) => {
    const { greetings } = start([message(1), message(2), joined(3, 'Bob'), message(4)], { hasRecovery });
    const newcomer = { lastEventId: lastEventId === undefined ? undefined : idOf(lastEventId) };
    expect(read(greetings.next(newcomer, at(3), 'websocket'))).toEqual(want);
  });

  it('waits with missed messages until this node has reached the position', () => {
    const { greetings, log, deliver } = start([message(1)]);
    const newcomer: Newcomer = { lastEventId: idOf(1) };
    expect(greetings.next(newcomer, at(2), 'websocket')).toBeUndefined();
    expect(newcomer.greeted).toBeUndefined();
    deliver(message(2));
    log.takeUnsent();
    expect(read(greetings.next(newcomer, at(2), 'websocket'))).toEqual(['online Ann, recovered', 'm2']);
  });

  it('is empty for a newcomer that has received everything', () => {
    const { greetings } = start([message(1)]);
    expect(greetings.next({ greeted: true }, at(1), 'websocket')).toEqual([]);
  });

  it('is shared by newcomers at one position, and by no others', () => {
    const { greetings } = start([message(1), message(2)]);
    const first = greetings.next({}, at(1), 'websocket');
    expect(greetings.next({}, at(1), 'websocket')).toBe(first);
    const others = [
      greetings.next({}, at(2), 'websocket'),
      greetings.next({}, { ...at(1), sentAt: 'later' }, 'websocket'),
      greetings.next({ lastEventId: idOf(1) }, at(1), 'websocket'),
      greetings.next({ greeted: true }, at(1), 'websocket'),
    ];
    for (const other of others) expect(other).not.toBe(first);
    greetings.finish();
    expect(greetings.next({}, at(1), 'websocket')).not.toBe(first);
  });

  it('shares the buffers of many missed messages', () => {
    const long = 'x'.repeat(4_000);
    const envelopes = Array.from({ length: 60 }, (_, n) => message(n + 1, long));
    const { greetings } = start(envelopes);
    const [first, second] = [0, 20].map((n) => greetings.next({ lastEventId: idOf(n) }, at(60), 'websocket')!);
    expect(read(first)).toHaveLength(61);
    expect(read(second)).toHaveLength(41);
    const shared = first!.filter((bytes) => bytes.length >= pieceBytes && second!.includes(bytes));
    expect(shared.length).toBeGreaterThan(0);
  });

  it('shares the events of many missed messages, also between readers at different positions', () => {
    const long = 'x'.repeat(4_000);
    const { greetings, log, deliver } = start(Array.from({ length: 60 }, (_, n) => message(n + 1, long)));
    const lastEventId = idOf(0);
    const first = greetings.next({ lastEventId }, at(60), 'events')!;
    greetings.finish();
    deliver(message(61));
    log.takeUnsent();
    const second = greetings.next({ lastEventId }, at(61), 'events')!;
    const blocks = first.filter((bytes) => bytes.length >= pieceBytes);
    expect(blocks.length).toBeGreaterThan(1);
    for (const bytes of blocks) expect(second).toContain(bytes);
  });

  it('counts its frames once for each newcomer, by type', () => {
    const { greetings, counts } = start([message(1), message(2), joined(3, 'Bob'), message(4)]);
    for (let n = 0; n < 3; n += 1) greetings.next({ lastEventId: idOf(0) }, at(2), 'websocket');
    greetings.next({}, at(3), 'websocket');
    greetings.finish();
    greetings.finish();
    expect(counts.websocket.sent).toMatchObject({
      users_online: 4,
      user_joined: 3,
      chat_message: 3 * (2 + 1) + 1,
      user_left: 0,
    });
  });
});

describe('greeting over events', () => {
  const replays: [string, { given: { lastEventId?: number; hasRecovery?: boolean }; want: string[] }][] = [
    [
      'is the frames of a WebSocket, each with its id',
      { given: {}, want: ['0003: online Ann', '0004: m4', '0005: joined Cleo'] },
    ],
    [
      'has no id in a roster that missed messages follow',
      {
        given: { lastEventId: 1 },
        want: ['no id: online Ann, recovered', '0002: m2', '0004: m4', '0005: joined Cleo'],
      },
    ],
    [
      'has no id in that roster even where nothing was missed',
      { given: { lastEventId: 3 }, want: ['no id: online Ann, recovered', '0004: m4', '0005: joined Cleo'] },
    ],
    [
      'has the id where the reader has to begin anew',
      {
        given: { lastEventId: 1, hasRecovery: false },
        want: ['0003: online Ann, not recovered', '0004: m4', '0005: joined Cleo'],
      },
    ],
  ];
  const sent = [message(1), message(2), joined(3, 'Bob'), message(4), joined(5, 'Cleo')];
  it.each(replays)('%s', (_, { given: { lastEventId, hasRecovery = true }, want }) => {
    const { greetings } = start(sent, { hasRecovery });
    const newcomer = { lastEventId: lastEventId === undefined ? undefined : idOf(lastEventId) };
    expect(readEvents(greetings.next(newcomer, at(3), 'events'))).toEqual(want);
  });

  it('sends a greeted newcomer the frames after its position alone', () => {
    const { greetings } = start([message(1), message(2), joined(3, 'Bob')]);
    const newcomer: Newcomer = { greeted: true };
    expect(readEvents(greetings.next(newcomer, at(1), 'events'))).toEqual(['0002: m2', '0003: joined Bob']);
    expect(greetings.next({ greeted: true }, at(3), 'events')).toEqual([]);
  });

  it('waits with missed messages until this node has reached the position', () => {
    const { greetings, log, deliver } = start([message(1)]);
    const newcomer: Newcomer = { lastEventId: idOf(1) };
    expect(greetings.next(newcomer, at(2), 'events')).toBeUndefined();
    deliver(message(2));
    log.takeUnsent();
    expect(readEvents(greetings.next(newcomer, at(2), 'events'))).toEqual(['no id: online Ann, recovered', '0002: m2']);
  });

  it('is shared by the readers at one position, and not with WebSockets', () => {
    const { greetings } = start([message(1), message(2)]);
    const first = greetings.next({}, at(1), 'events');
    const webSocket = greetings.next({}, at(1), 'websocket');
    expect(greetings.next({}, at(1), 'events')).toBe(first);
    expect(greetings.next({}, at(1), 'websocket')).toBe(webSocket);
    expect([readEvents(first), read(webSocket)]).toEqual([
      ['0001: online Ann', '0002: m2'],
      ['online Ann', 'm2'],
    ]);
  });

  it('keeps the events of many missed messages whole', () => {
    const long = 'x'.repeat(4_000);
    const envelopes = Array.from({ length: 60 }, (_, n) => message(n + 1, `${n} ${long}\n\nid: 9999\n\n`));
    const { greetings } = start(envelopes);
    const batches = greetings.next({ lastEventId: idOf(0) }, at(60), 'events')!;
    const events = createEventParser().read(Buffer.concat(batches));
    expect(events.slice(1).map(({ lastEventId }) => lastEventId)).toEqual(envelopes.map(({ id }) => id));
    expect(events.slice(1).map(({ data }) => JSON.parse(data).msg)).toEqual(envelopes.map(({ frame }) => frame.msg));
    expect(batches.length).toBeGreaterThan(1);
  });

  it('is counted for its transport', () => {
    const { greetings, counts } = start([message(1), message(2), joined(3, 'Bob'), message(4)]);
    for (let n = 0; n < 3; n += 1) greetings.next({ lastEventId: idOf(0) }, at(2), 'events');
    greetings.next({}, at(3), 'websocket');
    greetings.finish();
    expect(counts.events.sent).toMatchObject({ users_online: 3, user_joined: 3, chat_message: 3 * (2 + 1) });
    expect(counts.websocket.sent).toMatchObject({ users_online: 1, user_joined: 0, chat_message: 1 });
  });
});
