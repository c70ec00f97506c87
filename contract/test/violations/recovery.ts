import { type Frame, type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Session } from '../proxy/room.ts';
import { onTell, type Violation, withMsg, without } from './violation.ts';

/** Changes the frames after a recovered roster: each missed frame, with its number, and the later ones. */
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

/** Holds back the frames that a session is not to have yet. */
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

/** Sends the last message in the room once more after a roster with this field. */
const behindRoster = (recovered: boolean): (() => Switch) => {
  return () => {
    let last: Frame | undefined;
    let before: Frame | undefined;
    return {
      tell: (frame) => {
        const message = messageOf(frame);
        if (message?.type === 'chat_message' && !last?.payload.equals(frame.payload)) {
          // Moves the last frame that a reconnecting client names further back.
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
    breaks: 'drops one missed message although recovered is true',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((_, number) => (number === 1 ? [] : undefined)),
  },
  {
    name: 'recovery-repeats-one',
    breaks: 'replays one missed message twice',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((frame, number) => (number === 1 ? [frame, frame] : undefined)),
  },
  {
    name: 'recovery-disordered',
    breaks: 'replays missed messages out of order',
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
    breaks: 'sends a newer message before the missed ones',
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
    breaks: 'replays missed messages without their nonce',
    caughtBy: 'rule.recovery.whole',
    plant: recovering((frame) => {
      const message = messageOf(frame)!;
      return [messageFrame({ ...message, msg: without(message.msg, 'nonce') })];
    }),
  },
  {
    name: 'recovery-begins-too-early',
    breaks: 'replays messages that the client had received',
    caughtBy: 'rule.recovery.whole',
    plant: behindRoster(true),
  },
  {
    name: 'recovery-never',
    breaks: 'recovers nothing for a client that reconnects a moment later',
    caughtBy: 'rule.recovery.whole',
    plant: () => {
      const silent = recovering(() => [])();
      const denying = withRecovered((recovered, message) => withMsg(message, { recovered: recovered && false }))();
      return { tell: (...told) => silent.tell?.(...told) ?? denying.tell?.(...told) };
    },
  },
  {
    name: 'recovered-from-nowhere',
    breaks: 'recovers from an id that was never assigned',
    caughtBy: 'rule.recovery.unknown',
    plant: withRecovered((recovered, message) =>
      recovered === false ? withMsg(message, { recovered: true }) : undefined,
    ),
  },
  {
    name: 'unrecovered-and-yet-told',
    breaks: 'replays old messages although recovered is false',
    caughtBy: 'rule.recovery.unknown',
    plant: behindRoster(false),
  },
  {
    name: 'recovered-unasked',
    breaks: 'sends recovered to a client without last_event_id',
    caughtBy: 'rule.recovery.told',
    plant: withRecovered((recovered, message) =>
      recovered === undefined ? withMsg(message, { recovered: false }) : undefined,
    ),
  },
  {
    name: 'recovered-untold',
    breaks: 'omits recovered for a client with last_event_id',
    caughtBy: 'rule.recovery.told',
    plant: withRecovered((_, message) => ({ ...message, msg: without(message.msg, 'recovered') })),
  },
];
