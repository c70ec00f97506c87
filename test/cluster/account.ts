/** The raw records of the clients of a cluster. The checker knows nothing else. */

/** One WebSocket, or one stream of events, from its first frame on. */
export interface Connection {
  readonly client: string;
  readonly username: string;
  readonly isStream?: true;
  /** The id that its handshake, or its request, resumes after. */
  readonly asked: string | undefined;
  /** Every frame as received. */
  readonly frames: string[];
  /** The nonce of every message that was sent on it. */
  readonly nonces: string[];
  /** Contradictions between the lines of events and their frames, and events behind the close event. */
  readonly mismatches?: string[];
  /** Close code, that of the close event for a stream; undefined while the connection is open. */
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
  /** Whether it was published over HTTP: its sender needn't be in the room. */
  readonly isPost?: true;
  outcome?: Outcome;
}

/** Events that an application received from the SDK, or read from streams of events, over connections that each recovered the one before. */
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

/** All that a client polled, from one position up to another. */
export interface Poll {
  readonly client: string;
  readonly from: string;
  at: string;
  readonly messages: string[];
  readonly gaps: string[];
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
  readonly polls: Poll[];
  /** Answers to messages that were published over HTTP. */
  readonly published: { readonly client: string; readonly text: string }[];
  /** Positions of nodes, asked behind their answer to a message. */
  readonly answers: { readonly client: string; readonly id: string; readonly asOf: string }[];
  readonly restarts: Restart[];
  /** Number of times that all nodes were stopped in order, one after the other. */
  rollingRestarts: number;
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
  polls: [],
  published: [],
  answers: [],
  restarts: [],
  rollingRestarts: 0,
  refusals: [],
  incidents: [],
});
