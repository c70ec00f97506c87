import { closeCodeOf, type Frame, type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Session } from '../proxy/room.ts';
import { isTheOne, onSay, onTell, type Violation } from './violation.ts';

/** Time after which a held frame is sent without a next one. */
const holdMs = 30;

/** Holds one frame of each session until the next one. */
function createHold(letGo: (session: Session, frame: Frame) => void) {
  const held = new Map<Session, { readonly frame: Frame; readonly timer: NodeJS.Timeout }>();
  const take = (session: Session): Frame | undefined => {
    const { frame, timer } = held.get(session) ?? {};
    clearTimeout(timer);
    held.delete(session);
    return frame;
  };
  const hold = (session: Session, frame: Frame): void => {
    const timer = setTimeout(() => letGo(session, take(session)!), holdMs);
    held.set(session, { frame, timer });
  };
  return { hold, take };
}

/** Swaps two messages in quick succession on their way to some clients. */
const swapping =
  (
    isSwapped: (session: Session, room: Room) => boolean,
    swap: (first: Message, second: Message) => readonly [Message, Message],
  ): (() => Switch) =>
  () => {
    const { hold, take } = createHold((session, frame) => session.tell(frame));
    return {
      tell: (frame, session, room) => {
        const message = messageOf(frame);
        const before = take(session);
        if (message?.type !== 'chat_message') return before && [before, frame];
        if (before) return swap(messageOf(before)!, message).map(messageFrame);
        if (!isSwapped(session, room)) return undefined;
        hold(session, frame);
        return [];
      },
      ended: (session) => void take(session),
    };
  };

const hasAnotherSession = (session: Session, { sessions }: Room): boolean =>
  sessions.some((other) => other !== session && other.claims.id === session.claims.id);

/** Selects every third frame of the stream, the same for everybody. */
const isThird = (message: Message, room: Room): boolean => room.positionOf(message.id!) % 3 === 2;

const earlier = (sentAt: string): string => new Date(Date.parse(sentAt) - 1_500).toISOString();

export const order: readonly Violation[] = [
  {
    name: 'order-swapped-for-one',
    breaks: 'delivers messages to one client in another order, with their ids',
    caughtBy: 'rule.order.rising',
    plant: swapping(isTheOne, (first, second) => [second, first]),
  },
  {
    name: 'order-differs-for-one',
    breaks: 'delivers messages to one client in another order, under the ids of the others',
    caughtBy: 'rule.order.same',
    plant: swapping(isTheOne, (first, second) => [
      { ...first, msg: second.msg },
      { ...second, msg: first.msg },
    ]),
  },
  {
    name: 'reordered-with-a-second-session',
    breaks: 'delivers messages in another order to a user with two sessions',
    caughtBy: 'rule.order.same',
    plant: swapping(hasAnotherSession, (first, second) => [
      { ...first, msg: second.msg },
      { ...second, msg: first.msg },
    ]),
  },
  {
    name: 'sender-overtakes-itself',
    breaks: "publishes a client's messages in another order than sent",
    caughtBy: 'rule.early-frames',
    plant: () => {
      const { hold, take } = createHold((session, frame) => session.say(frame));
      return {
        say: (frame, session) => {
          const before = take(session);
          if (before) return [frame, before];
          if (messageOf(frame)?.type !== 'chat_message') return undefined;
          hold(session, frame);
          return [];
        },
        ended: (session) => void take(session),
      };
    },
  },
  {
    name: 'twice-for-one',
    breaks: 'delivers a message twice to one client',
    caughtBy: 'rule.order.once',
    plant: onTell('chat_message', (message, session, room) =>
      isTheOne(session, room) && isThird(message, room) ? [message, message] : undefined,
    ),
  },
  {
    name: 'twice-with-a-second-session',
    breaks: 'delivers each message twice to a user with two sessions',
    caughtBy: 'rule.order.once',
    plant: onTell('chat_message', (message, session, room) =>
      hasAnotherSession(session, room) ? [message, message] : undefined,
    ),
  },
  {
    name: 'dropped-for-one',
    breaks: 'drops a message for one client',
    caughtBy: 'rule.order.complete',
    plant: onTell('chat_message', (message, session, room) =>
      isTheOne(session, room) && isThird(message, room) && message.msg.from_user !== session.claims.username
        ? []
        : undefined,
    ),
  },
  {
    name: 'ids-go-backwards',
    breaks: 'gives a message a smaller id than the one before',
    caughtBy: 'rule.order.rising',
    plant: onTell('chat_message', (message, _, room) =>
      isThird(message, room) ? { ...message, id: `0${message.id}` } : undefined,
    ),
  },
  {
    name: 'ids-differ',
    breaks: 'sends one client another id for a message',
    caughtBy: 'rule.order.three-clients',
    plant: onTell('chat_message', (message, session, room) =>
      isTheOne(session, room) ? { ...message, id: `${message.id}0` } : undefined,
    ),
  },
  {
    name: 'times-differ',
    breaks: 'sends one client another time for a message',
    caughtBy: 'rule.order.same',
    plant: onTell('chat_message', (message, session, room) =>
      isTheOne(session, room) ? { ...message, sent_at: new Date().toISOString().replace(/.Z/, '9Z') } : undefined,
    ),
  },
  {
    name: 'time-goes-backwards',
    breaks: 'gives a message an earlier time than the one before',
    caughtBy: 'rule.time',
    plant: onTell('chat_message', (message, _, room) =>
      isThird(message, room) ? { ...message, sent_at: earlier(message.sent_at!) } : undefined,
    ),
  },
  {
    name: 'echo-missing',
    breaks: 'sends no echo to the sender',
    caughtBy: 'rule.echo',
    plant: onTell('chat_message', (message, { claims }) =>
      message.msg.from_user === claims.username ? [] : undefined,
    ),
  },
  {
    name: 'echo-to-one-session',
    breaks: "sends no echo to the sender's other session",
    caughtBy: 'rule.order.three-clients',
    plant: () => {
      const said = new Map<unknown, Session>();
      const saying = onSay((message, _, session) => void said.set(message?.msg?.text, session));
      const hearing = onTell('chat_message', ({ msg }, session) => {
        const sender = said.get(msg.text);
        return sender && sender !== session && sender.claims.id === session.claims.id ? [] : undefined;
      });
      return { ...saying(), ...hearing() };
    },
  },
  {
    name: 'early-frame-lost',
    breaks: 'drops a frame that is sent as soon as the socket opens',
    caughtBy: 'rule.early-frames',
    plant: () => ({ say: (_, session) => (session.open ? undefined : []) }),
  },
  {
    name: 'last-words-lost',
    breaks: 'drops a message that is sent right before the close',
    caughtBy: 'rule.last-words',
    plant: () => {
      const { hold, take } = createHold((session, frame) => session.say(frame));
      return {
        say: (frame, session) => {
          const before = take(session);
          if (closeCodeOf(frame) !== undefined) return [frame];
          hold(session, frame);
          return before ? [before] : [];
        },
        ended: (session) => void take(session),
      };
    },
  },
];
