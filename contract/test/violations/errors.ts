import { closeFrame, type Message, messageFrame } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Session } from '../proxy/room.ts';
import { onTell, type Violation, withMsg, without } from './violation.ts';

/** Changes the errors with this code. */
const onError = (code: string, change: (message: Message) => Message | readonly Message[]): (() => Switch) =>
  onTell('error', (message) => (message.msg.code === code ? change(message) : undefined));

/** Some other sessions get the errors, too. */
const overheard = (byWhom: (other: Session, session: Session) => boolean): (() => Switch) =>
  onTell('error', (message, session, { sessions }: Room) => {
    for (const other of sessions) if (other !== session && byWhom(other, session)) other.tell(messageFrame(message));
    return undefined;
  });

export const errors: readonly Violation[] = [
  {
    name: 'error-to-all',
    breaks: 'sends an error to everyone',
    caughtBy: 'rule.errors.alone',
    plant: overheard(() => true),
  },
  {
    name: 'error-to-own-sessions',
    breaks: "sends an error to the user's other session",
    caughtBy: 'rule.errors.alone',
    plant: overheard((other, { claims }) => other.claims.id === claims.id),
  },
  {
    name: 'error-ends-the-session',
    breaks: 'ends the session with a refused frame',
    caughtBy: 'rule.errors.once',
    plant: onTell('error', (message) => [message, closeFrame(1008)]),
  },
  {
    name: 'error-code-undeclared',
    breaks: 'sends an error with an undeclared code',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => withMsg(message, { code: 'bad_frame' })),
  },
  {
    name: 'error-without-detail',
    breaks: 'sends an error without detail',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => ({ ...message, msg: without(message.msg, 'detail') })),
  },
  {
    name: 'error-in-the-order',
    breaks: 'sends an error with an id, as if it were part of the stream',
    caughtBy: 'ws.frame.error',
    plant: onTell('error', (message) => ({ ...message, id: '1' })),
  },
  {
    name: 'error-without-nonce',
    breaks: 'sends an error without the nonce of the refused message',
    caughtBy: 'rule.errors.nonce',
    plant: onTell('error', (message) => ({ ...message, msg: without(message.msg, 'nonce') })),
  },
  {
    name: 'malformed-ignored',
    breaks: 'ignores a frame that is not JSON',
    caughtBy: 'ws.send.malformed',
    plant: onError('malformed_json', () => []),
  },
  {
    name: 'unknown-type-ignored',
    breaks: 'ignores a frame of an unknown type',
    caughtBy: 'ws.send.unknown-type',
    plant: onError('unknown_type', () => []),
  },
  {
    name: 'unknown-type-is-invalid',
    breaks: 'reports a frame of an unknown type as invalid',
    caughtBy: 'ws.send.unknown-type',
    plant: onError('unknown_type', (message) => withMsg(message, { code: 'invalid_message' })),
  },
  {
    name: 'invalid-is-malformed',
    breaks: 'reports an invalid message as not JSON',
    caughtBy: 'ws.send.chat_message.invalid.msg.type',
    plant: onError('invalid_message', (message) => withMsg(message, { code: 'malformed_json' })),
  },
  {
    name: 'error-twice',
    breaks: 'answers a refused frame twice',
    caughtBy: 'rule.errors.once',
    plant: onTell('error', (message) => [message, message]),
  },
  {
    name: 'rate-limit-untold',
    breaks: 'drops a frame over the limit silently',
    caughtBy: 'rule.limit.frames',
    plant: onError('rate_limited', () => []),
  },
  {
    name: 'rate-limit-retry-too-soon',
    breaks: 'sends a retry_after_ms that is too short',
    caughtBy: 'rule.limit.frames',
    plant: onError('rate_limited', (message) => withMsg(message, { retry_after_ms: 1 })),
  },
  {
    name: 'rate-limit-retry-at-once',
    breaks: 'sends a retry_after_ms of 0',
    caughtBy: 'ws.frame.error',
    plant: onError('rate_limited', (message) => withMsg(message, { retry_after_ms: 0 })),
  },
  {
    name: 'retry-after-for-all',
    breaks: 'sends retry_after_ms with an invalid message',
    caughtBy: 'rule.errors.once',
    plant: onError('invalid_message', (message) => withMsg(message, { retry_after_ms: 1_000 })),
  },
  {
    name: 'impatient',
    breaks: 'closes the connection at the sixth refused frame',
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
