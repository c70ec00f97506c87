/**
 * The port between the room and its order. Whoever stands behind it decides the order of frames,
 * their ids and times, and who joins and leaves; a room delivers what it decided.
 */
import type { ChatMessage, UserJoined, UserLeft } from '../../generated/chat/index.ts';

/** A user as a token names it. `id` says who it is; `username` is what others see. */
export interface Member {
  readonly id: string;
  readonly username: string;
}

/** What a session asks to say; the order adds who, when and the id. */
export interface Draft {
  readonly text: string;
  readonly nonce?: string | undefined;
}

type Ordered<Frame> = Frame extends unknown ? Omit<Frame, 'id' | 'sent_at'> : never;

/** A frame of the room's order, before its place in it. */
export type OrderedFrame = Ordered<UserJoined | UserLeft | ChatMessage>;

/**
 * A frame and its place in the order. Ids sort as strings in the order, also across restarts.
 * `sentAt` is RFC 3339 in UTC with milliseconds and never goes backwards.
 */
export interface Envelope {
  readonly id: string;
  readonly sentAt: string;
  readonly frame: OrderedFrame;
  /** Whose message it is; for those who keep it, not for who receives it. */
  readonly userId?: string;
}

/** Why somebody can't come in: another user holds the name, the user has its share of sessions, or nobody can decide now. */
export type Refusal = 'name_in_use' | 'too_many_sessions' | 'unavailable';

/** What became of a draft. */
export type Published = 'accepted' | 'refused' | { readonly repeats: Envelope };

/** A point of the order, as a session is seated there. */
export interface Position {
  /** At it `roster` is true: every envelope after it concerns this session. */
  readonly id: string;
  /** When it was seated: not after any of those envelopes, nor before what came before. */
  readonly sentAt: string;
  /** Usernames in join order: without the user if this is its first session, with it otherwise. */
  readonly roster: readonly string[];
}

/** One session's place in the room. */
export interface Seat extends Position {
  /**
   * Takes drafts in the order of the calls. The envelope reaches `deliver` like everyone else's, before the answer if
   * this node goes on. A nonce that this user has used within five minutes is not published again: its first envelope is
   * the answer.
   */
  publish(draft: Draft): Promise<Published>;
  /**
   * Gives the seat up, after the drafts it has taken: by a close (`left`), at once, or by a broken connection (`lost`):
   * then a user whose last seat this was stays for a while, in which it can come back unnoticed. Later calls do nothing.
   */
  release(how: 'left' | 'lost'): Promise<void>;
}

export type Admission = { readonly seat: Seat } | { readonly refusal: Refusal };

/** Where the order begins for this node, or begins anew. */
export interface Beginning {
  /** The point of the order that it goes on from. */
  readonly id: string;
  /** The epoch that its ids begin with. */
  readonly epoch: string;
  /** The messages of this epoch before that point that are remembered, oldest first. */
  readonly messages: readonly Envelope[];
  /** From here on nothing is missing in them. */
  readonly completeFrom: string;
  /** Messages, of earlier epochs too, that may not be stored yet, and a place before which some are forgotten. */
  readonly unstored: { readonly messages: readonly Envelope[]; readonly gap?: string | undefined };
}

/** Who delivers on this node. Nothing here throws. */
export interface Listener {
  /**
   * Gets every envelope once, in order, without a gap, and none before it has returned from the one before, also if it
   * calls back in there.
   */
  deliver(envelope: Envelope): void;
  /** What comes now doesn't continue what was delivered: whoever heard that has to come back. */
  begin(beginning: Beginning): void;
  /** Somebody's access was changed, on this node or another, or that may have been missed. */
  accessChanged(): void;
  /** Another node has refused this user for too many sessions: dead ones on this node should make room. */
  crowded(userId: string): void;
}

/** Only `start` rejects: whatever else fails is told as a refusal. */
export interface Backplane {
  /** Begins the stream. Called once, before `admit`. */
  start(listener: Pick<Listener, 'deliver'> & Partial<Listener>): Promise<void>;
  /**
   * Seats a session and announces its user if it is the first. The reply may come before or after the envelope.
   * The seat's point is now, or any since the id `since`, where that is given: those who come together may share one.
   */
  admit(member: Member, since?: string): Promise<Admission>;
  /** Says how `admit` would refuse, and changes nothing. */
  refusalOf(member: Member): Promise<Refusal | undefined>;
  /** Whether it can decide now. */
  isReady(): boolean;
  /** Users in the room, on all nodes, as far as this node has delivered. */
  memberCount(): number;
  /** Tells every node that somebody's access was changed. Doesn't wait. */
  announceAccess(): void;
  /** Tells every other node that this user has too many sessions. Returns false where there is no other. Doesn't wait. */
  announceCrowded(userId: string): boolean;
  /** Takes note that all messages up to this id are stored. */
  noteStored(id: string): void;
  /** From now on everything is refused and nothing is delivered. */
  close(): Promise<void>;
}
