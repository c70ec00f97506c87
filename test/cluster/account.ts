/** The records of the clients of a cluster, unprocessed. The checker knows nothing else. */

/** One WebSocket, from its first frame on. */
export interface Connection {
  readonly client: string;
  readonly username: string;
  /** The `last_event_id` that it came with. */
  readonly asked: string | undefined;
  /** Every frame as it came. */
  readonly frames: string[];
  /** The nonce of every message that was sent on it. */
  readonly nonces: string[];
  /** How it ended; undefined while it lives. */
  closeCode?: number;
}

/** Result of a message. */
export type Outcome =
  | { readonly kind: 'echoed'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: string }
  /** Nobody knows: the connection ended first, or the SDK rejected with this code. */
  | { readonly kind: 'lost'; readonly code: string }
  /** Its connection lived on, and no answer came in time. */
  | { readonly kind: 'unanswered' };

export interface Send {
  readonly client: string;
  readonly text: string;
  /** When it was sent first, in milliseconds since 1970. */
  readonly atMs: number;
  outcome?: Outcome;
}

/** Events that an application received from the SDK, on connections of which each recovered the one before. */
export interface Stretch {
  readonly client: string;
  readonly from: string;
  /** Ids of chat messages. */
  readonly heard: string[];
}

/** Expectations of a node that failed, and unexpected events. */
export interface Incident {
  readonly what: string;
}

/** All pages of `GET /messages` of one node. */
export interface Pages {
  readonly node: string;
  /** Oldest first. */
  readonly messages: readonly string[];
  readonly gaps: readonly string[];
}

/** Redis began a new life. */
export interface Restart {
  /** The newest epoch that anybody had heard of before. */
  readonly epoch: string;
  readonly upMs: number;
}

/** How it was when all had become quiet. */
export interface End {
  /** The clients that stayed, and the names of those who should be in the room. */
  readonly clients: readonly string[];
  readonly usernames: readonly string[];
  /** A message that was said last of all. */
  readonly marker: string;
  readonly pages: readonly Pages[];
}

export interface Account {
  readonly connections: Connection[];
  readonly sends: Send[];
  readonly stretches: Stretch[];
  readonly restarts: Restart[];
  /** Statuses of handshakes that were refused. */
  readonly refusals: number[];
  readonly incidents: Incident[];
  /** Absent while it goes on. */
  end?: End;
}

export const emptyAccount = (): Account => ({
  connections: [],
  sends: [],
  stretches: [],
  restarts: [],
  refusals: [],
  incidents: [],
});
