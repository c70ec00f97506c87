import { type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Session } from '../proxy/room.ts';
import { onSay, type Violation, withMsg } from './violation.ts';

/** Returns a function that tells whether a message repeats a nonce of its user. */
function createRepeats(): (session: Session, message: Partial<Message> | undefined) => boolean {
  const known = new Set<string>();
  return ({ claims }, message) => {
    if (message?.type !== 'chat_message' || typeof message.msg?.nonce !== 'string') return false;
    const key = `${claims.id} ${message.msg.nonce}`;
    if (known.has(key)) return true;
    known.add(key);
    return false;
  };
}

/** Changes the answer to a repeated message. */
const onRepeat =
  (
    change: (
      answer: Message,
      session: Session,
      sessions: readonly Session[],
    ) => Message | readonly Message[] | undefined,
  ): (() => Switch) =>
  () => {
    const isRepeat = createRepeats();
    const due = new Map<Session, string[]>();
    return {
      say: (frame, session) => {
        const message = messageOf(frame);
        if (isRepeat(session, message)) due.set(session, [...(due.get(session) ?? []), String(message?.msg.nonce)]);
        return undefined;
      },
      tell: (frame, session, { sessions }) => {
        const message = messageOf(frame);
        const nonces = due.get(session) ?? [];
        if (message?.type !== 'chat_message' || !nonces.includes(String(message.msg.nonce))) return undefined;
        due.set(
          session,
          nonces.filter((nonce) => nonce !== message.msg.nonce),
        );
        const changed = change(message, session, sessions);
        return changed === undefined ? undefined : [changed].flat().map((each) => messageFrame(each as Message));
      },
    };
  };

const tellAll = (message: Message, to: readonly Session[]): undefined => {
  for (const session of to) session.tell(messageFrame(message));
};

export const nonces: readonly Violation[] = [
  {
    name: 'nonce-published-twice',
    breaks: 'publishes a repeated nonce again',
    caughtBy: 'rule.nonce.once',
    plant: () => {
      const isRepeat = createRepeats();
      const mark = '~again';
      let count = 0;
      return {
        say: (frame, session) => {
          const message = messageOf(frame);
          if (!message || !isRepeat(session, message)) return undefined;
          count += 1;
          return [messageFrame(withMsg(message, { nonce: `${String(message.msg.nonce)}${mark}${count}` }))];
        },
        tell: (frame) => {
          const message = messageOf(frame);
          const nonce = String(message?.msg?.nonce);
          return message && nonce.includes(mark)
            ? [messageFrame(withMsg(message, { nonce: nonce.replace(/~again\d+$/, '') }))]
            : undefined;
        },
      };
    },
  },
  {
    name: 'repeat-to-all',
    breaks: 'sends the answer to a repeated message to everyone',
    caughtBy: 'rule.nonce.once',
    plant: onRepeat((message, session, sessions) =>
      tellAll(
        message,
        sessions.filter((other) => other !== session),
      ),
    ),
  },
  {
    name: 'repeat-to-own-sessions',
    breaks: "sends the answer to a repeated message to the user's other sessions, too",
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message, session, sessions) =>
      tellAll(
        message,
        sessions.filter((other) => other !== session && other.claims.id === session.claims.id),
      ),
    ),
  },
  {
    name: 'repeat-unanswered',
    breaks: 'does not answer a repeated message',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat(() => []),
  },
  {
    name: 'repeat-with-a-new-id',
    breaks: 'answers a repeated message with a new id',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => ({ ...message, id: `${message.id}0` })),
  },
  {
    name: 'repeat-at-a-new-time',
    breaks: 'answers a repeated message with a new time',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => ({ ...message, sent_at: '2099-01-01T00:00:00.000Z' })),
  },
  {
    name: 'repeat-in-other-words',
    breaks: 'answers a repeated message with the text of the repetition',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => withMsg(message, { text: 'In other words' })),
  },
  {
    name: 'nonce-of-all',
    breaks: "drops another user's message with a used nonce",
    caughtBy: 'rule.nonce.own',
    plant: () => {
      const owners = new Map<string, string | undefined>();
      return onSay((message, _, { claims }) => {
        const nonce = message?.type === 'chat_message' ? message.msg?.nonce : undefined;
        if (typeof nonce !== 'string') return undefined;
        const owner = owners.get(nonce) ?? claims.id;
        owners.set(nonce, owner);
        return owner === claims.id ? undefined : [];
      })();
    },
  },
];
