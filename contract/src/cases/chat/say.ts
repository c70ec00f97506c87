import { setTimeout as sleep } from 'node:timers/promises';
import { brings, chatMessage, codeOf, fault, newNonce, type Said } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { member } from '../../specs/schema.ts';

/** Sends a frame until it isn't one too many, and gives the first one that answers it. */
async function answerTo(
  kit: Kit,
  session: Session,
  text: string,
  what: string,
  answers: (frame: SeenFrame) => boolean,
): Promise<SeenFrame> {
  for (let tries = 1; ; tries += 1) {
    await kit.pacer.take(session.username);
    const from = session.frames.length;
    session.sendRaw(text);
    const answer = await session.until(what, (frame) => frame.type === 'error' || answers(frame), from);
    if (codeOf(answer) !== 'rate_limited' || tries === 5) return answer;
    await sleep(1_000);
  }
}

/** Sends a `chat_message` as it is, and gives its echo. @throws {Violation} where it is refused, or nothing comes */
export async function echoOfText(kit: Kit, session: Session, text: string, said: Said): Promise<SeenFrame> {
  const answer = await answerTo(kit, session, text, 'echo', brings(said, session.username));
  if (answer.type === 'error') throw fault(session, `a valid chat_message is refused with ${codeOf(answer)}`, answer);
  return answer;
}

export const echoOf = (kit: Kit, session: Session, frame: object, said: Said): Promise<SeenFrame> =>
  echoOfText(kit, session, JSON.stringify(frame), said);

/** Says something, and gives its echo. */
export const say = (kit: Kit, session: Session, said: Said): Promise<SeenFrame> =>
  echoOf(kit, session, chatMessage(said), said);

/** What the room's order brings to everybody, and what no frame of a client is answered with. */
const ofTheRoom = ['users_online', 'user_joined', 'user_left', 'chat_message'];

/** Sends what must be refused, and gives the `error`. @throws {Violation} where it isn't */
export async function refusalOf(kit: Kit, session: Session, text: string, what: string): Promise<SeenFrame> {
  const isTaken = ({ type, msg }: SeenFrame): boolean =>
    !ofTheRoom.includes(type) || (type === 'chat_message' && member(msg, 'from_user') === session.username);
  const answer = await answerTo(kit, session, text, `error for ${what}`, isTaken);
  if (answer.type !== 'error') throw fault(session, `${what} is taken`, answer);
  return answer;
}

/** Holds an `error` to the codes that fit, as far as the contract declares them. */
export function checkCode(
  { specs }: Kit,
  session: Session,
  error: SeenFrame,
  what: string,
  codes: readonly string[],
): void {
  const due = codes.filter((code) => specs.chat.errorCodes.includes(code));
  if (due.length > 0 && !due.includes(codeOf(error)))
    throw fault(session, `${what} is refused with ${codeOf(error)}, where ${due.join(' or ')} is due`, error);
}

/** Says something that everybody waits for: whatever was sent before it has come by then. */
export async function settle(kit: Kit, speaker: Session, others: readonly Session[]): Promise<Said> {
  const said = { text: 'That was it.', nonce: newNonce() };
  await say(kit, speaker, said);
  for (const other of others) await other.until('last message', brings(said, speaker.username));
  return said;
}
