import { randomBytes } from 'node:crypto';
import { Violation } from '../errors.ts';
import { member } from '../specs/schema.ts';
import { excerpt, type SeenFrame } from './seen.ts';
import type { Session } from './session.ts';

export interface Said {
  readonly text: string;
  readonly nonce?: string;
}

export const chatMessage = (said: Said): object => ({ type: 'chat_message', msg: said });

export const fault = (session: Session, what: string, frame?: SeenFrame): Violation =>
  new Violation(`${session.label}: ${what}`, excerpt(session, frame?.line));

/** The code of an `error`; empty of all else. */
export const codeOf = (frame: SeenFrame): string => (frame.type === 'error' ? String(member(frame.msg, 'code')) : '');

/** Another run may be in the room at the same time. */
const ownNonce = `contract-${randomBytes(4).toString('hex')}-`;
let nonces = 0;
/** A nonce that no other message of the run has. */
export const newNonce = (): string => {
  nonces += 1;
  return `${ownNonce}${nonces}`;
};

/**
 * Returns a function that recognizes the frame of a message, even with faults. A nonce of the kit identifies it alone. An
 * arbitrary nonce counts only from this user, and a text only without a nonce.
 */
export const brings = ({ text, nonce }: Said, username: string): ((frame: SeenFrame) => boolean) => {
  const isOwn = nonce?.startsWith(ownNonce) ?? false;
  return ({ type, msg }) => {
    if (type !== 'chat_message') return false;
    const fromUser = member(msg, 'from_user') === username;
    const itsNonce = member(msg, 'nonce');
    if (nonce !== undefined && itsNonce === nonce) return isOwn || fromUser;
    return (isOwn || nonce === undefined) && itsNonce === undefined && fromUser && member(msg, 'text') === text;
  };
};
