import type { ChatMessage } from '../../generated/chat/index.ts';
import type { Pruning, Retention } from './retention.ts';

/** A stored message: the delivered frame, and the user who sent it. The frame's `from_user_id` is `userId`. */
export interface StoredMessage {
  readonly id: string;
  /** RFC 3339, as in the frame: sorts as a string. */
  readonly sentAt: string;
  readonly userId: string;
  readonly msg: Omit<ChatMessage['msg'], 'from_user_id'>;
}

/** A part of the history, oldest first: the messages before a position, or after one. */
export interface Slice {
  readonly messages: readonly StoredMessage[];
  /**
   * Positions in the stream: between each and the message before it, messages may be missing.
   *
   * - Before a position: all gaps after the first message, up to and including that position, where a stored message may
   *   be. Without anything before the slice: all gaps up to that position.
   * - After a position: all gaps after that position, up to and including the last message. Without anything after the
   *   slice: all gaps after that position.
   */
  readonly gaps: readonly string[];
  /** Whether there are more messages: before the first one, or after the last one. The slice then has `limit`. */
  readonly more: boolean;
}

/** A run of the stream, by the epoch that its ids begin with. */
export interface Run {
  readonly epoch: string;
  /** The run's last id, if it ended with all that it delivered stored. */
  readonly lastId: string | undefined;
}

/** Number of the last gaps that are not merged, since another node may still store messages between them. */
export const gapsUnmerged = 100;

/**
 * The port to the stored messages. Ids compare as strings, byte by byte. Every call is idempotent, so it may be
 * retried.
 */
export interface MessageStore {
  /** Stores messages and gaps. Those that are stored already stay as they are. @throws {StoreUnavailable} */
  append(messages: readonly StoredMessage[], gaps: readonly string[]): Promise<void>;
  /** Returns the last `limit` messages before an id, or of all. @throws {StoreUnavailable} */
  before(id: string | undefined, limit: number): Promise<Slice>;
  /** Returns the first `limit` messages after an id. @throws {StoreUnavailable} */
  after(id: string, limit: number): Promise<Slice>;
  /**
   * Returns the id of the last message that is due for removal: all messages up to it are. It comes before every
   * message that isn't due, even if one of the due ones has an impossible time. @throws {StoreUnavailable}
   */
  lastDue(times: Pick<Pruning, 'from' | 'before' | 'until'>): Promise<string | undefined>;
  /**
   * Removes all messages and gaps up to the position `upTo`, and all but the last `keep` messages. Of many gaps with no
   * message between them only the last stays. It removes the runs before all messages too, except for the last one.
   * @throws {StoreUnavailable}
   */
  prune(upTo: string, keep: number): Promise<void>;
  /** Returns the state of retention. @throws {StoreUnavailable} */
  retention(): Promise<Retention | undefined>;
  /** Stores the state of retention. @throws {StoreUnavailable} */
  putRetention(retention: Retention): Promise<void>;
  /** Returns all runs in order. @throws {StoreUnavailable} */
  runs(): Promise<readonly Run[]>;
  /** Stores a run, or its end. @throws {StoreUnavailable} */
  putRun(run: Run): Promise<void>;
}
