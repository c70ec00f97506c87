import type { StateCode } from './connection.ts';
import './dispose.ts';
import type { ChatMessage, Events, Username } from './generated/index.ts';

/**
 * - `connecting`: for the first time.
 * - `open`: in the room. `roster` is true, and what is sent goes out at once.
 * - `reconnecting`: the connection was lost, and is being made anew. What is sent waits.
 * - `closed`: for good.
 */
export type RoomState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface StateChange {
  readonly state: RoomState;
  /** Why it is no longer `open`; absent after `close()`. */
  readonly reason?: { readonly code: StateCode; readonly detail: string };
}

/** One event per frame that the server sends, and two of the room's own. */
export interface RoomEvents extends Events {
  /** The roster has changed: all of it. */
  roster: readonly Username[];
  state: StateChange;
}

/** Where the token comes from. */
export type Credentials =
  | { readonly token: string; readonly getToken?: undefined }
  | {
      /**
       * Asked for a token before every connection, also when one has expired; and while connected, when most of the
       * token's time has passed: with another one the connection goes on. White space around the token is taken away;
       * what can be no token ends the room with `invalid_token`. Where it throws it is asked again.
       */
      readonly getToken: () => string | Promise<string>;
      readonly token?: undefined;
    };

export type JoinOptions = Credentials & {
  /** Ends the joining: it rejects with `aborted`. Once joined, it has no effect. */
  readonly signal?: AbortSignal;
};

/** For one message. */
export interface SendOptions {
  /**
   * Names the message, so that sending it again is safe: the server publishes one nonce of a user once in five minutes.
   * 1 to 64 characters; a random one if absent.
   */
  readonly nonce?: string;
  /**
   * How long the message may wait for the room, in milliseconds; `Infinity`: until the room is closed. The time for an
   * answer then runs only while there is a connection. 30,000 if absent.
   */
  readonly maxWaitMs?: number;
}

/** The chat room, over as many connections as it takes. */
export interface Room {
  readonly state: RoomState;
  /** Who is in the room, in the order in which they joined; while it reconnects, as it was last seen. A new array for every change. */
  readonly roster: readonly Username[];
  /** The name under which you are in the room; undefined where your token doesn't tell which it is. */
  readonly username: Username | undefined;
  /**
   * Listens to a frame of the server, to `roster` or to `state`. Returns how to unsubscribe.
   *
   * A `users_online` that you hear is that of a new connection, in place of one that was lost. Where it is `recovered`,
   * every message that was missed follows as a `chat_message`, once and in order; where not, something may have been
   * said between the last message and its `id` that only `listMessages` may have.
   * @example
   * const stop = room.on('chat_message', ({ msg }) => console.log(msg.from_user, msg.text));
   */
  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void;
  /**
   * All messages from now on, one's own included; ends when the room closes. At most 1,000 wait to be read. It is whole
   * but where a new connection could not recover what was missed: `users_online` tells.
   * @throws {PalaverError} `too_slow` where more would wait
   * @example
   * for await (const { msg } of room.messages()) console.log(msg.from_user, msg.text);
   */
  messages(): AsyncIterableIterator<ChatMessage>;
  /**
   * Says something; resolves with what everybody received. While the room reconnects, up to 100 messages wait up to 30
   * seconds, and go out in order. What was on its way when a connection ended goes out before them, and is said once all
   * the same: where the new connection recovers what was missed, the server knows it by its nonce. Where it doesn't,
   * nobody knows whether it was delivered: it rejects with `connection_lost`, and is not sent again.
   *
   * While the room is open messages go out at the pace of the server, in order; up to 1,100 may have no answer yet. To
   * wait for its turn costs a message none of its time. Where the server refuses everything for 30 seconds as too
   * frequent it rejects with `rate_limited`.
   * @throws {PalaverError} the code of the server's refusal, `connection_lost`, `timeout`, `offline_queue_full`, `closed`
   */
  send(text: string, options?: SendOptions): Promise<ChatMessage>;
  /** Leaves. Resolves when the connection is closed; what has not come back by then rejects with `closed`. */
  close(): Promise<void>;
  /**
   * The same as `close`, for `await using`.
   * @example
   * await using room = await palaver.join({ getToken });
   */
  [Symbol.asyncDispose](): Promise<void>;
}
