/**
 * The port between the room and its stream. An adapter decides the order of frames, their ids and times, and who joins
 * and leaves; the room delivers what it decided.
 */
import type { ChatMessage, UserJoined, UserLeft } from '../../generated/chat/index.ts';

/** A user as a token names it. `id` identifies the user; `username` is what others see. */
export interface Member {
  readonly id: string;
  readonly username: string;
}

/** A message as its sender hands it over. The stream adds the user, the time and the id. */
export interface Draft {
  readonly text: string;
  readonly nonce?: string | undefined;
}

type Ordered<Frame> = Frame extends unknown ? Omit<Frame, 'id' | 'sent_at'> : never;

/** A frame of the room's stream, before it has a position. */
export type OrderedFrame = Ordered<UserJoined | UserLeft | ChatMessage>;

/**
 * A frame at its position in the stream. Ids sort as strings in stream order, also across restarts.
 * `sentAt` is RFC 3339 in UTC with milliseconds and never goes backwards.
 */
export interface Envelope<Frame extends OrderedFrame = OrderedFrame> {
  readonly id: string;
  readonly sentAt: string;
  readonly frame: Frame;
  /** Author of a message: for the history, never sent to clients. */
  readonly userId?: string;
}

/** A message at its position in the stream. */
export type MessageEnvelope = Envelope<Extract<OrderedFrame, { type: 'chat_message' }>>;

/** Reason not to admit a session: another user holds the name, the user has too many, or nobody can decide now. */
export type Refusal = 'name_in_use' | 'too_many_sessions' | 'unavailable';

/** Outcome of a draft. `repeats` is the envelope that was published with its nonce before. */
export type Published = 'accepted' | 'refused' | { readonly repeats: MessageEnvelope };

/** Outcome of a message that was published without a seat: its envelope, or that of the message with its nonce before. */
export type Posted =
  | { readonly published: MessageEnvelope }
  | { readonly repeats: MessageEnvelope }
  | { readonly refusal: Exclude<Refusal, 'too_many_sessions'> };

/** A position in the stream, as a session is seated there. */
export interface Position {
  /** `roster` is as of this id, and every envelope after it concerns the session. */
  readonly id: string;
  /** Time of seating: neither later than those envelopes nor earlier than the ones before. */
  readonly sentAt: string;
  /** Members in join order: without the user if this is its first session, with it otherwise. */
  readonly roster: readonly Member[];
}

/** A session's seat in the room. */
export interface Seat extends Position {
  /**
   * Publishes drafts in the order of the calls. The envelope reaches `deliver` like everyone else's, and before the
   * answer if this node goes on. A nonce that the user has used within five minutes is not published again: the answer
   * is its first envelope.
   */
  publish(draft: Draft): Promise<Published>;
  /**
   * Gives the seat up, behind the drafts it has taken. After a close (`left`), a user whose last seat this was leaves at
   * once. After a broken connection (`lost`) it stays for a while, in which it can reconnect unnoticed. Later calls do
   * nothing.
   */
  release(how: 'left' | 'lost'): Promise<void>;
}

export type Admission = { readonly seat: Seat } | { readonly refusal: Refusal };

/** The start of the stream for this node, or a new start. */
export interface Beginning {
  /** Position that the stream goes on from. */
  readonly id: string;
  /** Epoch that its ids begin with. */
  readonly epoch: string;
  /** Remembered messages of this epoch, up to that position, oldest first. */
  readonly messages: readonly Envelope[];
  /** Position from which on none of them is missing. */
  readonly completeFrom: string;
  /** Messages that may not be stored yet, of earlier epochs too, and a position before which some are forgotten. */
  readonly unstored: { readonly messages: readonly Envelope[]; readonly gap?: string | undefined };
}

/** Receiver of the stream on this node. Nothing here throws. */
export interface Listener {
  /**
   * Receives every envelope once, in order, without a gap. The next one waits until this call has returned, also if it
   * publishes in there.
   */
  deliver(envelope: Envelope): void;
  /** Ends what was delivered so far: the next envelope doesn't continue it. Sessions that received it must reconnect. */
  begin(beginning: Beginning): void;
  /** Called when a user's access has changed, on any node, or such a change may have been missed. */
  accessChanged(): void;
  /** Called when another node has refused this user for too many sessions: dead ones here should make room. */
  crowded(userId: string): void;
}

/** Decides the stream. Only `start` rejects: any other failure is a refusal. */
export interface Backplane {
  /** Begins the stream. Called once, before `admit`. */
  start(listener: Pick<Listener, 'deliver'> & Partial<Listener>): Promise<void>;
  /**
   * Seats a session, and announces its user if it is the first. The answer may come before or after that envelope.
   * @param since If given, the seat's position may be any from this id on, so that sessions that join together share one
   */
  admit(member: Member, since?: string): Promise<Admission>;
  /**
   * Publishes a message of a user who needs no seat, under the name that it has in the room, if it is there. The answer
   * comes after the envelope has reached `deliver`. A nonce works as in `Seat.publish`, and a repeat is never refused.
   */
  publish(member: Member, draft: Draft): Promise<Posted>;
  /** Returns how `admit` would refuse, and changes nothing. */
  refusalOf(member: Member): Promise<Refusal | undefined>;
  /** Returns whether it can decide now. */
  isReady(): boolean;
  /** Returns the number of users in the room, on all nodes, as far as this node has delivered. */
  memberCount(): number;
  /** Tells every node that a user's access has changed. Doesn't wait. */
  announceAccess(): void;
  /** Tells every other node that this user has too many sessions. Returns false where there is no other. Doesn't wait. */
  announceCrowded(userId: string): boolean;
  /** Notes that all messages up to this id are stored. */
  noteStored(id: string): void;
  /** Refuses everything from now on, and delivers nothing. */
  close(): Promise<void>;
}
