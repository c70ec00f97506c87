import { setTimeout as sleep } from 'node:timers/promises';
import { brings, chatMessage, codeOf, fault, newNonce, type Said } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { member } from '../../specs/schema.ts';

interface AwaitedFrame {
  readonly what: string;
  readonly matches: (frame: SeenFrame) => boolean;
}

/** Sends a frame and returns the `error` or the awaited frame that answers it. Sends again while rate-limited. */
async function answerTo(kit: Kit, session: Session, text: string, { what, matches }: AwaitedFrame): Promise<SeenFrame> {
  for (let tries = 1; ; tries += 1) {
    await kit.pacer.take(session.username);
    const from = session.frames.length;
    session.sendRaw(text);
    const answer = await session.until(what, (frame) => frame.type === 'error' || matches(frame), from);
    if (codeOf(answer) !== 'rate_limited' || tries === 5) return answer;
    await sleep(1_000);
  }
}

/** Sends a `chat_message` as it is and returns its echo. @throws {Violation} where it is refused or unanswered */
export async function echoOfText(kit: Kit, session: Session, text: string, said: Said): Promise<SeenFrame> {
  const answer = await answerTo(kit, session, text, { what: 'echo', matches: brings(said, session.username) });
  if (answer.type === 'error') throw fault(session, `a valid chat_message is refused with ${codeOf(answer)}`, answer);
  return answer;
}

export const echoOf = (kit: Kit, session: Session, frame: object, said: Said): Promise<SeenFrame> =>
  echoOfText(kit, session, JSON.stringify(frame), said);

/** Sends a message and returns its echo. */
export const say = (kit: Kit, session: Session, said: Said): Promise<SeenFrame> =>
  echoOf(kit, session, chatMessage(said), said);

/** Frames of the room's stream. None of them answers a client's frame, except the echo of its own message. */
const streamFrames = ['users_online', 'user_joined', 'user_left', 'chat_message'];

/** Sends a frame that must be refused, and returns the `error`. @throws {Violation} where the server accepts it */
export async function refusalOf(kit: Kit, session: Session, text: string, what: string): Promise<SeenFrame> {
  const isTaken = ({ type, msg }: SeenFrame): boolean =>
    !streamFrames.includes(type) || (type === 'chat_message' && member(msg, 'from_user') === session.username);
  const answer = await answerTo(kit, session, text, { what: `error for ${what}`, matches: isTaken });
  if (answer.type !== 'error') throw fault(session, `${what} is taken`, answer);
  return answer;
}

interface InvalidFrame {
  readonly what: string;
  readonly text: string;
}

/**
 * Sends a frame that must be refused with one of these codes. Codes that the contract does not declare are ignored.
 * @throws {Violation} where the server accepts the frame, or answers another code
 */
export async function expectRefusal(
  kit: Kit,
  session: Session,
  { what, text }: InvalidFrame,
  codes: readonly string[],
): Promise<void> {
  const error = await refusalOf(kit, session, text, what);
  const due = codes.filter((code) => kit.specs.chat.errorCodes.includes(code));
  if (due.length > 0 && !due.includes(codeOf(error)))
    throw fault(session, `${what} is refused with ${codeOf(error)}, where ${due.join(' or ')} is due`, error);
}

/** Sends a message and waits until everyone has it. All earlier frames have arrived by then. */
export async function settle(kit: Kit, speaker: Session, others: readonly Session[]): Promise<Said> {
  const said = { text: 'That was it.', nonce: newNonce() };
  await say(kit, speaker, said);
  for (const other of others) await other.until('last message', brings(said, speaker.username));
  return said;
}
