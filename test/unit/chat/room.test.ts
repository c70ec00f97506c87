import { describe, expect, it, vi } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import type { Backplane, Member } from '../../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { encodeError } from '../../../src/chat/frames.ts';
import { createRoom, type Room, type RoomOptions, type RoomSession, type Sink } from '../../../src/chat/room.ts';
import { createTurns, textsIn } from '../../harness/fan-out.ts';

const ann: Member = { id: '1', username: 'Ann' };
const bob: Member = { id: '2', username: 'Bob' };
const cleo: Member = { id: '3', username: 'Cleo' };

/** Returns a frame in one word or two: `online Ann,Bob`, `joined Ann`, `left Ann`, `Ann: hi`, `error unavailable`. */
function inShort(text: string): string {
  const { type, msg } = JSON.parse(text);
  if (type === 'error') return `error ${msg.code}`;
  if (type === 'users_online') return `online ${msg.list}`;
  return type === 'chat_message' ? `${msg.from_user}: ${msg.text}` : `${type.slice('user_'.length)} ${msg.username}`;
}

/** Returns a sink that records its frames. */
function listen() {
  const bytes: Buffer[] = [];
  const ends: number[] = [];
  const sink: Sink = { transport: 'websocket', send: (frame) => bytes.push(frame), end: (code) => ends.push(code) };
  return { sink, bytes, ends, frames: () => bytes.flatMap(textsIn).map(inShort) };
}

/** Returns a backplane that can be held, so that deliveries or answers of `admit` wait. */
function behindLine(inner: Backplane) {
  const waiting = { deliveries: [] as (() => void)[], replies: [] as (() => void)[] };
  const held = { deliveries: false, replies: false };
  const letThrough = (which: 'deliveries' | 'replies'): void => {
    held[which] = false;
    for (const pass of waiting[which].splice(0)) pass();
  };
  const backplane: Backplane = {
    ...inner,
    start: (listener) =>
      inner.start({
        ...listener,
        deliver: (envelope) =>
          held.deliveries ? void waiting.deliveries.push(() => listener.deliver(envelope)) : listener.deliver(envelope),
      }),
    admit: async (...asked) => {
      const admission = await inner.admit(...asked);
      if (held.replies) await new Promise<void>((pass) => waiting.replies.push(pass));
      return admission;
    },
  };
  return { backplane, held, letThrough };
}

async function setUp(options?: Omit<RoomOptions, 'pace'>) {
  const local = createLocalBackplane({ epoch: Date.UTC(2026, 0, 1) });
  const line = behindLine(local);
  const { pace, flush } = createTurns();
  const room = createRoom(line.backplane, { pace, ...options });
  await room.start();
  return { ...line, local, room, flush };
}

async function join(room: Room, member: Member): Promise<RoomSession> {
  const joined = await room.join(member);
  if ('refusal' in joined) throw new Error(`refused: ${joined.refusal}`);
  return joined.session;
}

async function joinAndOpen(room: Room, member: Member) {
  const session = await join(room, member);
  const heard = listen();
  session.open(heard.sink);
  return { session, ...heard };
}

describe('room: delivery', () => {
  it('sends users_online first, then the user’s own user_joined, then everything', async () => {
    const { room, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    flush();
    const second = await joinAndOpen(room, bob);
    flush();
    await second.session.publish({ text: 'hi' });
    await first.session.release('left');
    flush();
    expect(first.frames()).toEqual(['online ', 'joined Ann', 'joined Bob']);
    expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Bob: hi', 'left Ann']);
  });

  it('sends all sessions one batch, in the same memory', async () => {
    const { room, flush } = await setUp();
    const [first, second] = [await joinAndOpen(room, ann), await joinAndOpen(room, bob)];
    flush();
    for (const text of ['one', 'two', 'three']) await first.session.publish({ text });
    const [before] = [first.bytes.length];
    flush();
    expect(first.bytes.length - before).toBe(1);
    expect(first.bytes.at(-1)).toBe(second.bytes.at(-1));
    expect(textsIn(first.bytes.at(-1)!).map(inShort)).toEqual(['Ann: one', 'Ann: two', 'Ann: three']);
  });

  it('keeps frames in order until the socket is open', async () => {
    const { room, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    flush();
    const late = await join(room, bob);
    for (const text of ['one', 'two']) {
      await first.session.publish({ text });
      flush();
    }
    const heard = listen();
    late.open(heard.sink);
    await first.session.publish({ text: 'three' });
    flush();
    expect(heard.frames()).toEqual(['online Ann', 'joined Bob', 'Ann: one', 'Ann: two', 'Ann: three']);
    expect(heard.bytes).toHaveLength(1);
  });

  it('sends nothing from before the seat when this node is behind the answer', async () => {
    const { room, held, letThrough, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    flush();
    held.deliveries = true;
    await first.session.publish({ text: 'before' });
    const second = await joinAndOpen(room, bob);
    flush();
    await first.session.publish({ text: 'after' });
    flush();
    expect(second.frames()).toEqual(['online Ann']);
    letThrough('deliveries');
    flush();
    expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Ann: after']);
    expect(first.frames().slice(2)).toEqual(['Ann: before', 'joined Bob', 'Ann: after']);
  });

  it('sends everything since the seat when the answer comes late', async () => {
    const { room, held, letThrough, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    flush();
    held.replies = true;
    const entering = joinAndOpen(room, bob);
    await first.session.publish({ text: 'meanwhile' });
    flush();
    letThrough('replies');
    const second = await entering;
    flush();
    expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Ann: meanwhile']);
  });
});

describe('room: joining and leaving', () => {
  it('shares the greeting among sessions that join in one batch', async () => {
    const { room, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    flush();
    await first.session.publish({ text: 'hi' });
    const [second, third] = [await joinAndOpen(room, bob), await joinAndOpen(room, cleo)];
    flush();
    expect(second.bytes[0]).toBe(third.bytes[0]);
    expect(third.frames()).toEqual(['online Ann', 'joined Bob', 'joined Cleo']);
  });

  it('greets with a new roster once that batch was sent, or a user left', async () => {
    const { room, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    const second = await joinAndOpen(room, bob);
    flush();
    const third = await joinAndOpen(room, cleo);
    await second.session.release('left');
    const again = await joinAndOpen(room, bob);
    flush();
    expect(first.frames()).toEqual(['online ', 'joined Ann', 'joined Bob', 'joined Cleo', 'left Bob', 'joined Bob']);
    expect(third.frames()).toEqual(['online Ann,Bob', 'joined Cleo', 'left Bob', 'joined Bob']);
    expect(again.frames()).toEqual(['online Ann,Cleo', 'joined Bob']);
  });

  it('sends nothing after the release, also one in the middle of a fan-out', async () => {
    const { room, flush } = await setUp();
    const victims: RoomSession[] = [];
    const first = await join(room, ann);
    first.open({
      transport: 'websocket',
      send: (bytes) => textsIn(bytes).map(inShort).includes('Bob: hi') && void victims.pop()?.release('lost'),
      end: () => {},
    });
    flush();
    const second = await joinAndOpen(room, bob);
    const third = await joinAndOpen(room, cleo);
    flush();
    victims.push(third.session);
    await second.session.publish({ text: 'hi' });
    flush();
    expect(third.frames()).toEqual(['online Ann', 'joined Bob', 'joined Cleo']);
    expect(second.frames().slice(2)).toEqual(['joined Cleo', 'Bob: hi', 'left Cleo']);
    expect(await third.session.publish({ text: 'gone' })).toBe('refused');
  });

  it('leaves no gap and repeats nothing when sinks open sessions and publish while they are sent to', async () => {
    const { room, flush } = await setUp();
    const waiting: { session: RoomSession; sink: Sink }[] = [];
    const openOne: Sink = {
      transport: 'websocket',
      send: () => {
        const next = waiting.pop();
        next?.session.open(next.sink);
      },
      end: () => {},
    };
    const first = await joinAndOpen(room, ann);
    (await join(room, ann)).open(openOne);
    flush();
    const late = [listen(), listen(), listen()];
    for (const { sink } of late) waiting.push({ session: await join(room, ann), sink });
    const talker = listen();
    const session = await join(room, bob);
    for (const text of ['one', 'two']) await first.session.publish({ text });
    session.open({
      ...talker.sink,
      send: (bytes) => {
        talker.bytes.push(bytes);
        if (textsIn(bytes).map(inShort).includes('Ann: two')) void session.publish({ text: 'now' });
      },
    });
    flush();
    await first.session.publish({ text: 'three' });
    flush();
    const all = ['joined Bob', 'Ann: one', 'Ann: two', 'Bob: now', 'Ann: three'];
    expect(talker.frames()).toEqual(['online Ann', ...all]);
    for (const { frames } of late) expect(frames()).toEqual(['online Ann', ...all]);
  });
});

it('room: sends a session that opens in a flush what is published in it, once', async () => {
  const { room, flush } = await setUp();
  const first = await join(room, ann);
  let published = false;
  first.open({
    transport: 'websocket',
    send: () => {
      if (!published) void first.publish({ text: 'in the middle' });
      published = true;
    },
    end: () => {},
  });
  const witness = await joinAndOpen(room, cleo);
  flush();
  published = false;
  const second = await joinAndOpen(room, bob);
  flush();
  expect(second.frames()).toEqual(['online Ann,Cleo', 'joined Bob', 'Ann: in the middle']);
  expect(witness.frames().slice(-2)).toEqual(['joined Bob', 'Ann: in the middle']);
});

describe('room: replies and ends', () => {
  const reply = (code: 'unavailable' | 'malformed_json'): Buffer => encodeError({ code, detail: 'planted' });

  it('sends a reply after all earlier frames, and only to its session', async () => {
    const { room, flush } = await setUp();
    const [first, second] = [await joinAndOpen(room, ann), await joinAndOpen(room, bob)];
    flush();
    await first.session.publish({ text: 'hi' });
    first.session.reply(reply('unavailable'));
    first.session.reply(reply('malformed_json'));
    flush();
    expect(first.frames().slice(3)).toEqual(['Ann: hi', 'error unavailable', 'error malformed_json']);
    expect(second.frames()).toEqual(['online ', 'joined Ann', 'joined Bob', 'Ann: hi']);
  });

  it('sends a reply behind users_online', async () => {
    const { room, flush } = await setUp();
    const { session, frames } = await joinAndOpen(room, ann);
    session.reply(reply('unavailable'));
    flush();
    expect(frames()).toEqual(['online ', 'joined Ann', 'error unavailable']);
  });

  it('sends no reply and no end after the release', async () => {
    const { room, flush } = await setUp();
    const { session, frames, ends } = await joinAndOpen(room, ann);
    flush();
    session.reply(reply('unavailable'));
    await session.release('lost');
    session.reply(reply('unavailable'));
    session.end(closeCodes.policy);
    flush();
    expect([frames(), ends]).toEqual([['online ', 'joined Ann'], []]);
  });

  it('ends a session behind its frames and its replies', async () => {
    const { room, flush } = await setUp();
    const [first, second] = [await joinAndOpen(room, ann), await joinAndOpen(room, bob)];
    flush();
    await second.session.publish({ text: 'hi' });
    first.session.reply(reply('unavailable'));
    first.session.end(closeCodes.policy);
    expect(first.ends).toEqual([]);
    flush();
    expect([first.frames().slice(3), first.ends]).toEqual([['Bob: hi', 'error unavailable'], [closeCodes.policy]]);
    await second.session.publish({ text: 'you there?' });
    flush();
    expect(first.frames()).toHaveLength(5);
  });
});

describe('room: a sink that throws', () => {
  const broken = new Error('broken');

  it('is ended with 1011 and the reason, and costs the others nothing', async () => {
    const { room, flush } = await setUp();
    const ends: unknown[][] = [];
    let sent = 0;
    const send = (): void => {
      sent += 1;
      if (sent > 1) throw broken;
    };
    (await join(room, ann)).open({ transport: 'websocket', send, end: (...how) => ends.push(how) });
    flush();
    const second = await joinAndOpen(room, bob);
    await second.session.publish({ text: 'hi' });
    flush();
    expect([ends, sent]).toEqual([[[closeCodes.internal_error, broken]], 2]);
    expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Bob: hi']);
    expect(room.size).toBe(1);
  });

  it('is ended if it throws at its first frame', async () => {
    const { room, flush } = await setUp();
    const ends: unknown[][] = [];
    const send = (): void => {
      throw broken;
    };
    (await join(room, ann)).open({ transport: 'websocket', send, end: (...how) => ends.push(how) });
    flush();
    expect([ends, room.size]).toEqual([[[closeCodes.internal_error, broken]], 0]);
  });

  it('loses its seat if it cannot even be ended', async () => {
    const { room, flush } = await setUp();
    const second = await joinAndOpen(room, bob);
    const fail = (): void => {
      throw broken;
    };
    (await join(room, ann)).open({ transport: 'websocket', send: fail, end: fail });
    flush();
    expect(second.frames()).toEqual(['online ', 'joined Bob', 'joined Ann', 'left Ann']);
  });
});

describe('room: frames kept for a session that is not open', () => {
  it('end it as too slow beyond their limit, and the others go on', async () => {
    const { room, flush } = await setUp({ maxKeptFrames: 3 });
    const first = await joinAndOpen(room, ann);
    flush();
    const enough = await join(room, bob);
    flush();
    const tooMany = await join(room, cleo);
    const [heardEnough, heardTooMany] = [listen(), listen()];
    await first.session.publish({ text: 'one' });
    enough.open(heardEnough.sink);
    flush();
    for (const text of ['two', 'three']) await first.session.publish({ text });
    flush();
    tooMany.open(heardTooMany.sink);
    flush();
    expect(heardEnough.frames()).toHaveLength(6);
    expect(heardTooMany.frames()).toEqual([]);
    expect(heardTooMany.ends).toEqual([closeCodes.too_slow]);
    await tooMany.release('lost');
    flush();
    expect(first.frames().at(-1)).toBe('left Cleo');
  });

  it('give its seat up beyond their limit if it was not even admitted yet', async () => {
    const { room, held, letThrough, flush } = await setUp({ maxKeptFrames: 1 });
    const first = await joinAndOpen(room, ann);
    flush();
    held.replies = true;
    const entering = room.join(bob);
    await first.session.publish({ text: 'hi' });
    flush();
    letThrough('replies');
    expect(await entering).toEqual({ refusal: 'unavailable' });
    flush();
    expect(first.frames().slice(-3)).toEqual(['joined Bob', 'Ann: hi', 'left Bob']);
  });
});

describe('room: refusals', () => {
  it('match the backplane, and leave nothing behind', async () => {
    const { room, flush } = await setUp();
    const first = await joinAndOpen(room, ann);
    const namesake = { id: '9', username: 'ANN' };
    expect(await room.refusalOf(namesake)).toBe('name_in_use');
    expect(await room.join(namesake)).toEqual({ refusal: 'name_in_use' });
    expect(await room.refusalOf(bob)).toBe(undefined);
    flush();
    expect([room.size, first.frames()]).toEqual([1, ['online ', 'joined Ann']]);
  });

  it('happen while the node is full, joining sessions included', async () => {
    const { room, held, letThrough } = await setUp({ maxSessions: 2 });
    const first = await joinAndOpen(room, ann);
    held.replies = true;
    const entering = join(room, bob);
    expect(await room.refusalOf(cleo)).toBe('server_full');
    expect(await room.join(cleo)).toEqual({ refusal: 'server_full' });
    letThrough('replies');
    await entering;
    await first.session.release('left');
    expect(await room.refusalOf(cleo)).toBe(undefined);
    await join(room, cleo);
    expect(room.size).toBe(2);
  });
});

describe('room: close', () => {
  const afterTimers = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

  it('ends every session with its code, after all accepted messages', async () => {
    const { room, flush } = await setUp();
    const heard = [listen(), listen(), listen()];
    const sessions = [await join(room, ann), await join(room, bob), await join(room, cleo)];
    for (const [index, { sink }] of heard.entries()) {
      sessions[index]!.open({
        ...sink,
        end: (code) => {
          sink.end(code);
          void sessions[index]!.release('left');
        },
      });
    }
    flush();
    await sessions[0]!.publish({ text: 'bye' });
    room.close(closeCodes.going_away, 0);
    await afterTimers();
    flush();
    for (const { ends, frames } of heard) {
      expect(ends).toEqual([closeCodes.going_away]);
      expect(frames().slice(0, 5)).toEqual(['online ', 'joined Ann', 'joined Bob', 'joined Cleo', 'Ann: bye']);
    }
    expect(room.size).toBe(0);
  });

  it('spreads the ends over its window, and sends the remaining sessions user_left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const { room, flush } = await setUp();
    const heard = listen();
    const ends: string[] = [];
    for (const [index, member] of [ann, bob, cleo].entries()) {
      const session = await join(room, member);
      const end = (): void => {
        ends.push(member.username);
        void session.release('left');
      };
      session.open(index < 2 ? { transport: 'websocket', send: () => {}, end } : { ...heard.sink, end });
    }
    room.close(closeCodes.going_away, 3_000);
    const seen: string[][] = [];
    for (let second = 0; second < 3; second += 1) {
      vi.advanceTimersByTime(1_000);
      flush();
      seen.push([...ends]);
    }
    vi.useRealTimers();
    expect(seen).toEqual([['Ann'], ['Ann', 'Bob'], ['Ann', 'Bob', 'Cleo']]);
    expect(heard.frames().slice(-2)).toEqual(['left Ann', 'left Bob']);
  });

  it('refuses sessions that join after it, or are joining', async () => {
    const { room, local, held, letThrough, flush } = await setUp();
    held.replies = true;
    const entering = room.join(ann);
    room.close(closeCodes.going_away, 0);
    await afterTimers();
    flush();
    letThrough('replies');
    expect(await entering).toEqual({ refusal: 'unavailable' });
    expect(await room.join(bob)).toEqual({ refusal: 'unavailable' });
    expect(await room.refusalOf(bob)).toBe('unavailable');
    // The seat was released, so the name is free.
    expect(await local.refusalOf({ id: '9', username: 'Ann' })).toBe(undefined);
  });

  it('ends a session that opens after it', async () => {
    const { room, flush } = await setUp();
    const session = await join(room, ann);
    const heard = listen();
    room.close(closeCodes.going_away, 0);
    await afterTimers();
    flush();
    session.open(heard.sink);
    flush();
    expect([heard.ends, heard.frames()]).toEqual([[closeCodes.going_away], []]);
  });

  it('ends the others also when a sink cannot be ended', async () => {
    const { room, flush } = await setUp();
    (await join(room, ann)).open({
      transport: 'websocket',
      send: () => {},
      end: () => {
        throw new Error('broken');
      },
    });
    const second = await joinAndOpen(room, bob);
    flush();
    room.close(closeCodes.going_away, 0);
    await afterTimers();
    flush();
    expect(second.ends).toEqual([closeCodes.going_away]);
  });
});

it('room: counts its sessions, joining ones included', async () => {
  const { room, held, letThrough } = await setUp();
  const counted = () => ({ size: room.size, ...room.sessionCounts() });
  expect(counted()).toEqual({ size: 0, websocket: 0, events: 0, joining: 0 });
  held.replies = true;
  const entering = room.join(ann);
  expect(counted()).toEqual({ size: 1, websocket: 0, events: 0, joining: 1 });
  letThrough('replies');
  await entering;
  expect(counted()).toMatchObject({ size: 1, joining: 1 });
  const { session } = await joinAndOpen(room, bob);
  expect(counted()).toEqual({ size: 2, websocket: 1, events: 0, joining: 1 });
  await session.release('left');
  await session.release('left');
  expect(counted()).toEqual({ size: 1, websocket: 0, events: 0, joining: 1 });
});
