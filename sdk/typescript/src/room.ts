import type { StateCode } from './ended.ts';
import './dispose.ts';
import type { ChatMessage, Events, UserId, Username } from './generated/index.ts';

/**
 * - `connecting`: connects for the first time.
 * - `open`: in the room. `roster` is current, and messages go out at once.
 * - `reconnecting`: the connection was lost, and the room connects again. Messages wait.
 * - `closed`: closed for good.
 */
export type RoomState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface StateChange {
  readonly state: RoomState;
  /** Why the room is no longer `open`; absent after `close()`. */
  readonly reason?: { readonly code: StateCode; readonly detail: string };
}

/** The way of a connection: a WebSocket, or plain HTTP, with a stream of events and a request for each message. */
export type Transport = 'websocket' | 'http';

/** User in the room. */
export interface RoomUser {
  readonly username: Username;
  /** Undefined where the server is of version 0.1, which tells no ids. */
  readonly user_id: UserId | undefined;
}

/** Events of the room: one per type of frame, and three of its own. */
export interface RoomEvents extends Events {
  /** The whole roster, after a change. */
  roster: readonly Username[];
  /** The transport, after the room has gone over to another one. */
  transport: Transport;
  state: StateChange;
}

/** Source of the token. */
export type Credentials =
  | { readonly token: string; readonly getToken?: undefined }
  | {
      /**
       * Returns a token. The SDK calls it before every connection, also when a token has expired. It calls it while
       * connected as well, when most of the token's time has passed: a new token keeps the connection open. White space
       * around the token is removed. A value that is no valid token ends the room with `invalid_token`. When `getToken`
       * throws, the SDK calls it again later.
       */
      readonly getToken: () => string | Promise<string>;
      readonly token?: undefined;
    };

export type JoinOptions = Credentials & {
  /**
   * `websocket` or `http`, or `auto`, if absent: a WebSocket, and HTTP while something on the way blocks WebSockets.
   * After two WebSockets that could not be opened while the server answers over HTTP, the room goes over. It tries a
   * WebSocket again after a minute, then after two minutes, and so on, up to ten, and goes back without a gap.
   */
  readonly transport?: Transport | 'auto';
  /** Aborts joining, which rejects with `aborted`. Has no effect once the room is joined. */
  readonly signal?: AbortSignal;
};

/** Options of one message. */
export interface SendOptions {
  /**
   * Identifies the message, so that you can safely send it again: the server publishes a nonce of a user once in five
   * minutes. 1 to 64 characters; random if absent.
   */
  readonly nonce?: string;
  /**
   * How long the message may wait for the room, in milliseconds; `Infinity` means until the room is closed. If you set
   * it, the time for an answer runs only while there is a connection. 30,000 if absent.
   */
  readonly maxWaitMs?: number;
}

/** Chat room that reconnects by itself. */
export interface Room {
  readonly state: RoomState;
  /**
   * Users in the room, in the order in which they joined. While the room reconnects, the last known ones. Each change
   * makes a new array.
   */
  readonly roster: readonly Username[];
  /** The users of `roster`, in the same order, with their ids. */
  readonly users: readonly RoomUser[];
  /** The transport of the connection, or of the last one. */
  readonly transport: Transport;
  /** Your own name in the room; undefined where your token doesn't tell which it is. */
  readonly username: Username | undefined;
  /**
   * Adds a listener to a type of frame, to `roster`, `state` or `transport`. Returns a function that removes it.
   *
   * A `users_online` event means that a new connection has replaced a lost one. If it is `recovered`, every missed
   * message follows as a `chat_message`, once and in order. If not, messages between the last one and its `id` may be
   * missing: ask `listMessages` for them.
   * @example
   * const stop = room.on('chat_message', ({ msg }) => console.log(msg.from_user, msg.text));
   */
  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void;
  /**
   * Iterates over all messages from now on, your own included. Ends when the room closes. At most 1,000 messages wait
   * to be read. Messages are missing only where a new connection could not recover them: `users_online` says so.
   * @throws {PalaverError} `too_slow` where more messages wait
   * @example
   * for await (const { msg } of room.messages()) console.log(msg.from_user, msg.text);
   */
  messages(): AsyncIterableIterator<ChatMessage>;
  /**
   * Sends a message. Resolves with the message as everybody received it.
   *
   * While the room reconnects, up to 100 messages wait up to 30 seconds, and go out in order. Messages in flight when a
   * connection ended go out before them. If the new connection recovers missed messages, each is published once: the
   * server knows it by its nonce. If not, nobody knows whether it was delivered: it rejects with `connection_lost`, and
   * is not sent again.
   *
   * While the room is open, messages go out in order, at the pace that the server allows. Up to 1,100 may be
   * unanswered. Waiting for its turn costs a message none of its time. If the server refuses everything for 30 seconds
   * as too frequent, the message rejects with `rate_limited`.
   * @throws {PalaverError} the code of the server's refusal, `connection_lost`, `timeout`, `offline_queue_full`, `closed`
   */
  send(text: string, options?: SendOptions): Promise<ChatMessage>;
  /** Leaves. Resolves when the connection is closed. Unconfirmed messages reject with `closed`. */
  close(): Promise<void>;
  /**
   * Does the same as `close`, for `await using`.
   * @example
   * await using room = await palaver.join({ getToken });
   */
  [Symbol.asyncDispose](): Promise<void>;
}
