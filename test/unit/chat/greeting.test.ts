import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { createTransportCounts } from '../../../src/chat/counts.ts';
import { createFrameLog } from '../../../src/chat/frame-log.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import { createGreetings, type Newcomer } from '../../../src/chat/greeting.ts';
import { createRecovery } from '../../../src/chat/recovery.ts';
import { pieceBytes } from '../../../src/chat/send-queue.ts';
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
