import { closeFrame, type Message, messageFrame } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Session } from '../proxy/room.ts';
import { onTell, type Violation, withMsg, without } from './violation.ts';

/** Changes the errors with this code. */
const onError = (code: string, change: (message: Message) => Message | readonly Message[]): (() => Switch) =>
  onTell('error', (message) => (message.msg.code === code ? change(message) : undefined));

/** Errors go to some other sessions as well. */
const overheard = (byWhom: (other: Session, session: Session) => boolean): (() => Switch) =>
  onTell('error', (message, session, { sessions }: Room) => {
    for (const other of sessions) if (other !== session && byWhom(other, session)) other.tell(messageFrame(message));
    return undefined;
  });

export const errors: readonly Violation[] = [
  {
    name: 'error-to-all',
    breaks: 'everybody hears that a frame was refused',
    caughtBy: 'rule.errors.alone',
    plant: overheard(() => true),
  },
  {
    name: 'error-to-own-sessions',
    breaks: "a user's other session hears that a frame was refused",
    caughtBy: 'rule.errors.alone',
    plant: overheard((other, { claims }) => other.claims.id === claims.id),
  },
  {
    name: 'error-ends-the-session',
    breaks: 'a frame that is refused ends the session',
    caughtBy: 'rule.errors.once',
    plant: onTell('error', (message) => [message, closeFrame(1008)]),
  },
  {
    name: 'error-code-undeclared',
    breaks: 'an error has a code that is not declared',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => withMsg(message, { code: 'bad_frame' })),
  },
  {
    name: 'error-without-detail',
    breaks: 'an error has no detail',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => ({ ...message, msg: without(message.msg, 'detail') })),
  },
  {
    name: 'error-in-the-order',
    breaks: 'an error has an id, as if it were of the order',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => ({ ...message, id: '1' })),
  },
  {
    name: 'error-without-nonce',
    breaks: 'the nonce does not come back in the error that refuses its message',
    caughtBy: 'rule.errors.nonce',
    plant: onTell('error', (message) => ({ ...message, msg: without(message.msg, 'nonce') })),
  },
  {
    name: 'malformed-ignored',
    breaks: 'a frame that is not JSON is not answered',
    caughtBy: 'ws.send.malformed',
    plant: onError('malformed_json', () => []),
  },
  {
    name: 'unknown-type-ignored',
    breaks: 'a frame of an unknown type is not answered',
    caughtBy: 'ws.send.unknown-type',
    plant: onError('unknown_type', () => []),
  },
  {
    name: 'unknown-type-is-invalid',
    breaks: 'a frame of an unknown type is told as an invalid one',
    caughtBy: 'ws.send.unknown-type',
    plant: onError('unknown_type', (message) => withMsg(message, { code: 'invalid_message' })),
  },
  {
    name: 'invalid-is-malformed',
    breaks: 'an invalid message is told as no JSON',
    caughtBy: 'ws.send.chat_message.invalid.msg.type',
    plant: onError('invalid_message', (message) => withMsg(message, { code: 'malformed_json' })),
  },
  {
    name: 'error-twice',
    breaks: 'a frame that is refused is answered twice',
    caughtBy: 'rule.errors.once',
    plant: onTell('error', (message) => [message, message]),
  },
  {
    name: 'rate-limit-untold',
    breaks: 'a frame too many is dropped without a word',
    caughtBy: 'rule.limit.frames',
    plant: onError('rate_limited', () => []),
  },
  {
    name: 'rate-limit-retry-too-soon',
    breaks: 'a frame too many may be sent again sooner than it is taken',
    caughtBy: 'rule.limit.frames',
    plant: onError('rate_limited', (message) => withMsg(message, { retry_after_ms: 1 })),
  },
  {
    name: 'rate-limit-retry-at-once',
    breaks: 'a frame too many may be sent again after no time at all',
    caughtBy: 'ws.frame.error',
    plant: onError('rate_limited', (message) => withMsg(message, { retry_after_ms: 0 })),
  },
  {
    name: 'retry-after-for-all',
    breaks: 'a frame that is refused as invalid is to be sent again after a while',
    caughtBy: 'rule.errors.once',
    plant: onError('invalid_message', (message) => withMsg(message, { retry_after_ms: 1_000 })),
  },
  {
    name: 'impatient',
    breaks: 'the connection is closed at the sixth frame that is refused',
    caughtBy: 'rule.errors.too-many',
    plant: () => {
      const refused = new Map<Session, number>();
      return onTell('error', (message, session) => {
        const count = (refused.get(session) ?? 0) + 1;
        refused.set(session, count);
        return count < 6 ? undefined : [message, closeFrame(1008)];
      })();
    },
  },
];
