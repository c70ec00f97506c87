/** A room over several lives of its server, on one store, and beside it the plainest model of what its people may see. */
import { vi } from 'vitest';
import type { ServerMessage } from '../../generated/chat/index.ts';
import { createPosition } from '../../sdk/typescript/src/position.ts';
import type { Draft } from '../../src/backplane/backplane.ts';
import { maxRecovered } from '../../src/chat/recovery.ts';
import type { RoomSession } from '../../src/chat/room.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { textsIn } from '../harness/fan-out.ts';
import { beginLife, rosterAfter, wireOf } from './recovery-life.ts';
import { type Mood, unreliable } from './unreliable-store.ts';

const nonceMs = 300_000;
const maxBacklog = 10_000;
/** The longest pause between two tries to write, and some. */
const longestPauseMs = 10_500;

export type Step =
  | { readonly do: 'join'; readonly who: number; readonly after: 'nothing' | 'last' | 'older' | 'foreign'; at: number }
  | { readonly do: 'say'; readonly who: number; readonly nonce: number }
  | { readonly do: 'burst'; readonly who: number; readonly count: number }
  | { readonly do: 'cut'; readonly who: number; readonly hears: number; readonly arrive: number }
  | { readonly do: 'leave'; readonly who: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'store'; readonly mood: Mood }
  | { readonly do: 'flush' }
  | { readonly do: 'turn'; readonly arrive: number }
  | { readonly do: 'restart' }
  | { readonly do: 'crash' };

interface Person {
  readonly member: { readonly id: string; readonly username: string };
  position: ReturnType<typeof createPosition>;
  session?: RoomSession | undefined;
  /** What came on this connection and wasn't read yet. */
  arriving: string[];
  told: boolean;
  asked?: { readonly id: string; readonly foreign: boolean } | undefined;
  /** Over all connections that were told to be whole: the messages after `from`, as they came. */
  from: string;
  seen: string[];
}

interface Said {
  readonly id: string;
  readonly wire: string;
  readonly life: number;
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((text, index) => text === others[index]);

/** Who knows of the order this place alone. */
function positionAt(id: string): Person['position'] {
  const position = createPosition();
  position.advance({ type: 'user_joined', id, sent_at: '', msg: { username: '' } });
  return position;
}

export function createWorld(inner: MessageStore, dataDir: string) {
  const store = unreliable(inner);
  const faults: string[] = [];
  /** All that was said, over all lives. */
  const said: Said[] = [];
  /** Every place of the order that somebody was told. */
  const given: string[] = [];
  /** Lives that ended, or went, so that something may be missing. */
  const unsound = new Set<number>();
  /** By user and nonce: what was published last. */
  const nonces = new Map<string, Said & { readonly atMs: number }>();
  // The last is the first one's other tab.
  const people = [0, 1, 2, 3, 0].map(
    (user): Person => ({
      member: { id: `${user}`, username: `User ${user}` },
      position: createPosition(),
      arriving: [],
      told: false,
      from: '',
      seen: [],
    }),
  );
  /** As the ids of each life begin. */
  const epochs: string[] = [];
  let lives = 0;
  let life: Awaited<ReturnType<typeof begin>>;

  /** The life that a place of the order is of. */
  const lifeOf = (id: string): number => epochs.filter((epoch) => epoch <= id).length;
  const fault = (what: string): void => void faults.push(`life ${lives}: ${what}`);

  async function begin() {
    lives += 1;
    store.begin();
    const past = said.filter(({ id }) => store.kept.has(id)).slice(-maxRecovered);
    const begun = await beginLife(store.ofLife(), dataDir, (envelope, wire) => {
      given.push(envelope.id);
      if (envelope.frame.type === 'chat_message') said.push({ id: envelope.id, wire, life: lives });
    });
    epochs.push(begun.order[0]!.id.slice(0, 16));
    return { ...begun, past: new Set(past.map(({ id }) => id)), first: past[0]?.id };
  }

  /** Whether what was missed since must be told, as far as can be said here. */
  function mustRecover(person: Person, to: string): boolean | undefined {
    const { id, foreign } = person.asked!;
    if (foreign) return false;
    const missed = said.filter((message) => message.id > id && message.id <= to);
    if (missed.length >= maxRecovered) return undefined;
    if (lifeOf(id) === lives) return true;
    for (let n = lifeOf(id); n < lives; n += 1) if (unsound.has(n)) return undefined;
    return life.first !== undefined && life.first <= id ? true : undefined;
  }

  function hearOnline(person: Person, { id, msg }: Extract<ServerMessage, { type: 'users_online' }>): void {
    person.told = true;
    given.push(id);
    const roster = life.order.filter((envelope) => envelope.id <= id).reduce(rosterAfter, [] as string[]);
    if (roster.join() !== msg.list.join()) fault(`roster ${msg.list}, not ${roster}`);
    if ((msg.recovered === undefined) !== (person.asked === undefined)) fault('recovered is told who asked, alone');
    const must = person.asked && mustRecover(person, id);
    if (must !== undefined && msg.recovered !== must)
      fault(`recovered after ${person.asked?.id}: ${msg.recovered}, not ${must}`);
    if (msg.recovered === true) return;
    person.from = id;
    person.seen = [];
  }

  function hear(person: Person, most = Number.POSITIVE_INFINITY): void {
    for (const text of person.arriving.splice(0).slice(0, most)) {
      const frame = JSON.parse(text) as ServerMessage;
      if (!person.told !== (frame.type === 'users_online')) fault(`${frame.type} out of its turn`);
      if (!person.position.advance(frame)) fault(`heard twice: ${text}`);
      if (frame.type === 'users_online') hearOnline(person, frame);
      else if (frame.type === 'chat_message') person.seen.push(text);
    }
  }

  /** So many frames arrive here, and go out. */
  function turn(count?: number): void {
    life.arrive(count);
    life.flush();
  }

  function flush(): void {
    turn();
    for (const person of people) hear(person);
    check();
  }

  /** What must be true whenever all was sent. */
  function check(): void {
    const { wires, frames, witnessed, expected } = life;
    if (!isSame(witnessed.slice(1), wires)) fault('the witness did not see the order');
    if (!isSame(frames, expected)) fault(`the order is ${frames.slice(-5)}, not ${expected.slice(-5)}`);
    for (const { session, told, from, seen, member } of people) {
      if (!session) continue;
      if (!told) fault(`${member.username} was told nothing`);
      const all = said.flatMap(({ id, wire }) => (id > from ? [wire] : []));
      if (!isSame(seen, all)) fault(`${member.username} saw ${seen.slice(-5)}, not ${all.slice(-5)}`);
    }
  }

  /** Where somebody comes back who does not come from where it was. */
  function placeOf(person: Person, step: Extract<Step, { do: 'join' }>): Person['asked'] {
    const { id } = person.position;
    if (step.after === 'nothing') return undefined;
    if (step.after === 'last') return id === undefined ? undefined : { id, foreign: false };
    if (step.after === 'older') {
      const place = given[step.at % given.length]!;
      return { id: place, foreign: false };
    }
    const epoch = given[step.at % given.length]!.slice(0, 16);
    const never = [
      '~',
      'x',
      `${epoch}-${'9'.repeat(16)}`,
      `${'0'.repeat(16)}-${'0'.repeat(16)}`,
      `${epoch}-`,
      given.at(-1)!.replace(/^./, '1'),
    ];
    return { id: never[step.at % never.length]!, foreign: true };
  }

  async function join(person: Person, step: Extract<Step, { do: 'join' }>): Promise<void> {
    if (person.session) return;
    person.asked = placeOf(person, step);
    if (step.after !== 'last') {
      const { id } = person.asked ?? {};
      person.position = id === undefined || person.asked?.foreign ? createPosition() : positionAt(id);
      person.from = id ?? '';
      person.seen = [];
    }
    person.told = false;
    const { id, username } = person.member;
    const joined = await life.room.join(person.member, person.asked?.id);
    if ('refusal' in joined) return fault(`refused: ${joined.refusal}`);
    person.session = joined.session;
    life.joined(id, username);
    joined.session.open({
      send: (bytes) => void person.arriving.push(...textsIn(bytes)),
      end: (code) => fault(`ended with ${code}`),
    });
  }

  async function release(person: Person, how: 'left' | 'lost'): Promise<void> {
    if (!person.session) return;
    await person.session.release(how);
    person.session = undefined;
    person.arriving = [];
    life.released(person.member.id, how);
  }

  async function say({ session, member }: Person, draft: Draft): Promise<void> {
    if (!session) return;
    const key = `${member.id} ${draft.nonce}`;
    const first = draft.nonce === undefined ? undefined : nonces.get(key);
    const answer = await session.publish(draft);
    const ageMs = Date.now() - (first?.atMs ?? 0);
    const isKnown = first && (first.life === lives || life.past.has(first.id));
    // Around its end the order's clock decides, which may be some milliseconds ahead.
    const isSure = Math.abs(ageMs - nonceMs) > 1_000;
    if (typeof answer === 'object') {
      if (wireOf(answer.repeats) !== first?.wire) fault(`repeats ${answer.repeats.id}, not ${first?.id}`);
      if (!isKnown || (isSure && ageMs > nonceMs)) fault(`repeats what is not known: ${first?.id}`);
      return;
    }
    if (answer !== 'accepted') return fault(`a draft was ${answer}`);
    if (isKnown && isSure && ageMs < nonceMs) fault(`published twice: ${first.id}`);
    const { text, nonce } = draft;
    const msg = { from_user: member.username, text, ...(nonce !== undefined && { nonce }) };
    life.expectNext({ type: 'chat_message', msg });
    const message = said.at(-1)!;
    if (nonce !== undefined) nonces.set(key, { ...message, atMs: Date.now() });
  }

  async function tick(ms: number): Promise<void> {
    life.arrive();
    for (let left = ms; left > 0; ) {
      // Small steps at first, in which the store can answer.
      const step = Math.min(left, ms - left < 2 * longestPauseMs ? 500 : left);
      vi.advanceTimersByTime(step);
      left -= step;
      await store.settled();
    }
    life.lapsed();
    noteOverflow();
    if (store.mood() === 'there' && ms >= longestPauseMs && !unsound.has(lives)) {
      const late = said.filter(({ id, life: of }) => !store.kept.has(id) && !unsound.has(of));
      if (late.length > 0) fault(`not kept yet: ${late.length}`);
    }
  }

  /** More wait than may: some were given up. */
  function noteOverflow(): void {
    const waiting = said.filter(({ id, life: of }) => of === lives && !store.kept.has(id));
    if (waiting.length > maxBacklog) unsound.add(lives);
  }

  /** All that can be paged back to, held against what was said. */
  async function checkHistory(): Promise<void> {
    const messages: { readonly id: string; readonly wire: string }[] = [];
    const gaps: string[] = [];
    let before: string | undefined;
    do {
      const page = await life.history.page(before, said.length > 100 ? 100 : 3);
      messages.unshift(...page.messages.map((message) => ({ id: message.id, wire: JSON.stringify(message) })));
      gaps.unshift(...page.gaps);
      before = page.before;
    } while (before !== undefined);
    const got = new Set(messages.map(({ wire }) => wire));
    const order = said.filter(({ wire }) => got.has(wire));
    if (
      !isSame(
        order.map(({ wire }) => wire),
        messages.map(({ wire }) => wire),
      )
    )
      fault('the history is not a part of what was said, in its order');
    if (gaps.join() !== [...new Set(gaps)].sort().join()) fault(`gaps ${gaps}`);
    if (gaps.length > 0 && unsound.size === 0) fault(`gaps ${gaps}, where nothing went wrong`);
    for (const { id, wire, life: of } of said) {
      if (got.has(wire)) continue;
      if (!unsound.has(of) || store.kept.has(id)) fault(`${id} is missing`);
      // What lies before all that is there is forgotten, with its gaps.
      const at = messages.findIndex((message) => message.id > id);
      const next = messages[at]?.id ?? '~~';
      if (at !== 0 && !gaps.some((gap) => gap >= id && gap <= next)) fault(`${id} is missing in no gap`);
    }
  }

  /** The server ends, one way or the other, and another one begins where it was. */
  async function end(how: 'restart' | 'crash'): Promise<void> {
    flush();
    noteOverflow();
    if (how === 'restart') await checkHistory();
    for (const person of people) {
      person.session = undefined;
      person.arriving = [];
    }
    await life.backplane.close();
    if (how === 'crash' || store.mood() !== 'there') unsound.add(lives);
    if (how === 'restart') {
      let closed = false;
      const closing = life.history.close().then(() => {
        closed = true;
      });
      for (await store.settled(); !closed; await store.settled()) vi.advanceTimersByTime(100);
      await closing;
    }
    await store.end();
    life = await begin();
    await checkHistory();
  }

  async function perform(step: Step): Promise<void> {
    if (step.do === 'flush') return flush();
    if (step.do === 'turn') return turn(step.arrive);
    if (step.do === 'restart' || step.do === 'crash') return end(step.do);
    if (step.do === 'tick') return tick(step.ms);
    if (step.do === 'store') return store.be(step.mood);
    const person = people[step.who]!;
    if (step.do === 'join') return join(person, step);
    if (step.do === 'leave') return release(person, 'left');
    if (step.do === 'say')
      return say(person, { text: `${said.length}`, ...(step.nonce > 0 && { nonce: `n${step.nonce}` }) });
    if (step.do === 'cut') {
      turn(step.arrive);
      hear(person, step.hears);
      return release(person, 'lost');
    }
    for (let n = 0; n < step.count; n += 1) {
      await say(person, { text: `${said.length}` });
      if (n % 1_000 === 0) flush();
    }
    flush();
    noteOverflow();
  }

  return {
    faults,
    start: async () => {
      life = await begin();
    },
    perform,
    /** What must be true at the very end. */
    finish: async () => {
      await end('restart');
      flush();
      store.be('there');
      await end('restart');
      await life.backplane.close();
      await store.end();
    },
  };
}
