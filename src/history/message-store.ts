import type { ChatMessage } from '../../generated/chat/index.ts';
import type { Pruning, Retention } from './retention.ts';

/** A message as it is kept: the frame that was delivered, and whose it was. */
export interface StoredMessage {
  readonly id: string;
  /** RFC 3339, as in the frame: sorts as a string. */
  readonly sentAt: string;
  readonly userId: string;
  readonly msg: ChatMessage['msg'];
}

/** A part of the history, oldest first. */
export interface Slice {
  readonly messages: readonly StoredMessage[];
  /**
   * Places in the order: between each and the message before it something may be missing. All that lie behind the first
   * message of the slice, up to its end and there too: it may be the place of a message that is kept. Where nothing comes
   * before the slice, all up to its end.
   */
  readonly gaps: readonly string[];
  /** Whether there are messages before the first one. */
  readonly more: boolean;
}

/** One life of the order, by the epoch that its ids begin with. */
export interface Run {
  readonly epoch: string;
  /** Its last id, where it ended with all that it had delivered kept. */
  readonly lastId: string | undefined;
}

/** So many of the last gaps are left as they are: messages of another node may still come in between. */
export const gapsUnmerged = 100;

/** The port to what was said. Ids compare as strings, byte by byte. Whatever fails may be tried again: twice is once. */
export interface MessageStore {
  /** Keeps messages, and places before which some are missing. What is there already stays. @throws {StoreUnavailable} */
  append(messages: readonly StoredMessage[], gaps: readonly string[]): Promise<void>;
  /** The last `limit` messages before an id, or of all. @throws {StoreUnavailable} */
  before(id: string | undefined, limit: number): Promise<Slice>;
  /**
   * Returns the id of the last message that is due: up to it all is. It lies before every message that isn't due, also
   * where one of those was sent at an impossible time. @throws {StoreUnavailable}
   */
  lastDue(times: Pick<Pruning, 'from' | 'before' | 'until'>): Promise<string | undefined>;
  /**
   * Removes all up to the place `upTo`, and all but the last `keep` messages. A gap goes with all before it and at it; of
   * very many gaps with no message between them the last one stays. Runs that lie before all messages go, the last
   * excepted. @throws {StoreUnavailable}
   */
  prune(upTo: string, keep: number): Promise<void>;
  /** Returns how far retention has come. @throws {StoreUnavailable} */
  retention(): Promise<Retention | undefined>;
  /** Keeps it. @throws {StoreUnavailable} */
  putRetention(retention: Retention): Promise<void>;
  /** All runs, in order. @throws {StoreUnavailable} */
  runs(): Promise<readonly Run[]>;
  /** Keeps a run, or how it ended. @throws {StoreUnavailable} */
  putRun(run: Run): Promise<void>;
}
