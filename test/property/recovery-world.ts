/** A room over several lives of its server, on one store. Performs a schedule, and reports faults. */
import { vi } from 'vitest';
import type { Draft } from '../../src/backplane/backplane.ts';
import { maxRecovered } from '../../src/chat/recovery.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { createReceiver } from '../harness/received.ts';
import { beginLife, wireOf } from './recovery-life.ts';
import { createPerson, type Person, prepare, type ResumeStep, read } from './recovery-person.ts';
import { createRecord, isSame, type LivesRecord, type PublishedMessage } from './recovery-record.ts';
import { type Mood, unreliable } from './unreliable-store.ts';

const nonceMs = 300_000;
/** Longer than the longest pause between two writes. */
const longestPauseMs = 10_500;

export type Step =
  | ({ readonly do: 'join'; readonly who: number } & ResumeStep)
  /** `post` needs no session. */
  | { readonly do: 'publish' | 'post'; readonly who: number; readonly nonce: number }
  | { readonly do: 'burst'; readonly who: number; readonly count: number }
  | { readonly do: 'cut'; readonly who: number; readonly hears: number; readonly arrive: number }
  | { readonly do: 'leave'; readonly who: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'store'; readonly mood: Mood }
  | { readonly do: 'flush' }
  | { readonly do: 'turn'; readonly arrive: number }
  | { readonly do: 'restart' }
  | { readonly do: 'crash' };

interface World {
  readonly store: ReturnType<typeof unreliable>;
  readonly record: LivesRecord;
  readonly people: readonly Person[];
  /** Latest message by user and nonce. */
  readonly nonces: Map<string, PublishedMessage & { readonly atMs: number }>;
  readonly dataDir: string;
  life: Awaited<ReturnType<typeof begin>>;
}

async function begin({ store, record, dataDir }: Omit<World, 'life'>) {
  record.beginLife();
  store.begin();
  const past = record.messages.filter(({ id }) => store.kept.has(id)).slice(-maxRecovered);
  const begun = await beginLife(store.ofLife(), dataDir, record.note);
  record.noteEpoch(begun.order[0]!.id.slice(0, 16));
  return { ...begun, past: new Set(past.map(({ id }) => id)), first: past[0]?.id };
}

/** Lets some frames arrive and sends them; all of them without a number. */
function turn({ life }: World, count?: number): void {
  life.arrive(count);
  life.flush();
}

/** Checks the conditions that hold whenever everything was sent and read. */
function check({ life, people, record: { fault, messages } }: World): void {
  const { wires, frames, witnessed, expected } = life;
  for (const texts of witnessed()) if (!isSame(texts, wires)) fault('a witness did not see the stream');
  if (!isSame(frames, expected)) fault(`the stream is ${frames.slice(-5)}, not ${expected.slice(-5)}`);
  for (const { session, greeted, from, seen, member } of people) {
    if (!session) continue;
    if (!greeted) fault(`${member.username} was sent nothing`);
    const all = messages.flatMap(({ id, wire }) => (id > from ? [wire] : []));
    if (!isSame(seen, all)) fault(`${member.username} saw ${seen.slice(-5)}, not ${all.slice(-5)}`);
  }
}

function flush(world: World): void {
  turn(world);
  for (const person of world.people) read(person, world.record, world.life);
  check(world);
}

async function join({ life, record }: World, person: Person, step: ResumeStep): Promise<void> {
  if (person.session) return;
  prepare(person, step, record.given);
  const { id, username } = person.member;
  const joined = await life.room.join(person.member, person.asked?.id);
  if ('refusal' in joined) return record.fault(`refused: ${joined.refusal}`);
  person.session = joined.session;
  life.joined(id, username);
  const { transport } = person;
  const framesIn = createReceiver(transport);
  joined.session.open({
    transport,
    send: (bytes) => void person.arriving.push(...framesIn(bytes)),
    end: (code) => record.fault(`ended with ${code}`),
  });
}

async function release({ life }: World, person: Person, how: 'left' | 'lost'): Promise<void> {
  if (!person.session) return;
  await person.session.release(how);
  person.session = undefined;
  person.arriving = [];
  life.released(person.member.id, how);
}

type Answer = { readonly repeats: string } | { readonly refused: string } | 'published';

/** Publishes by the session of a person, or without one. */
async function answerTo(
  { life }: World,
  { session, member, transport }: Person,
  draft: Draft,
  isPost: boolean,
): Promise<Answer> {
  if (session && !isPost && transport === 'websocket') {
    const answer = await session.publish(draft);
    if (typeof answer === 'object') return { repeats: wireOf(answer.repeats) };
    return answer === 'accepted' ? 'published' : { refused: answer };
  }
  const posted = await life.room.publish(member, draft);
  if ('refusal' in posted) return { refused: posted.refusal };
  if ('repeats' in posted) return { repeats: JSON.stringify(posted.repeats) };
  return JSON.stringify(posted.published) === life.wires.at(-1) ? 'published' : { refused: 'with another frame' };
}

async function publish(world: World, person: Person, draft: Draft, isPost = false): Promise<void> {
  const { life, record, nonces } = world;
  const { session, member } = person;
  if (!session && !isPost) return;
  const { fault } = record;
  const key = `${member.id} ${draft.nonce}`;
  const first = draft.nonce === undefined ? undefined : nonces.get(key);
  const answer = await answerTo(world, person, draft, isPost);
  const ageMs = Date.now() - (first?.atMs ?? 0);
  const isKnown = first && (first.life === record.lives || life.past.has(first.id));
  // Near the expiry the stream's clock decides, which may be some milliseconds ahead.
  const isSure = Math.abs(ageMs - nonceMs) > 1_000;
  if (typeof answer === 'object' && 'repeats' in answer) {
    if (answer.repeats !== first?.wire) fault(`repeats ${answer.repeats}, not ${first?.id}`);
    if (!isKnown || (isSure && ageMs > nonceMs)) fault(`repeats what is not known: ${first?.id}`);
    return;
  }
  if (answer !== 'published') return fault(`a draft was refused: ${answer.refused}`);
  if (isKnown && isSure && ageMs < nonceMs) fault(`published twice: ${first.id}`);
  const { text, nonce } = draft;
  const msg = { from_user: member.username, from_user_id: member.id, text, ...(nonce !== undefined && { nonce }) };
  life.expectNext({ type: 'chat_message', msg });
  if (nonce !== undefined) nonces.set(key, { ...record.messages.at(-1)!, atMs: Date.now() });
}

async function burst(world: World, person: Person, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await publish(world, person, { text: `${world.record.messages.length}` });
    if (n % 1_000 === 0) flush(world);
  }
  flush(world);
  world.record.noteOverflow();
}

async function tick({ life, store, record }: World, ms: number): Promise<void> {
  life.arrive();
  for (let left = ms; left > 0; ) {
    // Small steps at first, so that the store can answer.
    const step = Math.min(left, ms - left < 2 * longestPauseMs ? 500 : left);
    vi.advanceTimersByTime(step);
    left -= step;
    await store.settled();
  }
  life.lapsed();
  record.noteOverflow();
  if (store.mood() === 'up' && ms >= longestPauseMs) record.checkStored();
}

async function closeHistory({ life, store }: World): Promise<void> {
  let closed = false;
  const closing = life.history.close().then(() => {
    closed = true;
  });
  for (await store.settled(); !closed; await store.settled()) vi.advanceTimersByTime(100);
  await closing;
}

/** Ends the server, and starts another one in its place. */
async function replace(world: World, how: 'restart' | 'crash'): Promise<void> {
  const { life, store, record, people } = world;
  flush(world);
  record.noteOverflow();
  if (how === 'restart') await record.checkHistory(life.history);
  for (const person of people) {
    person.session = undefined;
    person.arriving = [];
  }
  await life.backplane.close();
  if (how === 'crash' || store.mood() !== 'up') record.markUnsound();
  if (how === 'restart') await closeHistory(world);
  await store.end();
  world.life = await begin(world);
  await record.checkHistory(world.life.history);
}

async function perform(world: World, step: Step): Promise<void> {
  if (step.do === 'flush') return flush(world);
  if (step.do === 'turn') return turn(world, step.arrive);
  if (step.do === 'restart' || step.do === 'crash') return replace(world, step.do);
  if (step.do === 'tick') return tick(world, step.ms);
  if (step.do === 'store') return world.store.be(step.mood);
  const person = world.people[step.who]!;
  if (step.do === 'join') return join(world, person, step);
  if (step.do === 'leave') return release(world, person, 'left');
  if (step.do === 'burst') return burst(world, person, step.count);
  if (step.do === 'cut') {
    turn(world, step.arrive);
    read(person, world.record, world.life, step.hears);
    return release(world, person, 'lost');
  }
  const text = `${world.record.messages.length}`;
  return publish(world, person, { text, ...(step.nonce > 0 && { nonce: `n${step.nonce}` }) }, step.do === 'post');
}

export async function createWorld(inner: MessageStore, dataDir: string) {
  const store = unreliable(inner);
  const record = createRecord(store.kept);
  // The last person is the first one's other tab, over the other door.
  const people = [0, 1, 2, 3, 0].map((user, at) => createPerson(user, at < 3 ? 'websocket' : 'events'));
  const deps = { store, record, people, nonces: new Map(), dataDir };
  const world: World = { ...deps, life: await begin(deps) };
  return {
    faults: record.faults,
    perform: (step: Step) => perform(world, step),
    /** Checks the conditions that hold at the very end. */
    finish: async () => {
      await replace(world, 'restart');
      flush(world);
      store.be('up');
      await replace(world, 'restart');
      await world.life.backplane.close();
      await store.end();
    },
  };
}
