import { type Frame, type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Session } from '../proxy/room.ts';
import { onTell, type Violation, withMsg, without } from './violation.ts';

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

export const recovery: readonly Violation[] = [
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
];
