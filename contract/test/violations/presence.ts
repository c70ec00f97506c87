import { type Frame, type Message, messageOf } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Session } from '../proxy/room.ts';
import { onTell, type Violation, withMsg } from './violation.ts';

const listOf = ({ msg }: Message): readonly string[] => msg.list as string[];
const withList = (message: Message, list: readonly string[]): Message => withMsg(message, { list });
const isOwn = ({ msg }: Message, { claims }: Session): boolean => msg.username === claims.username;

/** Tells whether its user has another session that came first. */
const isSecond = (session: Session, { sessions }: Room): boolean =>
  sessions.find(({ claims }) => claims.id === session.claims.id) !== session;

/** Drops frames of this type for these sessions. */
const untold = (type: string, toWhom: (message: Message, session: Session) => boolean): (() => Switch) =>
  onTell(type, (message, session) => (toWhom(message, session) ? [] : undefined));

const everyone = (): boolean => true;

/** Changes the first chat message that a session receives. */
const firstMessage =
  (change: (message: Frame, session: Session) => readonly Frame[]): (() => Switch) =>
  () => {
    const before = new Set<Session>();
    return {
      tell: (frame, session) => {
        if (messageOf(frame)?.type !== 'chat_message' || before.has(session)) return undefined;
        before.add(session);
        return change(frame, session);
      },
    };
  };

export const presence: readonly Violation[] = [
  {
    name: 'self-untold',
    breaks: 'sends a new session no user_joined of its own',
    caughtBy: 'rule.presence.first-session',
    plant: untold('user_joined', isOwn),
  },
  {
    name: 'join-untold',
    breaks: 'sends user_joined to nobody else in the room',
    caughtBy: 'rule.presence.first-session',
    plant: untold('user_joined', (message, session) => !isOwn(message, session)),
  },
  {
    name: 'join-told-twice',
    breaks: 'announces a user twice',
    caughtBy: 'rule.presence.consistent',
    plant: onTell('user_joined', (message) => [message, { ...message, id: `${message.id}0` }]),
  },
  {
    name: 'self-in-roster',
    breaks: 'lists a user in its own first users_online',
    caughtBy: 'rule.presence.first-session',
    plant: onTell('users_online', (message, { claims }) =>
      listOf(message).includes(claims.username!)
        ? undefined
        : withList(message, [...listOf(message), claims.username!]),
    ),
  },
  {
    name: 'roster-stale',
    breaks: 'lists a user in users_online who has left',
    caughtBy: 'rule.roster',
    plant: () => {
      const gone = new Set<string>();
      const leaving = onTell('user_left', (message) => void gone.add(String(message.msg.username)))();
      const listing = onTell('users_online', (message) => {
        const stale = [...gone].filter((name) => !listOf(message).includes(name));
        return withList(message, [...listOf(message), ...stale]);
      })();
      return { tell: (...told) => leaving.tell?.(...told) ?? listing.tell?.(...told) };
    },
  },
  {
    name: 'roster-incomplete',
    breaks: 'omits the first user from users_online',
    caughtBy: 'rule.roster',
    plant: onTell('users_online', (message) => withList(message, listOf(message).slice(1))),
  },
  {
    name: 'roster-backwards',
    breaks: 'lists users_online in reverse order of joining',
    caughtBy: 'rule.roster',
    plant: onTell('users_online', (message) => withList(message, listOf(message).toReversed())),
  },
  {
    name: 'roster-misses-itself',
    breaks: 'omits a user from the users_online of its second session',
    caughtBy: 'rule.presence.second-session',
    plant: onTell('users_online', (message, { claims }) =>
      withList(
        message,
        listOf(message).filter((name) => name !== claims.username),
      ),
    ),
  },
  {
    name: 'second-session-announced',
    breaks: 'announces a second session of a user',
    caughtBy: 'rule.presence.second-session',
    plant: () => ({
      opened: (session, room) => {
        if (isSecond(session, room)) room.insert({ type: 'user_joined', msg: { username: session.claims.username } });
      },
    }),
  },
  {
    name: 'leaves-with-one-of-two',
    breaks: 'sends user_left when one of two sessions ends',
    caughtBy: 'rule.presence.last-session',
    plant: () => ({
      ended: ({ claims }, room) => {
        const stays = room.sessions.some((other) => other.claims.id === claims.id);
        if (stays) room.insert({ type: 'user_left', msg: { username: claims.username } });
      },
    }),
  },
  {
    name: 'departure-untold',
    breaks: 'sends no user_left',
    caughtBy: 'rule.presence.last-session',
    plant: untold('user_left', everyone),
  },
  {
    name: 'departure-of-another',
    breaks: 'names another user in user_left',
    caughtBy: 'rule.presence.consistent',
    plant: onTell('user_left', (message) => withMsg(message, { username: 'Somebody' })),
  },
  {
    name: 'roster-too-new',
    breaks: 'sends a frame after users_online with an id before its own',
    caughtBy: 'rule.order.rising',
    plant: onTell('users_online', (message) => ({ ...message, id: `9${message.id}` })),
  },
  {
    name: 'replayed-to-the-late',
    breaks: 'replays old messages to a new session',
    caughtBy: 'rule.order.rising',
    plant: () => {
      let last: Frame | undefined;
      return {
        tell: (frame) => {
          const type = messageOf(frame)?.type;
          if (type === 'chat_message') last = frame;
          return type === 'users_online' && last ? [frame, last] : undefined;
        },
      };
    },
  },
  {
    name: 'first-message-missed',
    breaks: 'drops the first message after users_online for a new session',
    caughtBy: 'rule.order.complete',
    plant: firstMessage(() => []),
  },
  {
    name: 'roster-counts-sessions',
    breaks: 'lists a user in users_online once for each session',
    caughtBy: 'rule.presence.second-session',
    plant: onTell('users_online', (message, _, { sessions }) =>
      withList(
        message,
        listOf(message).flatMap((name) => {
          const own = sessions.filter(({ claims }) => claims.username === name);
          return own.length > 1 ? own.map(() => name) : [name];
        }),
      ),
    ),
  },
];
