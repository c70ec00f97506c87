/** The suite that every adapter of the backplane passes. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type {
  Admission,
  Backplane,
  Draft,
  Envelope,
  Member,
  MessageEnvelope,
  OrderedFrame,
  Posted,
  Seat,
} from '../../src/backplane/backplane.ts';

const ann: Member = { id: '1', username: 'Ann' };
const bob: Member = { id: '2', username: 'Bob' };
const cleo: Member = { id: '3', username: 'Cleo' };

/** Users by the names that they have in these tests. */
const ids: Readonly<Record<string, string>> = { Ann: '1', Anna: '1', Bob: '2', Cleo: '3', ANN: '9' };
const idOf = (username: string): string => ids[username] ?? `id of ${username}`;

const presence = (type: 'user_joined' | 'user_left', username: string, user_id = idOf(username)): OrderedFrame => ({
  type,
  msg: { username, user_id },
});
const joined = (username: string, id?: string): OrderedFrame => presence('user_joined', username, id);
const left = (username: string, id?: string): OrderedFrame => presence('user_left', username, id);
const message = (from_user: string, text: string, from_user_id = idOf(from_user)): OrderedFrame => ({
  type: 'chat_message',
  msg: { from_user, from_user_id, text },
});
const namesOf = (roster: readonly Member[]): string[] => roster.map(({ username }) => username);

const byIndex = (_: unknown, index: number): string => `message ${index}`;

interface OpenOptions {
  /** None if absent. */
  readonly presenceGraceMs?: number;
}
type Open = (options?: OpenOptions) => Backplane | Promise<Backplane>;
type SetUp = (options?: OpenOptions) => Promise<Awaited<ReturnType<typeof start>>>;

/** Starts a backplane with an empty room, and records its deliveries. It closes after the test. */
async function start(open: Open, options?: OpenOptions) {
  const backplane = await open(options);
  onTestFinished(() => backplane.close());
  const heard: Envelope[] = [];
  let wake = (): void => {};
  await backplane.start({
    deliver: (envelope) => {
      heard.push(envelope);
      wake();
    },
  });
  /** Waits until a frame was delivered, and everything before it. */
  const until = async (frame: OrderedFrame): Promise<void> => {
    const wanted = JSON.stringify(frame);
    while (!heard.some((envelope) => JSON.stringify(envelope.frame) === wanted)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    backplane,
    heard,
    until,
    frames: () => heard.map(({ frame }) => frame),
    seat: async (member: Member): Promise<Seat> => seatOf(await backplane.admit(member)),
    /** Publishes a message and waits for it. */
    fence: async (seat: Seat, username: string): Promise<void> => {
      expect(await seat.publish({ text: 'fence' })).toBe('accepted');
      await until(message(username, 'fence'));
    },
  };
}

function joining(setUp: SetUp): void {
  describe('joining', () => {
    it('seats a first session just before its own user_joined', async () => {
      const { seat, until, heard, frames } = await setUp();
      const first = await seat(ann);
      const second = await seat(bob);
      await until(joined('Bob'));
      expect(frames()).toEqual([joined('Ann'), joined('Bob')]);
      expect([first.roster, second.roster]).toEqual([[], [ann]]);
      expect(first.id < heard[0]!.id).toBe(true);
      expect(second.id >= heard[0]!.id && second.id < heard[1]!.id).toBe(true);
    });

    it('seats a further session with its own name in the roster and announces nothing', async () => {
      const { seat, fence, heard, frames } = await setUp();
      await seat(ann);
      const further = await seat(ann);
      await fence(further, 'Ann');
      expect(namesOf(further.roster)).toEqual(['Ann']);
      expect(frames()).toEqual([joined('Ann'), message('Ann', 'fence')]);
      expect(further.id >= heard[0]!.id && further.id < heard[1]!.id).toBe(true);
    });

    it('keeps the name of a user’s first session for as long as the user stays', async () => {
      const { seat, fence, until, frames } = await setUp();
      const first = await seat(ann);
      const renamed = await seat({ id: ann.id, username: 'Anna' });
      await first.release('left');
      await fence(renamed, 'Ann');
      expect(namesOf((await seat(bob)).roster)).toEqual(['Ann']);
      await renamed.release('left');
      await until(left('Ann'));
      expect(namesOf((await seat({ id: ann.id, username: 'Anna' })).roster)).toEqual(['Bob']);
      await until(joined('Anna'));
      expect(frames()).toEqual([joined('Ann'), message('Ann', 'fence'), joined('Bob'), left('Ann'), joined('Anna')]);
    });

    it('keeps the roster in join order; a user that joins again is last', async () => {
      const { seat, until } = await setUp();
      const first = await seat(cleo);
      await seat(ann);
      await seat(bob);
      expect(namesOf((await seat(bob)).roster)).toEqual(['Cleo', 'Ann', 'Bob']);
      await first.release('left');
      await until(left('Cleo'));
      await seat(cleo);
      expect(namesOf((await seat(bob)).roster)).toEqual(['Ann', 'Bob', 'Cleo']);
    });

    it('gives sessions that join at once rosters that the stream completes', async () => {
      const { backplane, until, heard, seat } = await setUp();
      const members = Array.from({ length: 20 }, (_, n): Member => ({ id: `${n % 15}`, username: `user ${n % 15}` }));
      const seats = (await Promise.all(members.map((member) => backplane.admit(member)))).map(seatOf);
      for (const { username, id } of members) await until(joined(username, id));
      const now = namesOf((await seat(members[0]!)).roster);
      for (const { id, roster } of seats) {
        const since = heard.filter((envelope) => envelope.id > id);
        expect([
          ...namesOf(roster),
          ...since.map(({ frame }) => 'username' in frame.msg && frame.msg.username),
        ]).toEqual(now);
      }
    });

    it('seats a session at or after the id it names, with the roster of that position', async () => {
      const { backplane, seat, fence, until, heard } = await setUp();
      const witness = await seat(ann);
      await fence(witness, 'Ann');
      const since = heard.at(-1)!.id;
      const joinAndLeave = async (member: Member): Promise<Seat> => {
        const one = seatOf(await backplane.admit(member, since));
        await one.release('left');
        await until(left(member.username));
        return one;
      };
      const seats = [
        seatOf(await backplane.admit(bob, since)),
        seatOf(await backplane.admit(ann, since)),
        await joinAndLeave(cleo),
        seatOf(await backplane.admit(cleo, since)),
        seatOf(await backplane.admit({ id: '4', username: 'Dora' }, since)),
      ];
      await until(joined('Dora', '4'));
      for (const [index, { id, roster }] of seats.entries()) {
        expect(id >= since).toBe(true);
        const names = new Set<string>();
        for (const { id: at, frame } of heard) {
          if (at > id) break;
          if (frame.type === 'user_joined') names.add(frame.msg.username);
          if (frame.type === 'user_left') names.delete(frame.msg.username);
        }
        expect([...names]).toEqual(namesOf(roster));
        // A newcomer is not in its own roster, unless the user has another session.
        expect(namesOf(roster).includes(['Bob', 'Ann', 'Cleo', 'Cleo', 'Dora'][index]!)).toBe(index === 1);
      }
    });
  });
}

function leaving(setUp: SetUp): void {
  describe('leaving', () => {
    for (const how of ['left', 'lost'] as const) {
      it(`announces user_left once, after the last session (${how})`, async () => {
        const { seat, fence, until, frames } = await setUp();
        const witness = await seat(bob);
        const seats = [await seat(ann), await seat(ann)];
        await seats[0]!.release(how);
        await fence(witness, 'Bob');
        expect(frames()).not.toContainEqual(left('Ann'));
        await seats[1]!.release(how);
        await until(left('Ann'));
        await witness.release('left');
        await until(left('Bob'));
        expect(frames().slice(-2)).toEqual([left('Ann'), left('Bob')]);
      });
    }

    it('ignores a second release of a seat', async () => {
      const { seat, until, frames } = await setUp();
      const witness = await seat(bob);
      const [first, other] = [await seat(ann), await seat(ann)];
      await Promise.all([first.release('left'), first.release('lost'), first.release('left')]);
      expect(await other.publish({ text: 'still here' })).toBe('accepted');
      await other.release('left');
      await other.release('left');
      await witness.publish({ text: 'end' });
      await until(message('Bob', 'end'));
      const want = [joined('Bob'), joined('Ann'), message('Ann', 'still here'), left('Ann'), message('Bob', 'end')];
      expect(frames()).toEqual(want);
    });
  });
}

function names(setUp: SetUp): void {
  describe('names', () => {
    const taken = { given: 'Ｊosé Ⅳ', want: 'name_in_use' } as const;
    const cases: [string, { given: Member; want: 'name_in_use' | undefined }][] = [
      ['the same name', { given: { id: '9', username: 'José IV' }, want: taken.want }],
      ['another case', { given: { id: '9', username: 'JOSÉ iv' }, want: taken.want }],
      ['another normal form', { given: { id: '9', username: 'Jose\u0301 IV' }, want: taken.want }],
      ['another name', { given: { id: '9', username: 'Jose IV' }, want: undefined }],
      ['the same user', { given: { id: '1', username: 'José IV' }, want: undefined }],
    ];
    for (const [behaviour, { given, want }] of cases) {
      it(`${want ? 'refuses' : 'admits'} ${behaviour}`, async () => {
        const { backplane, seat } = await setUp();
        await seat({ id: '1', username: taken.given });
        expect(await backplane.refusalOf(given)).toBe(want);
        const admission = await backplane.admit(given);
        expect('refusal' in admission ? admission.refusal : undefined).toBe(want);
      });
    }

    it('changes nothing when it refuses, or when asked whether it would', async () => {
      const { backplane, seat, fence, frames } = await setUp();
      const first = await seat(ann);
      await backplane.refusalOf(bob);
      await backplane.refusalOf({ id: '9', username: 'ann' });
      await backplane.admit({ id: '9', username: 'ann' });
      expect(namesOf((await seat(ann)).roster)).toEqual(['Ann']);
      await fence(first, 'Ann');
      expect(frames()).toEqual([joined('Ann'), message('Ann', 'fence')]);
    });

    it('frees a name when its holder has left', async () => {
      const { backplane, seat, until } = await setUp();
      const holder = await seat(ann);
      await holder.release('left');
      await until(left('Ann'));
      expect(await backplane.refusalOf({ id: '9', username: 'ANN' })).toBe(undefined);
      expect(namesOf((await seat({ id: '9', username: 'ANN' })).roster)).toEqual([]);
    });

    it('admits a further session under a name that another user holds, and holds none for it', async () => {
      const { backplane, seat } = await setUp();
      await seat(ann);
      await seat({ id: ann.id, username: 'Cleo' });
      await seat(bob);
      expect(await backplane.refusalOf({ id: ann.id, username: 'Bob' })).toBe(undefined);
      expect(namesOf((await seat({ id: ann.id, username: 'Bob' })).roster)).toEqual(['Ann', 'Bob']);
      expect(namesOf((await seat(cleo)).roster)).toEqual(['Ann', 'Bob']);
    });
  });
}

function stream(setUp: SetUp, open: Open): void {
  describe('stream', () => {
    it('gives every envelope an id that sorts after all before it, and a time that is never earlier', async () => {
      const { seat, until, heard } = await setUp();
      const first = await seat(ann);
      const texts = Array.from({ length: 120 }, byIndex);
      for (const text of texts) await first.publish({ text });
      const last = await seat(bob);
      await until(joined('Bob'));
      const ids = [first.id, ...heard.map(({ id }) => id)];
      expect(ids).toEqual([...new Set(ids)].sort());
      expect(last.id >= ids.at(-2)! && last.id < ids.at(-1)!).toBe(true);
      const times = [
        first.sentAt,
        ...heard.slice(0, -1).map(({ sentAt }) => sentAt),
        last.sentAt,
        heard.at(-1)!.sentAt,
      ];
      expect(times).toEqual(times.toSorted());
      for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    it('publishes a seat’s drafts in the order of the calls, and releases it after them', async () => {
      const { seat, until, frames } = await setUp();
      const seats = { Ann: await seat(ann), Bob: await seat(bob) };
      const texts = Array.from({ length: 50 }, byIndex);
      const answers = texts.flatMap((text) => [seats.Ann.publish({ text }), seats.Bob.publish({ text })]);
      await Promise.all([...answers, seats.Ann.release('left'), seats.Bob.release('left')]);
      await until(left('Ann'));
      await until(left('Bob'));
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['accepted']));
      for (const username of ['Ann', 'Bob']) {
        const own = frames().filter(({ msg }) => ('username' in msg ? msg.username : msg.from_user) === username);
        expect(own).toEqual([joined(username), ...texts.map((text) => message(username, text)), left(username)]);
      }
    });

    it('delivers frames published inside deliver after the one that is being delivered', async () => {
      const backplane = await open();
      onTestFinished(() => backplane.close());
      const log: string[] = [];
      let seat: Seat | undefined;
      let done = (): void => {};
      const all = new Promise<void>((resolve) => {
        done = resolve;
      });
      await backplane.start({
        deliver: ({ frame }) => {
          if (frame.type !== 'chat_message') return;
          const { text } = frame.msg;
          log.push(`${text} begins`);
          if (text === 'one') {
            void seat?.publish({ text: 'two' });
            void seat?.publish({ text: 'three' });
          }
          log.push(`${text} ends`);
          if (text === 'three') done();
        },
      });
      seat = seatOf(await backplane.admit(ann));
      await seat.publish({ text: 'one' });
      await all;
      expect(log).toEqual(['one', 'two', 'three'].flatMap((text) => [`${text} begins`, `${text} ends`]));
    });
  });
}

const drafts: [string, Draft][] = [
  ['plain text', { text: 'Hello!' }],
  ['a nonce', { text: 'Hello!', nonce: 'n-1' }],
  ['white space and line ends', { text: '  a\r\n\tb\u2028c\u0000 ', nonce: ' ' }],
  ['text in no normal form', { text: 'e\u0301 ﬁ Ⅳ', nonce: 'ａ' }],
  ['characters beyond the basic plane', { text: '👩‍👩‍👧 𝒳 \u{10ffff}', nonce: '😀' }],
  ['text that looks like syntax', { text: '"}],\\u0041{{1}}%s$&', nonce: '__proto__' }],
  ['numbers as text', { text: '1e999', nonce: '007' }],
];

function messages(setUp: SetUp): void {
  describe('messages', () => {
    it('publishes a nonce of a user once, and answers the repeat with the first envelope', async () => {
      const { seat, fence, frames, heard } = await setUp();
      const [first, other, tab] = [await seat(ann), await seat(bob), await seat(ann)];
      expect(await first.publish({ text: 'once', nonce: 'n' })).toBe('accepted');
      expect(await other.publish({ text: 'his', nonce: 'n' })).toBe('accepted');
      const repeated = await tab.publish({ text: 'twice', nonce: 'n' });
      await fence(tab, 'Ann');
      const texts = frames().flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
      expect(texts).toEqual(['once', 'his', 'fence']);
      expect(repeated).toEqual({
        repeats: heard.find(({ userId, frame }) => userId && frame.type === 'chat_message'),
      });
    });

    for (const [behaviour, draft] of drafts) {
      it(`delivers ${behaviour} exactly as sent`, async () => {
        const { seat, until, heard } = await setUp();
        await (await seat(ann)).publish(draft);
        const want = { type: 'chat_message', msg: { from_user: 'Ann', from_user_id: ann.id, ...draft } } as const;
        await until(want);
        expect(heard.at(-1)?.frame).toEqual(want);
      });
    }

    it('leaves a nonce that was not sent out of the frame', async () => {
      const { seat, until, heard } = await setUp();
      await (await seat(ann)).publish({ text: 'Hello!', nonce: undefined });
      await until(message('Ann', 'Hello!'));
      expect(Object.keys(heard.at(-1)!.frame.msg)).toEqual(['from_user', 'from_user_id', 'text']);
    });

    it('refuses a draft after the release of the seat', async () => {
      const { seat, fence, frames } = await setUp();
      const witness = await seat(bob);
      const first = await seat(ann);
      await seat(ann);
      await first.release('left');
      expect(await first.publish({ text: 'too late' })).toBe('refused');
      await fence(witness, 'Bob');
      expect(frames()).not.toContainEqual(message('Ann', 'too late'));
    });
  });
}

/** Returns the envelope of a message that was published. */
function publishedIn(posted: Posted): MessageEnvelope {
  if ('published' in posted) return posted.published;
  throw new Error(`not published: ${JSON.stringify(posted)}`);
}

function publishing(setUp: SetUp): void {
  describe('publishing without a seat', () => {
    it('answers with the envelope, which it has delivered before', async () => {
      const { backplane, seat, heard } = await setUp();
      await seat(bob);
      const answer = backplane.publish(ann, { text: 'hi' });
      const posted = publishedIn(await answer);
      expect(posted).toEqual({ ...heard.at(-1), frame: message('Ann', 'hi'), userId: ann.id });
      expect(posted.id > heard.at(-2)!.id).toBe(true);
    });

    it('takes nobody into the room', async () => {
      const { backplane, seat, frames } = await setUp();
      publishedIn(await backplane.publish(ann, { text: 'hi' }));
      expect(backplane.memberCount()).toBe(0);
      expect((await seat(bob)).roster).toEqual([]);
      expect(frames().slice(0, 1)).toEqual([message('Ann', 'hi')]);
    });

    for (const [behaviour, draft] of drafts) {
      it(`delivers ${behaviour} exactly as sent`, async () => {
        const { backplane, heard } = await setUp();
        const { frame } = publishedIn(await backplane.publish(ann, draft));
        expect(frame).toEqual({ type: 'chat_message', msg: { from_user: 'Ann', from_user_id: ann.id, ...draft } });
        expect(heard.at(-1)!.frame).toEqual(frame);
      });
    }

    it.each([
      ['quotes and backslashes', '"Ann" \\ \\" \\u0041'],
      ['slashes', '/Ann/ </script>'],
      ['letters beyond ASCII', 'Ænn Ñandú ⅳ 安'],
      ['characters beyond the basic plane', '👩‍👩‍👧 𝒳 \u{10ffff}'],
      ['control characters and line separators', 'A\u0001\u007f\u2028nn'],
      ['characters of a pattern', '%s %1 $& [a-z]'],
    ])('keeps %s in a name, of the token and of the room', async (_, username) => {
      const { backplane, seat, frames } = await setUp();
      const outside = publishedIn(await backplane.publish({ id: '1', username }, { text: 'from outside' }));
      await seat({ id: '1', username });
      const inside = publishedIn(await backplane.publish({ id: '1', username: 'Ann' }, { text: 'from inside' }));
      const want = [message(username, 'from outside', '1'), message(username, 'from inside', '1')];
      expect([outside.frame, inside.frame]).toEqual(want);
      expect(frames()).toEqual([want[0], joined(username, '1'), want[1]]);
    });

    it('keeps the order of the calls, in one stream with the messages of seats', async () => {
      const { backplane, seat, fence, heard } = await setUp();
      const seated = await seat(bob);
      const texts = Array.from({ length: 50 }, byIndex);
      const answers = await Promise.all(
        texts.flatMap((text) => [backplane.publish(ann, { text }), seated.publish({ text })]),
      );
      await fence(seated, 'Bob');
      const posted = answers.flatMap((answer) => (answer === 'accepted' ? [] : publishedIn(answer as Posted)));
      for (const [username, id] of [
        ['Ann', ann.id],
        ['Bob', bob.id],
      ] as const) {
        const own = heard.filter(({ userId, frame }) => userId === id && frame.type === 'chat_message').slice(0, 50);
        expect(own.map(({ frame }) => frame)).toEqual(texts.map((text) => message(username, text)));
        if (username === 'Ann') expect(own).toEqual(posted);
      }
      const all = heard.map(({ id }) => id);
      expect(all).toEqual([...new Set(all)].sort());
    });
  });
}

function publishedNames(setUp: SetUp): void {
  describe('the name of a message without a seat', () => {
    it('is the room’s while the user is there, and the token’s otherwise', async () => {
      const { backplane, seat, until, frames } = await setUp();
      const anna: Member = { id: ann.id, username: 'Anna' };
      const seated = await seat(ann);
      publishedIn(await backplane.publish(anna, { text: 'there' }));
      await seated.release('left');
      await until(left('Ann'));
      publishedIn(await backplane.publish(anna, { text: 'gone' }));
      expect(frames()).toEqual([joined('Ann'), message('Ann', 'there'), left('Ann'), message('Anna', 'gone')]);
    });

    it('stays with a user who may still reconnect', async () => {
      const { backplane, seat } = await setUp({ presenceGraceMs: 60_000 });
      await (await seat(ann)).release('lost');
      const own = await backplane.publish({ id: ann.id, username: 'Anna' }, { text: 'still here' });
      expect(publishedIn(own).frame).toEqual(message('Ann', 'still here'));
      expect(await backplane.publish({ id: '9', username: 'ANN' }, { text: 'x' })).toEqual({ refusal: 'name_in_use' });
    });

    it('is refused while another member holds it, in any form', async () => {
      const { backplane, seat, until, frames } = await setUp();
      const holder = await seat(ann);
      for (const username of ['Ann', 'ANN', 'Ａｎｎ'])
        expect(await backplane.publish({ id: '9', username }, { text: 'x' })).toEqual({ refusal: 'name_in_use' });
      await holder.release('left');
      await until(left('Ann'));
      publishedIn(await backplane.publish({ id: '9', username: 'ANN' }, { text: 'mine' }));
      expect(frames()).toEqual([joined('Ann'), left('Ann'), message('ANN', 'mine')]);
    });
  });
}

function publishedNonces(setUp: SetUp): void {
  describe('the nonce of a message without a seat', () => {
    it('is published once, whether the user has a seat or not', async () => {
      const { backplane, seat, heard, frames } = await setUp();
      const seated = await seat(ann);
      const posted = publishedIn(await backplane.publish(ann, { text: 'first', nonce: 'posted' }));
      expect(await seated.publish({ text: 'again', nonce: 'posted' })).toEqual({ repeats: posted });
      expect(await backplane.publish(ann, { text: 'again', nonce: 'posted' })).toEqual({ repeats: posted });
      expect(await seated.publish({ text: 'second', nonce: 'seated' })).toBe('accepted');
      const repeated = await backplane.publish(ann, { text: 'again', nonce: 'seated' });
      expect(repeated).toEqual({ repeats: heard.at(-1) });
      // The nonces of another user are others.
      publishedIn(await backplane.publish(bob, { text: 'his', nonce: 'posted' }));
      const texts = frames().flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
      expect(texts).toEqual(['first', 'second', 'his']);
    });

    it('is published once if it is sent many times at once, with a seat and without', async () => {
      const { backplane, seat, fence, heard } = await setUp();
      const seated = await seat(ann);
      const draft: Draft = { text: 'once', nonce: 'n' };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? backplane.publish(ann, draft) : seated.publish(draft))),
      );
      await fence(seated, 'Ann');
      const own = heard.filter(({ frame }) => frame.type === 'chat_message' && frame.msg.text === 'once');
      expect(own).toHaveLength(1);
      const first = answers.filter((answer) => answer === 'accepted' || Object.hasOwn(answer as object, 'published'));
      expect(first).toHaveLength(1);
      for (const answer of answers) if (!first.includes(answer)) expect(answer).toEqual({ repeats: own[0] });
    });

    it('is answered with the first envelope, also when another member holds the name by now', async () => {
      const { backplane, seat } = await setUp();
      const posted = publishedIn(await backplane.publish(ann, { text: 'first', nonce: 'n' }));
      await seat({ id: '9', username: 'ANN' });
      expect(await backplane.publish(ann, { text: 'again', nonce: 'n' })).toEqual({ repeats: posted });
      expect(await backplane.publish(ann, { text: 'new', nonce: 'm' })).toEqual({ refusal: 'name_in_use' });
      // A refused draft doesn't use up its nonce.
      expect(await backplane.publish(ann, { text: 'new', nonce: 'm' })).toEqual({ refusal: 'name_in_use' });
    });
  });
}

/** Declares the tests of the port. `open` returns a backplane with an empty room, not started. */
export function backplaneSuite(name: string, open: Open): void {
  const setUp: SetUp = (options) => start(open, options);

  describe(`backplane: ${name}`, () => {
    joining(setUp);
    leaving(setUp);
    names(setUp);
    stream(setUp, open);
    messages(setUp);
    publishing(setUp);
    publishedNames(setUp);
    publishedNonces(setUp);

    it('refuses everything and delivers nothing once it is closed', async () => {
      const { backplane, seat, until, heard } = await setUp();
      const first = await seat(ann);
      await until(joined('Ann'));
      await backplane.close();
      expect(await backplane.admit(bob)).toEqual({ refusal: 'unavailable' });
      expect(await backplane.refusalOf(bob)).toBe('unavailable');
      expect(await backplane.publish(bob, { text: 'too late' })).toEqual({ refusal: 'unavailable' });
      expect(await first.publish({ text: 'too late' })).toBe('refused');
      expect(await first.release('left')).toBe(undefined);
      expect(await backplane.close()).toBe(undefined);
      expect(heard).toHaveLength(1);
    });
  });
}

function seatOf(admission: Admission): Seat {
  if ('refusal' in admission) throw new Error(`refused: ${admission.refusal}`);
  return admission.seat;
}
