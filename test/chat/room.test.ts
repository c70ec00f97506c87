import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../generated/chat/index.ts';
import type { Backplane, Member } from '../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../src/backplane/local.ts';
import { createRoom, type Entry, type Room, type RoomOptions, type Sink } from '../../src/chat/room.ts';

const ann: Member = { id: '1', username: 'Ann' };
const bob: Member = { id: '2', username: 'Bob' };
const cleo: Member = { id: '3', username: 'Cleo' };

/** A frame in one word or two: `online Ann,Bob`, `joined Ann`, `left Ann`, `Ann: hi`. */
function inShort(bytes: Buffer): string {
  const { type, msg } = JSON.parse(bytes.toString());
  if (type === 'users_online') return `online ${msg.list}`;
  return type === 'chat_message' ? `${msg.from_user}: ${msg.text}` : `${type.slice('user_'.length)} ${msg.username}`;
}

/** A sink that keeps what it gets. */
function listen() {
  const bytes: Buffer[] = [];
  const ends: number[] = [];
  const sink: Sink = { send: (frame) => bytes.push(frame), end: (code) => ends.push(code) };
  return { sink, bytes, ends, frames: () => bytes.map(inShort) };
}

/** The same backplane behind a line that can be held: while it is, neither deliveries nor replies of `admit` come through. */
function behindLine(inner: Backplane) {
  const waiting = { deliveries: [] as (() => void)[], replies: [] as (() => void)[] };
  const held = { deliveries: false, replies: false };
  const letThrough = (which: 'deliveries' | 'replies'): void => {
    held[which] = false;
    for (const pass of waiting[which].splice(0)) pass();
  };
  const backplane: Backplane = {
    ...inner,
    start: (deliver) =>
      inner.start((envelope) =>
        held.deliveries ? void waiting.deliveries.push(() => deliver(envelope)) : deliver(envelope),
      ),
    admit: async (member) => {
      const admission = await inner.admit(member);
      if (held.replies) await new Promise<void>((pass) => waiting.replies.push(pass));
      return admission;
    },
  };
  return { backplane, held, letThrough };
}

async function setUp(options?: RoomOptions) {
  const local = createLocalBackplane({ epoch: Date.UTC(2026, 0, 1) });
  const line = behindLine(local);
  const room = createRoom(line.backplane, options);
  await room.start();
  return { ...line, local, room };
}

async function enter(room: Room, member: Member): Promise<Entry> {
  const entered = await room.enter(member);
  if ('refusal' in entered) throw new Error(`refused: ${entered.refusal}`);
  return entered.entry;
}

async function enterAndOpen(room: Room, member: Member) {
  const entry = await enter(room, member);
  const heard = listen();
  entry.open(heard.sink);
  return { entry, ...heard };
}

describe('room', () => {
  describe('what a session receives', () => {
    it('is users_online first, its own user_joined, and then everything', async () => {
      const { room } = await setUp();
      const first = await enterAndOpen(room, ann);
      const second = await enterAndOpen(room, bob);
      await second.entry.publish({ text: 'hi' });
      await first.entry.release('left');
      expect(first.frames()).toEqual(['online ', 'joined Ann', 'joined Bob', 'Bob: hi']);
      expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Bob: hi', 'left Ann']);
    });

    it('is what everybody else receives, to the byte and in the same memory', async () => {
      const { room } = await setUp();
      const [first, second] = [await enterAndOpen(room, ann), await enterAndOpen(room, bob)];
      await first.entry.publish({ text: 'hi' });
      expect(first.bytes.at(-1)).toBe(second.bytes.at(-1));
    });

    it('waits for its socket, in order', async () => {
      const { room } = await setUp();
      const first = await enterAndOpen(room, ann);
      const late = await enter(room, bob);
      for (const text of ['one', 'two']) await first.entry.publish({ text });
      const heard = listen();
      late.open(heard.sink);
      await first.entry.publish({ text: 'three' });
      expect(heard.frames()).toEqual(['online Ann', 'joined Bob', 'Ann: one', 'Ann: two', 'Ann: three']);
    });

    it('is nothing from before its seat, when this node is behind the reply', async () => {
      const { room, held, letThrough } = await setUp();
      const first = await enterAndOpen(room, ann);
      held.deliveries = true;
      await first.entry.publish({ text: 'before' });
      const second = await enterAndOpen(room, bob);
      await first.entry.publish({ text: 'after' });
      expect(second.frames()).toEqual(['online Ann']);
      letThrough('deliveries');
      expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Ann: after']);
      expect(first.frames().slice(2)).toEqual(['Ann: before', 'joined Bob', 'Ann: after']);
    });

    it('is all since its seat, when the reply comes late', async () => {
      const { room, held, letThrough } = await setUp();
      const first = await enterAndOpen(room, ann);
      held.replies = true;
      const entering = enterAndOpen(room, bob);
      await first.entry.publish({ text: 'meanwhile' });
      letThrough('replies');
      expect((await entering).frames()).toEqual(['online Ann', 'joined Bob', 'Ann: meanwhile']);
    });

    it('shares its users_online with who is seated at the same point of the order', async () => {
      const at = Date.UTC(2026, 0, 1);
      const room = createRoom(createLocalBackplane({ epoch: at, now: () => at }));
      await room.start();
      const first = await enterAndOpen(room, ann);
      const [second, third] = [await enterAndOpen(room, ann), await enterAndOpen(room, ann)];
      await first.entry.publish({ text: 'hi' });
      const fourth = await enterAndOpen(room, ann);
      expect(second.bytes[0]).toBe(third.bytes[0]);
      expect(fourth.bytes[0]).not.toEqual(third.bytes[0]);
      expect(first.frames()[0]).toBe('online ');
    });

    it('ends with its release, also one in the middle of a fan-out', async () => {
      const { room } = await setUp();
      const victims: Entry[] = [];
      const first = await enter(room, ann);
      first.open({
        send: (bytes) => inShort(bytes) === 'Bob: hi' && void victims.pop()?.release('lost'),
        end: () => {},
      });
      const second = await enterAndOpen(room, bob);
      const third = await enterAndOpen(room, cleo);
      victims.push(third.entry);
      await second.entry.publish({ text: 'hi' });
      expect(third.frames()).toEqual(['online Ann,Bob', 'joined Cleo']);
      expect(second.frames().slice(2)).toEqual(['joined Cleo', 'Bob: hi', 'left Cleo']);
      expect(await third.entry.publish({ text: 'gone' })).toBe('refused');
    });

    it('has neither gap nor repetition when sinks open entries and publish while they are sent to', async () => {
      const { room } = await setUp();
      const waiting: { entry: Entry; sink: Sink }[] = [];
      const openOne: Sink = {
        send: () => {
          const next = waiting.pop();
          next?.entry.open(next.sink);
        },
        end: () => {},
      };
      const first = await enterAndOpen(room, ann);
      (await enter(room, ann)).open(openOne);
      const late = [listen(), listen(), listen()];
      for (const { sink } of late) waiting.push({ entry: await enter(room, ann), sink });
      const talker = listen();
      const entry = await enter(room, bob);
      for (const text of ['one', 'two', 'three', 'four']) await first.entry.publish({ text });
      entry.open({
        ...talker.sink,
        send: (bytes) => {
          talker.bytes.push(bytes);
          if (inShort(bytes) === 'Ann: two') void entry.publish({ text: 'now' });
        },
      });
      await first.entry.publish({ text: 'five' });
      const all = ['joined Bob', 'Ann: one', 'Ann: two', 'Ann: three', 'Ann: four', 'Bob: now', 'Ann: five'];
      expect(talker.frames()).toEqual(['online Ann', ...all]);
      for (const { frames } of late) expect(frames()).toEqual(['online Ann', ...all]);
    });
  });

  describe('a sink that throws', () => {
    const broken = new Error('broken');

    it('is ended with 1011 and the reason, and costs the others nothing', async () => {
      const { room } = await setUp();
      const ends: unknown[][] = [];
      let sent = 0;
      const send = (): void => {
        sent += 1;
        if (sent > 2) throw broken;
      };
      (await enter(room, ann)).open({ send, end: (...how) => ends.push(how) });
      const second = await enterAndOpen(room, bob);
      await second.entry.publish({ text: 'hi' });
      expect([ends, sent]).toEqual([[[closeCodes.internal_error, broken]], 3]);
      expect(second.frames()).toEqual(['online Ann', 'joined Bob', 'Bob: hi']);
      expect(room.size).toBe(1);
    });

    it('is ended also by its first frame', async () => {
      const { room } = await setUp();
      const ends: unknown[][] = [];
      const send = (): void => {
        throw broken;
      };
      (await enter(room, ann)).open({ send, end: (...how) => ends.push(how) });
      expect([ends, room.size]).toEqual([[[closeCodes.internal_error, broken]], 0]);
    });

    it('loses its seat if it cannot even be ended', async () => {
      const { room } = await setUp();
      const second = await enterAndOpen(room, bob);
      const fail = (): void => {
        throw broken;
      };
      (await enter(room, ann)).open({ send: fail, end: fail });
      expect(second.frames()).toEqual(['online ', 'joined Bob', 'joined Ann', 'left Ann']);
    });
  });

  describe('frames kept for a session that is not open', () => {
    it('end it as too slow beyond their bound, and the others go on', async () => {
      const { room } = await setUp({ maxKeptFrames: 3 });
      const first = await enterAndOpen(room, ann);
      const [enough, tooMany] = [await enter(room, bob), await enter(room, cleo)];
      const [heardEnough, heardTooMany] = [listen(), listen()];
      await first.entry.publish({ text: 'one' });
      enough.open(heardEnough.sink);
      for (const text of ['two', 'three']) await first.entry.publish({ text });
      tooMany.open(heardTooMany.sink);
      expect(heardEnough.frames()).toHaveLength(6);
      expect(heardTooMany.frames()).toEqual([]);
      expect(heardTooMany.ends).toEqual([closeCodes.too_slow]);
      await tooMany.release('lost');
      expect(first.frames().at(-1)).toBe('left Cleo');
    });

    it('give its seat up beyond their bound if it was not even admitted yet', async () => {
      const { room, held, letThrough } = await setUp({ maxKeptFrames: 1 });
      const first = await enterAndOpen(room, ann);
      held.replies = true;
      const entering = room.enter(bob);
      await first.entry.publish({ text: 'hi' });
      letThrough('replies');
      expect(await entering).toEqual({ refusal: 'unavailable' });
      expect(first.frames().slice(-3)).toEqual(['joined Bob', 'Ann: hi', 'left Bob']);
    });
  });

  describe('refusals', () => {
    it('are those of the backplane, and leave nothing behind', async () => {
      const { room } = await setUp();
      const first = await enterAndOpen(room, ann);
      const namesake = { id: '9', username: 'ANN' };
      expect(await room.refusalOf(namesake)).toBe('name_in_use');
      expect(await room.enter(namesake)).toEqual({ refusal: 'name_in_use' });
      expect(await room.refusalOf(bob)).toBe(undefined);
      expect([room.size, first.frames()]).toEqual([1, ['online ', 'joined Ann']]);
    });
  });

  describe('close', () => {
    it('ends every session with its code, and tells nobody who left', async () => {
      const { room } = await setUp();
      const heard = [listen(), listen(), listen()];
      const entries = [await enter(room, ann), await enter(room, bob), await enter(room, cleo)];
      for (const [index, { sink }] of heard.entries()) {
        entries[index]!.open({
          ...sink,
          end: (code) => {
            sink.end(code);
            void entries[index]!.release('left');
          },
        });
      }
      room.close(closeCodes.going_away);
      for (const { ends, frames } of heard) {
        expect(ends).toEqual([closeCodes.going_away]);
        expect(frames().at(-1)).toBe('joined Cleo');
      }
      expect(room.size).toBe(0);
    });

    it('refuses who comes after it, or is on the way', async () => {
      const { room, local, held, letThrough } = await setUp();
      held.replies = true;
      const entering = room.enter(ann);
      room.close(closeCodes.going_away);
      letThrough('replies');
      expect(await entering).toEqual({ refusal: 'unavailable' });
      expect(await room.enter(bob)).toEqual({ refusal: 'unavailable' });
      expect(await room.refusalOf(bob)).toBe('unavailable');
      // The seat was given up again: the name is free.
      expect(await local.refusalOf({ id: '9', username: 'Ann' })).toBe(undefined);
    });

    it('ends a session that opens after it', async () => {
      const { room } = await setUp();
      const entry = await enter(room, ann);
      const heard = listen();
      room.close(closeCodes.going_away);
      entry.open(heard.sink);
      expect([heard.ends, heard.frames()]).toEqual([[closeCodes.going_away], []]);
    });

    it('ends the others also when a sink cannot be ended', async () => {
      const { room } = await setUp();
      (await enter(room, ann)).open({
        send: () => {},
        end: () => {
          throw new Error('broken');
        },
      });
      const second = await enterAndOpen(room, bob);
      room.close(closeCodes.going_away);
      expect(second.ends).toEqual([closeCodes.going_away]);
    });
  });

  it('counts its sessions, those on their way in included', async () => {
    const { room, held, letThrough } = await setUp();
    const sizes = [room.size];
    held.replies = true;
    const entering = room.enter(ann);
    sizes.push(room.size);
    letThrough('replies');
    await entering;
    sizes.push(room.size);
    const { entry } = await enterAndOpen(room, bob);
    sizes.push(room.size);
    await entry.release('left');
    await entry.release('left');
    sizes.push(room.size);
    expect(sizes).toEqual([0, 1, 1, 2, 1]);
  });
});
