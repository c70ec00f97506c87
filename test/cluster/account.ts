/** The raw records of the clients of a cluster. The checker knows nothing else. */

/** One WebSocket, from its first frame on. */
export interface Connection {
  readonly client: string;
  readonly username: string;
  /** The `last_event_id` of its handshake. */
  readonly asked: string | undefined;
  /** Every frame as received. */
  readonly frames: string[];
  /** The nonce of every message that was sent on it. */
  readonly nonces: string[];
  /** Close code; undefined while the connection is open. */
  closeCode?: number;
}

/** Result of a message. */
export type Outcome =
  | { readonly kind: 'echoed'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: string }
  /** The outcome is unknown: the connection ended first, or the SDK rejected with this code. */
  | { readonly kind: 'lost'; readonly code: string }
  /** The connection stayed open, and no answer came in time. */
  | { readonly kind: 'unanswered' };

export interface Send {
  readonly client: string;
  readonly text: string;
  /** Time of the first attempt, in milliseconds since 1970. */
  readonly atMs: number;
  outcome?: Outcome;
}

/** Events that an application received from the SDK, over connections that each recovered the one before. */
export interface Stretch {
  readonly client: string;
  readonly from: string;
  /** Ids of chat messages. */
  readonly heard: string[];
}

/** Node failures, and unexpected events. */
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

/** A restart of Redis. */
export interface Restart {
  /** The newest epoch that any client had seen before. */
  readonly epoch: string;
  readonly upMs: number;
}

/** The state once all faults are over and the room is quiet. */
export interface End {
  /** The clients that stayed, and the usernames that should be in the roster. */
  readonly clients: readonly string[];
  readonly usernames: readonly string[];
  /** Text of the last message of all. */
  readonly marker: string;
  readonly pages: readonly Pages[];
}

export interface Account {
  readonly connections: Connection[];
  readonly sends: Send[];
  readonly stretches: Stretch[];
  readonly restarts: Restart[];
  /** Statuses of refused handshakes. */
  readonly refusals: number[];
  readonly incidents: Incident[];
  /** Absent while the run goes on. */
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
