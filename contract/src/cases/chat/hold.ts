import { brings, fault, type Said } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import { member } from '../../specs/schema.ts';

/** Holds a member of a message to what it has to be. @throws {Violation} */
export function checkPart(session: Session, frame: SeenFrame, name: string, want: unknown): void {
  const got = member(frame.msg, name);
  if (got !== want)
    throw fault(session, `${name} is ${JSON.stringify(got)}, where ${JSON.stringify(want)} is due`, frame);
}

/** Waits for all of these messages, and checks their order. */
export async function inOrder(session: Session, said: readonly Said[], username = session.username): Promise<void> {
  let last = -1;
  for (const each of said) {
    const frame = await session.until(`message '${each.text}'`, brings(each, username));
    const at = session.frames.indexOf(frame);
    if (at < last) throw fault(session, `'${each.text}' comes before what was sent before it`, session.frames[last]);
    last = at;
  }
}
