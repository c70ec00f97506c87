/** Random schedules of a room. At every moment, every session sees the stream from its roster on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserJoined } from '../../generated/chat/index.ts';
import type { Backplane, Draft, Envelope, Member } from '../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../src/backplane/local.ts';
import type { Transport } from '../../src/chat/connection.ts';
import { encodeError } from '../../src/chat/frames.ts';
import { createRoom, type RoomSession } from '../../src/chat/room.ts';
import { createTurns, textsIn } from '../harness/fan-out.ts';
import { createReceiver } from '../harness/received.ts';
import { delay, names, record } from './room-stream.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);
const timeoutMs = 600_000;

interface User {
  readonly user: number;
  readonly name: number;
}

type Step =
  | (User & { readonly do: 'join'; readonly opens: boolean; readonly transport: Transport })
  | { readonly do: 'open' | 'say' | 'mistake' | 'leave' | 'lose'; readonly who: number; readonly nonce: number }
  /** Publishes without a session, whether the user has one or not. */
  | (User & { readonly do: 'post'; readonly nonce: number })
  | { readonly do: 'flush' }
  | { readonly do: 'tick'; readonly ms: number };

const user = { user: fc.nat(3), name: fc.nat(names.length - 1) };
/** Both doors share them. 0 is none. */
const nonce = fc.constantFrom(0, 0, 1, 2);
const joins = fc.record({
  do: fc.constant('join' as const),
  ...user,
  opens: fc.boolean(),
  transport: fc.constantFrom('websocket', 'events' as const),
});
const posts = fc.record({ do: fc.constant('post' as const), ...user, nonce });
const acts = fc.record({
  do: fc.constantFrom('open', 'say', 'say', 'mistake', 'leave', 'lose' as const),
  who: fc.nat(99),
  nonce,
});
const flushes = fc.constant({ do: 'flush' as const });
const ticks = fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: -100, max: 100 }) });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: joins },
    { weight: 8, arbitrary: acts },
    { weight: 2, arbitrary: posts },
    { weight: 3, arbitrary: flushes },
    { weight: 1, arbitrary: ticks },
  ),
  { maxLength: 60, size: 'max' },
);

interface Client {
  readonly member: Member;
  readonly transport: Transport;
  session?: RoomSession;
  refused?: boolean;
  opened: boolean;
  released: boolean;
  /** Index in the stream of the frame that it must receive next; undefined before `users_online`. */
  next?: number;
  /** Number of frames delivered here when each of its invalid frames was answered. */
  readonly answeredAt: number[];
  roster: Roster;
  sentAt: string;
}

const newClient = (member: Member, transport: Transport): Client => ({
  member,
  transport,
  opened: false,
  released: false,
  answeredAt: [],
  roster: [],
  sentAt: '',
});

const mistake = encodeError({ code: 'malformed_json', detail: 'planted' });
const [mistakeText] = textsIn(mistake);

const wire = ({ id, sentAt, frame }: Envelope): string =>
  JSON.stringify({ type: frame.type, id, sent_at: sentAt, msg: frame.msg });

const memberOf = ({ user, name }: User): Member => ({ id: `${user}`, username: names[name]! });

let drafts = 0;

function nextDraft(nonce: number): Draft {
  drafts += 1;
  return { text: `${drafts}`, ...(nonce > 0 && { nonce: `n${nonce}` }) };
}

type Roster = UserJoined['msg'][];

function fold(roster: Readonly<Roster>, { frame }: Envelope): Roster {
  if (frame.type === 'user_joined') return [...roster, frame.msg];
  if (frame.type === 'user_left') return roster.filter(({ username }) => username !== frame.msg.username);
  return [...roster];
}

/** Compares each frame that a client receives with the stream. */
function createReader({ total, admissions, faults }: ReturnType<typeof record>) {
  function receiveRoster(client: Client, text: string): void {
    const { type, id, sent_at, msg } = JSON.parse(text);
    const after = total.findIndex((envelope) => envelope.id > id);
    const start = after < 0 ? total.length : after;
    const roster = total.slice(0, start).reduce<Roster>(fold, []);
    const list = roster.map(({ username }) => username);
    const { first, shown } = admissions.get(client.member)!;
    if (type !== 'users_online') faults.push(`first frame is ${type}`);
    if (JSON.stringify(msg) !== JSON.stringify({ list, users: roster })) faults.push(`roster is ${text}, not ${list}`);
    if (list.includes(shown) === first) faults.push(`roster is on the wrong side of the own user_joined: ${text}`);
    if (start > 0 && sent_at < total[start - 1]!.sentAt) faults.push(`roster is from before its time: ${text}`);
    Object.assign(client, { next: start, roster, sentAt: sent_at });
  }

  function receiveError(client: Client): void {
    const floor = client.answeredAt.shift();
    if (floor === undefined) faults.push('an error without a mistake');
    else if (client.next! < floor) faults.push(`an error at ${client.next} overtook what was delivered, ${floor}`);
  }

  function receiveNext(client: Client, at: number, text: string): void {
    const wanted = total[at];
    if (wanted === undefined || text !== wire(wanted)) {
      faults.push(`got ${text}, not ${wanted && wire(wanted)}`);
      return;
    }
    if (wanted.sentAt < client.sentAt) faults.push(`time went back: ${text}`);
    client.roster = fold(client.roster, wanted);
    client.sentAt = wanted.sentAt;
    client.next = at + 1;
  }

  return (client: Client, text: string): void => {
    if (client.next === undefined) receiveRoster(client, text);
    else if (text === mistakeText) receiveError(client);
    else receiveNext(client, client.next, text);
  };
}

/** Returns how a client differs from the stream of which this much was sent. */
function lagOf({ released, next, roster }: Client, total: readonly Envelope[], flushed: number): string[] {
  if (released || next === undefined) return [];
  const [given, wanted] = [roster, total.slice(0, next).reduce<Roster>(fold, [])].map((list) => JSON.stringify(list));
  return [
    // It has received as much as this node had at the last flush, or is ahead of that with its roster.
    ...(next < flushed ? [`at ${next}, where ${flushed} were sent`] : []),
    ...(given === wanted ? [] : [`roster ${given}, not ${wanted}`]),
  ];
}

/** Creates a room and its clients, and reports wrong frames. */
function createWorld(between: (backplane: Backplane) => Backplane) {
  let now = Date.UTC(2026, 0, 1);
  const stream = record(createLocalBackplane({ epoch: now, now: () => now }));
  const { total, faults } = stream;
  const receive = createReader(stream);
  let delivered = 0;
  let flushed = 0;
  const turns = createTurns();
  const far = between(stream.backplane);
  const room = createRoom(
    {
      ...far,
      start: (listener) =>
        far.start({
          ...listener,
          deliver: (envelope) => {
            listener.deliver(envelope);
            delivered += 1;
          },
        }),
    },
    { pace: turns.pace },
  );
  const clients: Client[] = [];
  function open(client: Client): void {
    if (!client.session || client.opened || client.released) return;
    client.opened = true;
    const { transport } = client;
    const framesIn = createReceiver(transport);
    client.session.open({
      transport,
      send: (bytes) => {
        if (client.released) faults.push('sent to after its release');
        for (const { text } of framesIn(bytes)) receive(client, text);
      },
      end: (code) => faults.push(`ended with ${code}`),
    });
  }

  function flush(): void {
    turns.flush();
    flushed = delivered;
  }

  async function join(member: Member, transport: Transport, opens: boolean): Promise<void> {
    const client = newClient(member, transport);
    clients.push(client);
    const joined = await room.join(member);
    if ('refusal' in joined) client.refused = true;
    else client.session = joined.session;
    if (opens) open(client);
  }

  async function release(client: Client, how: 'left' | 'lost'): Promise<void> {
    client.released = true;
    await client.session?.release(how);
  }

  async function post(member: Member, draft: Draft): Promise<void> {
    const posted = await room.publish(member, draft);
    if ('refusal' in posted) return;
    const frame = 'repeats' in posted ? posted.repeats : posted.published;
    // The answer comes behind the delivery here, as the frame that everyone receives.
    if (!total.slice(0, delivered).map(wire).includes(JSON.stringify(frame)))
      faults.push(`answered ${JSON.stringify(frame)}`);
  }

  async function publish({ session, member, transport, released }: Client, draft: Draft): Promise<void> {
    // A client that reads events publishes by the other door.
    if (transport === 'events') return post(member, draft);
    const answer = await session?.publish(draft);
    if ((answer === 'refused') !== released) faults.push(`a draft was ${answer}`);
  }

  function answer(client: Client): void {
    if (!client.opened || client.released || client.transport === 'events') return;
    client.answeredAt.push(delivered);
    client.session?.reply(mistake);
  }

  async function perform(step: Step): Promise<void> {
    if (step.do === 'tick') now += step.ms;
    else if (step.do === 'flush') flush();
    else if (step.do === 'join') await join(memberOf(step), step.transport, step.opens);
    else if (step.do === 'post') await post(memberOf(step), nextDraft(step.nonce));
    else {
      const entered = clients.filter(({ session }) => session);
      const client = entered[step.who % entered.length];
      if (!client) return;
      if (step.do === 'open') open(client);
      else if (step.do === 'say') await publish(client, nextDraft(step.nonce));
      else if (step.do === 'mistake') answer(client);
      else await release(client, step.do === 'leave' ? 'left' : 'lost');
    }
  }

  /** Checks the conditions that hold whenever nothing runs. */
  function check(): void {
    for (const client of clients) faults.push(...lagOf(client, total, flushed));
    expect(faults).toEqual([]);
  }

  /** Checks the conditions that hold once nothing is pending. */
  function checkAtRest(): void {
    flush();
    check();
    for (const { opened, released, answeredAt } of clients) if (opened && !released) expect(answeredAt).toEqual([]);
    expect(delivered).toBe(total.length);
    for (const { opened, released, next } of clients) if (opened && !released) expect(next).toBe(total.length);
    expect(total.map(({ frame }) => frame)).toEqual(stream.expected);
    const ids = total.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort());
    const times = total.map(({ sentAt }) => sentAt);
    expect(times).toEqual(times.toSorted());
    expect(room.size).toBe(clients.filter(({ refused, released }) => !refused && !released).length);
  }

  return { room, clients, total, perform, release, open, check, checkAtRest };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('room', () => {
  it(
    'shows every session the stream from its roster on (local backplane)',
    () =>
      fc.assert(
        fc.asyncProperty(steps, async (schedule) => {
          const world = createWorld((backplane) => backplane);
          await world.room.start();
          for (const step of schedule) {
            await world.perform(step);
            world.check();
          }
          for (const client of world.clients) world.open(client);
          world.checkAtRest();
          for (const client of world.clients) await world.release(client, 'left');
          world.checkAtRest();
          expect(world.total.reduce<Roster>(fold, [])).toEqual([]);
        }),
        { numRuns },
      ),
    timeoutMs,
  );

  it(
    'shows every session the stream from its roster on (answers and deliveries delayed and interleaved)',
    () =>
      fc.assert(
        fc.asyncProperty(steps, fc.scheduler(), async (schedule, scheduler) => {
          const world = createWorld((backplane) => delay(backplane, scheduler));
          await world.room.start();
          const settle = async (): Promise<void> => {
            for (await nextTurn(); scheduler.count() > 0; await nextTurn()) {
              await scheduler.waitNext(1);
              world.check();
            }
          };
          scheduler.scheduleSequence(schedule.map((step) => async () => void world.perform(step)));
          await settle();
          for (const client of world.clients) world.open(client);
          world.checkAtRest();
          for (const client of world.clients) void world.release(client, 'left');
          await settle();
          world.checkAtRest();
          expect(world.total.reduce<Roster>(fold, [])).toEqual([]);
        }),
        { numRuns },
      ),
    timeoutMs,
  );

  it(
    'delivers text and nonce exactly as sent, whatever Unicode they hold',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }),
          fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), { nil: undefined }),
          async (text, nonce) => {
            const { pace, flush } = createTurns();
            const room = createRoom(createLocalBackplane({ epoch: 0 }), { pace });
            await room.start();
            const joined = await room.join({ id: '1', username: 'Ann' });
            if ('refusal' in joined) throw new Error(joined.refusal);
            const other = await room.join({ id: '1', username: 'Ann' });
            if ('refusal' in other) throw new Error(other.refusal);
            const texts: Record<Transport, string[]> = { websocket: [], events: [] };
            for (const [transport, { session }] of [
              ['websocket', joined],
              ['events', other],
            ] as const) {
              const framesIn = createReceiver(transport);
              const send = (bytes: Buffer) => void texts[transport].push(...framesIn(bytes).map((one) => one.text));
              session.open({ transport, send, end: () => {} });
            }
            await joined.session.publish({ text, nonce });
            flush();
            const last = texts.websocket.at(-1)!;
            expect(texts.events.at(-1)).toBe(last);
            const { msg } = JSON.parse(last);
            expect(msg).toStrictEqual({
              from_user: 'Ann',
              from_user_id: '1',
              text,
              ...(nonce === undefined ? {} : { nonce }),
            });
          },
        ),
        { numRuns },
      ),
    timeoutMs,
  );
});
