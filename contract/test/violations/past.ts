import { type Frame, type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import type { Request, Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Session } from '../proxy/room.ts';
import {
  type Change,
  done,
  json,
  onAnswer,
  onAsk,
  onSay,
  onTell,
  pathOf,
  problem,
  type Violation,
  withJson,
  withMsg,
  without,
} from './violation.ts';

/** Changes what follows a roster that is recovered: each frame of the past, with its number, and what comes then. */
const recovering =
  (
    past: (frame: Frame, number: number, session: Session) => readonly Frame[] | undefined,
    then: (frame: Frame, session: Session) => readonly Frame[] | undefined = () => undefined,
  ): (() => Switch) =>
  () => {
    const starts = new Map<Session, { id: string; count: number }>();
    return {
      tell: (frame, session) => {
        const { type, id = '', msg } = messageOf(frame) ?? {};
        if (type === 'users_online' && msg?.recovered === true) starts.set(session, { id, count: 0 });
        const start = starts.get(session);
        if (!start || id === '' || type === 'users_online') return undefined;
        if (id > start.id) return then(frame, session);
        start.count += 1;
        return past(frame, start.count - 1, session);
      },
    };
  };

/** Keeps the frames that a session is not to have yet. */
function holding(): { hold(session: Session, frame: Frame): readonly Frame[]; release(session: Session): Frame[] } {
  const held = new Map<Session, Frame[]>();
  return {
    hold: (session, frame) => {
      held.set(session, [...(held.get(session) ?? []), frame]);
      return [];
    },
    release: (session) => {
      const frames = held.get(session) ?? [];
      held.delete(session);
      return frames;
    },
  };
}

/** Sends the last message that anybody received once more behind a roster that says this. */
const behindRoster = (recovered: boolean): (() => Switch) => {
  return () => {
    let last: Frame | undefined;
    let before: Frame | undefined;
    return {
      tell: (frame) => {
        const message = messageOf(frame);
        if (message?.type === 'chat_message' && !last?.payload.equals(frame.payload)) {
          // The one that somebody has seen who comes back is further behind.
          before ??= frame;
          last = frame;
        }
        const seen = recovered ? before : last;
        return message?.type === 'users_online' && message.msg.recovered === recovered && seen
          ? [frame, seen]
          : undefined;
      },
    };
  };
};

const withRecovered = (change: (recovered: unknown, message: Message) => Message | undefined): (() => Switch) =>
  onTell('users_online', (message) => change(message.msg.recovered, message));

/** Which messages are sent a second time under their nonce, by whom it says so. */
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

/** Changes what answers a message that is sent again. */
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

interface Page {
  readonly messages: readonly Message[];
}
const onPage = (change: (messages: readonly Message[], request: Request) => readonly Message[]): (() => Switch) =>
  onAnswer('GET', '/messages', 200, (response, request) =>
    withJson(response, (page) => ({ ...page, messages: change((page as unknown as Page).messages, request) })),
  );
const withoutQuery = (name: string): (() => Switch) =>
  onAsk('/messages', (request) => ({
    ...request,
    target: request.target.replace(new RegExp(`([?&])${name}=[^&]*&?`), '$1'),
  }));
const invalidParameter = (change: Change): (() => Switch) =>
  onAnswer('GET', '/messages', 400, (response, request) =>
    response.body.includes('invalid_parameter') ? change(response, request) : undefined,
  );
const emptyPage: Response = json(200, { messages: [], gaps: [] });
/** Longer than a case is patient. */
const lateMs = 60_000;

export const past: readonly Violation[] = [
  {
    name: 'recovery-misses-one',
    breaks: 'of what was missed one message does not follow, and recovered is true',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((_, number) => (number === 1 ? [] : undefined)),
  },
  {
    name: 'recovery-repeats-one',
    breaks: 'of what was missed one message comes twice',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((frame, number) => (number === 1 ? [frame, frame] : undefined)),
  },
  {
    name: 'recovery-disordered',
    breaks: 'what was missed comes out of order',
    caughtBy: 'rule.recovery.whole',
    plant: () => {
      const { hold, release } = holding();
      return recovering((frame, number, session) => {
        if (number === 0) return hold(session, frame);
        return number === 1 ? [frame, ...release(session)] : undefined;
      })();
    },
  },
  {
    name: 'newer-before-missed',
    breaks: 'something newer comes before what was missed',
    caughtBy: 'rule.recovery.whole',
    plant: () => {
      const { hold, release } = holding();
      return recovering(
        (frame, _, session) => hold(session, frame),
        (frame, session) => [frame, ...release(session)],
      )();
    },
  },
  {
    name: 'recovery-changes-one',
    breaks: 'what was missed comes without its nonce',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((frame) => {
      const message = messageOf(frame)!;
      return [messageFrame({ ...message, msg: without(message.msg, 'nonce') })];
    }),
  },
  {
    name: 'recovery-begins-too-early',
    breaks: 'who comes back receives what it had seen already',
    caughtBy: 'rule.recovery.whole',
    plant: behindRoster(true),
  },
  {
    name: 'recovery-never',
    breaks: 'who comes back a moment later is told that nothing can be recovered',
    caughtBy: 'rule.recovery.whole',
    plant: () => {
      const silent = recovering(() => [])();
      const denying = withRecovered((recovered, message) => withMsg(message, { recovered: recovered && false }))();
      return { tell: (...told) => silent.tell?.(...told) ?? denying.tell?.(...told) };
    },
  },
  {
    name: 'recovered-from-nowhere',
    breaks: 'an id that was never given recovers',
    caughtBy: 'rule.recovery.unknown',
    plant: withRecovered((recovered, message) =>
      recovered === false ? withMsg(message, { recovered: true }) : undefined,
    ),
  },
  {
    name: 'unrecovered-and-yet-told',
    breaks: 'nothing is recovered, and something of the past follows',
    caughtBy: 'rule.recovery.unknown',
    plant: behindRoster(false),
  },
  {
    name: 'recovered-unasked',
    breaks: 'users_online says recovered to who has not asked',
    caughtBy: 'rule.recovery.told',
    plant: withRecovered((recovered, message) =>
      recovered === undefined ? withMsg(message, { recovered: false }) : undefined,
    ),
  },
  {
    name: 'recovered-untold',
    breaks: 'users_online does not say recovered to who has asked',
    caughtBy: 'rule.recovery.told',
    plant: withRecovered((_, message) => ({ ...message, msg: without(message.msg, 'recovered') })),
  },
  {
    name: 'nonce-published-twice',
    breaks: 'what is sent again under its nonce is published again',
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
    breaks: 'what answers a message that is sent again goes to everybody',
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
    breaks: "what answers a message that is sent again goes to the user's other sessions, too",
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
    breaks: 'what is sent again under its nonce is not answered',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat(() => []),
  },
  {
    name: 'repeat-with-a-new-id',
    breaks: 'what answers a message that is sent again has an id of its own',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => ({ ...message, id: `${message.id}0` })),
  },
  {
    name: 'repeat-at-a-new-time',
    breaks: 'what answers a message that is sent again says another time',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => ({ ...message, sent_at: '2099-01-01T00:00:00.000Z' })),
  },
  {
    name: 'repeat-in-other-words',
    breaks: 'what answers a message that is sent again has the text that was sent the second time',
    caughtBy: 'rule.nonce.answered',
    plant: onRepeat((message) => withMsg(message, { text: 'In other words' })),
  },
  {
    name: 'nonce-of-all',
    breaks: "another user's message under a nonce that somebody has used is swallowed",
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
  {
    name: 'history-late',
    breaks: 'what was said is in the history a minute later',
    caughtBy: 'rule.history.soon',
    plant: onPage((messages) => messages.filter(({ sent_at = '' }) => Date.parse(sent_at) < Date.now() - lateMs)),
  },
  {
    name: 'limit-ignored',
    breaks: 'a page is as long as it likes',
    caughtBy: 'rule.history.limit',
    plant: withoutQuery('limit'),
  },
  {
    name: 'before-ignored',
    breaks: 'every page is the newest',
    caughtBy: 'rule.history.pages',
    plant: withoutQuery('before'),
  },
  {
    name: 'page-repeats',
    breaks: 'the last message of a page is the first of the one behind it once more',
    caughtBy: 'rule.history.pages',
    plant: () => {
      let first: Message | undefined;
      return onPage((messages, { target }) => {
        const repeated = target.includes('before=') && first ? [...messages, first] : messages;
        first = messages[0];
        return repeated;
      })();
    },
  },
  {
    name: 'page-loses',
    breaks: 'where a page ends a message is lost',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages, { target }) => (target.includes('before=') ? messages.slice(0, -1) : messages)),
  },
  {
    name: 'page-reversed',
    breaks: 'the newest message of a page comes first',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.toReversed()),
  },
  {
    name: 'page-changes',
    breaks: 'messages are in the history without their nonce',
    caughtBy: 'rule.history.pages',
    plant: onPage((messages) => messages.map((message) => ({ ...message, msg: without(message.msg, 'nonce') }))),
  },
  {
    name: 'page-limit-is-of-attempts',
    breaks: 'who asks for too many pages is told of too many attempts',
    caughtBy: 'rule.limit.pages',
    plant: onAnswer('GET', '/messages', 429, () => problem(429, 'too_many_attempts', 'Too many attempts')),
  },
  {
    name: 'parameter-unchecked',
    breaks: 'a page of more than may be asked for is answered 200',
    caughtBy: 'http.listMessages.parameter.limit.maximum',
    plant: invalidParameter((_, { target }) => (/limit=\d+/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-not-a-number',
    breaks: 'a limit that is no number is ignored',
    caughtBy: 'http.listMessages.parameter.limit.type',
    plant: invalidParameter((_, { target }) => (/limit=[a-z]/.test(target) ? emptyPage : undefined)),
  },
  {
    name: 'parameter-pointer-elsewhere',
    breaks: 'what is wrong with a parameter is told of another one',
    caughtBy: 'http.listMessages.parameter.before.maxLength',
    plant: invalidParameter((response) => ({ ...response, body: response.body.replace('/before', '/limit') })),
  },
  {
    name: 'parameter-bound-too-low',
    breaks: 'a page as large as may be asked for is refused',
    caughtBy: 'http.listMessages.parameter.limit.maximum.just',
    plant: onAsk('/messages', (request) => ({ ...request, target: request.target.replace('limit=100', 'limit=101') })),
  },
  {
    name: 'last-event-id-unchecked',
    breaks: 'an id that no frame can have is ignored at the door',
    caughtBy: 'http.join.parameter.last_event_id.maxLength',
    plant: onAsk('/join', (request) => ({
      ...request,
      target: request.target.replace(/\?last_event_id=[^&]{65,}/, ''),
    })),
  },
  {
    name: 'anybody-disabled',
    breaks: 'a user with an id that nobody can have is disabled',
    caughtBy: 'http.disableUser.parameter.id.maxLength',
    plant: () => ({
      answer: (response, request) =>
        pathOf(request).endsWith('/disable') && response.body.includes('invalid_parameter') ? done : undefined,
    }),
  },
];
