import {
  closeCodeOf,
  closeFrame,
  type Frame,
  isBinary,
  isText,
  messageFrame,
  messageOf,
  textFrame,
} from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Session } from '../proxy/room.ts';
import type { Violation } from './violation.ts';

const maxFrameBytes = 65_536;

/** Changes how a session is closed that the server closes with this code. */
const onClose =
  (code: number, change: (session: Session) => readonly Frame[]): (() => Switch) =>
  () => ({ tell: (frame, session) => (closeCodeOf(frame) === code ? change(session) : undefined) });

/** The server never sees such frames, or sees others. */
const swallowing =
  (isSwallowed: (frame: Frame) => boolean, instead: (frame: Frame) => readonly Frame[] = () => []): (() => Switch) =>
  () => ({ say: (frame) => (isSwallowed(frame) ? instead(frame) : undefined) });

const isUtf8 = ({ payload }: Frame): boolean => Buffer.from(payload.toString()).equals(payload);
const isMessage = (frame: Frame): boolean => typeof messageOf(frame)?.msg?.text === 'string';

const malformed = (): object => ({
  type: 'error',
  sent_at: new Date().toISOString(),
  msg: { code: 'malformed_json', detail: 'The frame is not JSON.' },
});

/** Refuses these invalid frames of a session, counted from 1: the server never sees them. */
const refusing =
  (isRefused: (count: number) => boolean): (() => Switch) =>
  () => {
    const refused = new Map<Session, number>();
    return {
      say: (frame, session) => {
        if (!isText(frame) || isMessage(frame)) return undefined;
        const count = (refused.get(session) ?? 0) + 1;
        refused.set(session, count);
        if (!isRefused(count)) return undefined;
        session.tell(messageFrame(malformed()));
        return [];
      },
    };
  };

export const closes: readonly Violation[] = [
  {
    name: 'binary-ignored',
    breaks: 'ignores a binary frame',
    caughtBy: 'ws.bytes.binary',
    plant: swallowing(isBinary),
  },
  {
    name: 'binary-taken',
    breaks: 'reads a binary frame as text',
    caughtBy: 'ws.bytes.binary',
    plant: swallowing(isBinary, ({ payload }) => [textFrame(payload.toString())]),
  },
  {
    name: 'close-code-undeclared',
    breaks: 'answers a binary frame with an undeclared close code',
    caughtBy: 'ws.close.undeclared',
    plant: onClose(1003, () => [closeFrame(4044)]),
  },
  {
    name: 'too-big-ignored',
    breaks: 'ignores a frame that is too big',
    caughtBy: 'ws.bytes.oversized',
    plant: swallowing(({ payload }) => payload.length > maxFrameBytes),
  },
  {
    name: 'too-big-is-policy',
    breaks: 'answers a frame that is too big with another close code',
    caughtBy: 'ws.bytes.oversized',
    plant: onClose(1009, () => [closeFrame(1008)]),
  },
  {
    name: 'too-big-cut',
    breaks: 'cuts the connection at a frame that is too big',
    caughtBy: 'ws.bytes.oversized',
    plant: onClose(1009, (session) => {
      session.cut();
      return [];
    }),
  },
  {
    name: 'not-utf8-mended',
    breaks: 'accepts a frame that is not UTF-8, with U+FFFD in it',
    caughtBy: 'ws.bytes.not-utf8',
    plant: swallowing(
      (frame) => isText(frame) && !isUtf8(frame),
      ({ payload }) => [textFrame(payload.toString())],
    ),
  },
  {
    name: 'not-utf8-without-a-code',
    breaks: 'answers a frame that is not UTF-8 with a close without a code',
    caughtBy: 'ws.bytes.not-utf8',
    plant: onClose(1007, () => [{ ...closeFrame(1007), payload: Buffer.alloc(0) }]),
  },
  {
    name: 'patient-for-ever',
    breaks: 'keeps the connection open however many frames it refuses',
    caughtBy: 'rule.errors.too-many',
    plant: refusing((count) => count > 10),
  },
  {
    name: 'patient-for-twice-as-long',
    breaks: 'refuses forty frames before it closes the connection, instead of twenty',
    caughtBy: 'rule.errors.too-many',
    plant: refusing((count) => count <= 20),
  },
  {
    name: 'expiry-is-going-away',
    breaks: 'answers an expired token with another close code',
    caughtBy: 'rule.token-expiry',
    plant: onClose(4001, () => [closeFrame(1001)]),
  },
  {
    name: 'leave-not-answered',
    breaks: "does not answer a client's close",
    caughtBy: 'ws.close.undeclared',
    plant: onClose(1000, () => []),
  },
  {
    name: 'limit-too-low',
    breaks: 'reports a frame of half the allowed size as too big',
    caughtBy: 'ws.bytes.just-fits',
    plant: swallowing(
      ({ payload }) => payload.length > maxFrameBytes / 2,
      () => [textFrame('x'.repeat(maxFrameBytes + 1))],
    ),
  },
];
