/** Rules about presence: the roster on each connection. */
import type { ChatMessage, UsersOnline } from '../../generated/chat/index.ts';
import type { Account } from './account.ts';
import { epochOf, type Heard, type OrderedFrame, type Reading } from './reading.ts';
import type { Violation } from './violation.ts';

export function rosterAfter(roster: readonly string[], frame: OrderedFrame): readonly string[] {
  if (frame.type === 'user_joined') return [...roster, frame.msg.username];
  if (frame.type === 'user_left') return roster.filter((username) => username !== frame.msg.username);
  return roster;
}

/** The roster at this id, as a connection received it. */
const rosterAt = ({ online, live }: Heard, id: string): readonly string[] =>
  live.filter((frame) => frame.id <= id).reduce(rosterAfter, online?.msg.list ?? []);

const told = (frame: object): string => JSON.stringify(frame);

type Members = Map<string | undefined, string>;

/** Checks that a message carries the name that its user has in the room, and no other user's. */
function* nameOf(client: string, { msg }: ChatMessage, members: Members): Generator<Violation> {
  const { from_user: name, from_user_id: id } = msg;
  if (id === undefined) return;
  const known = members.get(id);
  if (known === undefined ? [...members.values()].includes(name) : known !== name)
    yield {
      rule: 'a user has one name',
      says: `${client} hears ${id} as ${name}; in the room it is ${known ?? 'not, and another has that name'}`,
      frames: [],
    };
}

function* namesOf({ connection: { client }, online, live }: Heard): Generator<Violation> {
  if (!online) return;
  const { users } = online.msg;
  if (users === undefined) return;
  const members: Members = new Map(users.map(({ username, user_id }) => [user_id, username]));
  if (users.map(({ username }) => username).join('\n') !== online.msg.list.join('\n'))
    yield { rule: 'rosters agree', says: `${client} has names other than users`, frames: [told(online)] };
  for (const frame of live)
    if (frame.type === 'chat_message') yield* nameOf(client, frame, members);
    else if (frame.type === 'user_joined') members.set(frame.msg.user_id, frame.msg.username);
    else members.delete(frame.msg.user_id);
}

/** Checks that the joins, leaves and messages of a connection fit its roster. Senders over HTTP needn't be in it. */
function* turnsOf({ connection: { client }, online, live }: Heard, posted: ReadonlySet<string>): Generator<Violation> {
  if (!online) return;
  let roster: readonly string[] = online.msg.list;
  for (const frame of live) {
    const name = frame.type === 'chat_message' ? frame.msg.from_user : frame.msg.username;
    const isThere = roster.includes(name);
    if (frame.type === 'chat_message' && !isThere && !posted.has(frame.msg.text))
      yield {
        rule: 'senders are present',
        says: `${client} hears ${name}, who is not in the room`,
        frames: [told(frame)],
      };
    else if (frame.type !== 'chat_message' && isThere === (frame.type === 'user_joined'))
      yield {
        rule: 'joins and leaves alternate',
        says: `${client} is told of ${frame.type}; for it ${name} ${isThere ? 'is' : 'is not'} there`,
        frames: [told(online), told(frame)],
      };
    roster = rosterAfter(roster, frame);
  }
}

/** Compares each received roster with the one that every connection open at that id has built from its frames. */
function* listsOf(
  { connection: { client }, online, live }: Heard,
  lists: readonly UsersOnline[],
): Generator<Violation> {
  if (!online) return;
  const last = live.at(-1)?.id ?? online.id;
  let roster: readonly string[] = online.msg.list;
  let at = 0;
  for (const list of lists) {
    if (list.id < online.id || list.id > last) continue;
    for (; at < live.length && live[at]!.id <= list.id; at += 1) roster = rosterAfter(roster, live[at]!);
    if (roster.join('\n') !== list.msg.list.join('\n'))
      yield {
        rule: 'rosters agree',
        says: `at ${list.id} ${client} has [${roster}], and another was told [${list.msg.list}]`,
        frames: [told(online), told(list)],
      };
  }
}

export function* presenceRules({ end, sends }: Account, { heard }: Reading): Generator<Violation> {
  const lists = new Map<string, UsersOnline[]>();
  const known = new Set<string>();
  const posted = new Set(sends.filter(({ isPost }) => isPost).map(({ text }) => text));
  for (const { online } of heard) {
    if (!online || known.has(`${online.id} ${online.msg.list}`)) continue;
    known.add(`${online.id} ${online.msg.list}`);
    const epoch = epochOf(online.id);
    lists.set(epoch, [...(lists.get(epoch) ?? []), online]);
  }
  for (const some of lists.values()) some.sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const one of heard) {
    yield* turnsOf(one, posted);
    yield* namesOf(one);
    yield* listsOf(one, lists.get(epochOf(one.online?.id ?? '')) ?? []);
  }
  if (end) yield* finalRosters(end, heard);
}

function* finalRosters(
  { clients, usernames, marker }: NonNullable<Account['end']>,
  heard: readonly Heard[],
): Generator<Violation> {
  const want = [...usernames].sort().join();
  let first: string | undefined;
  for (const client of clients) {
    const last = heard.findLast((one) => one.connection.client === client);
    if (!last || last.connection.closeCode !== undefined || (last.live.at(-1)?.id ?? '') < marker) {
      yield { rule: 'final rosters', says: `${client} did not hear the end`, frames: [] };
      continue;
    }
    const roster = rosterAt(last, marker);
    const isOther = first !== undefined && first !== roster.join();
    if (isOther || [...roster].sort().join() !== want)
      yield {
        rule: 'final rosters',
        says: `${client} has [${roster}]; connected are [${want}]${isOther ? `; another has [${first}]` : ''}`,
        frames: [],
      };
    first ??= roster.join();
  }
}

/** Returns the roster of a client after all of its frames. */
export const rosterNow = (heard: Heard): readonly string[] => rosterAt(heard, '~');
