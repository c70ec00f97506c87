// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.

/** A JSON Web Token (RFC 7519), for `Authorization` with the scheme `Bearer`. The handshake and `token_refresh` take the same tokens. A request head has 16,384 bytes in all, so a longer token can't be used; other headers need some of them, too. (1..16384 code points) */
export type Token = string;

/** The name that others see, kept as sent. No control, format or line characters, no white space at either end, and at least one character that is neither white space nor ignorable (Unicode's Default_Ignorable_Code_Point). A joiner (U+200C, U+200D) is a format character that some names need: it may stand between two characters from U+0590 on, as in Persian, in Indic conjuncts and in emoji of several parts, and at the end of a word behind an Indic virama. Names are unique by NFKC_Casefold (Unicode, 3.13), which leaves out ignorable characters, joiners among them, with each run of white space as one space and none at the ends. (1..64 code points) */
export type Username = string;

/** Delivered exactly as sent. (1..4096 code points) */
export type Text = string;

/** Chosen by the client, delivered exactly as sent in the echo or in the `error` that refuses the frame, whatever for, so that a client can tell which of its sends was meant; one that doesn't fit its own schema does not come back. Others see it too and ignore it. A new one for each message: a user's nonce is published once in five minutes. (1..64 code points) */
export type Nonce = string;

/** A frame's place in the room's order. Opaque; plain string comparison is the order, also across restarts. (1..64 code points) */
export type FrameId = string;

/** RFC 3339 in UTC with `Z` and three fractional digits. It never goes backwards while the server runs; after a restart it may, where the clock was corrected. `id` tells the order. */
export type Time = string;

export type UsersOnline = {
  type: 'users_online';
  id: FrameId;
  sent_at: Time;
  msg: {
    list: Username[];
    /** There where `last_event_id` was given. True: every `chat_message` after that frame and up to this `id` follows, once and in order, before anything newer. False: something may have been missed; none of it follows. A server without `GET /messages` may always say false. */
    recovered?: boolean;
  };
};

export type Who = {
  username: Username;
};

export type UserJoined = {
  type: 'user_joined';
  id: FrameId;
  sent_at: Time;
  msg: Who;
};

export type UserLeft = {
  type: 'user_left';
  id: FrameId;
  sent_at: Time;
  msg: Who;
};

export type ChatMessage = {
  type: 'chat_message';
  id: FrameId;
  sent_at: Time;
  msg: {
    from_user: Username;
    text: Text;
    nonce?: Nonce;
  };
};

/**
 * What went wrong, for programs. Stable.
 * - `malformed_json`: the frame is not JSON.
 * - `unknown_type`: there is no frame of this type, or it is not for clients to send.
 * - `invalid_message`: the frame is not what the schema of its type asks for (such as a `token_refresh` whose token is
 *   no JSON Web Token), is no JSON object, or has no `type` that is a string.
 * - `unavailable`: the message could not be published, or the token not be checked. Send it again later.
 * - `rate_limited`: this user sends too many frames, on all connections together. The frame was not taken;
 *   `retry_after_ms` says when to send it again.
 * - `invalid_token`: the new token does not hold, or is another user's. The old one is good as before.
 */
export type ErrorCode =
  | 'malformed_json'
  | 'unknown_type'
  | 'invalid_message'
  | 'unavailable'
  | 'rate_limited'
  | 'invalid_token';

export type ErrorMessage = {
  type: 'error';
  sent_at: Time;
  msg: {
    code: ErrorCode;
    /** What went wrong, for people. For a pattern, `x-pattern-error` beside it has the words; they bind nobody. (1.. code points) */
    detail: string;
    nonce?: Nonce;
    /** With `rate_limited` only: the milliseconds until a frame of this user is allowed again, as far as the server can tell. A server of version 0.1 does not send it; then wait a second. (1..) */
    retry_after_ms?: number;
  };
};

export type ChatMessageFromClient = {
  type: 'chat_message';
  msg: {
    text: Text;
    nonce?: Nonce;
  };
};

export type TokenRefresh = {
  type: 'token_refresh';
  msg: {
    token: Token;
    nonce?: Nonce;
  };
};

export type TokenRefreshed = {
  type: 'token_refreshed';
  sent_at: Time;
  msg: {
    expires_at: Time;
    nonce?: Nonce;
  };
};

/** What the server sends. */
export type ServerMessage = UsersOnline | UserJoined | UserLeft | ChatMessage | ErrorMessage | TokenRefreshed;

/** What a client may send. */
export type ClientMessage = ChatMessageFromClient | TokenRefresh;

/** Why the server closes a connection, by name: the codes of the close frame (RFC 6455, 7.4). */
export const closeCodes = {
  /** The server is going away. Connect again. */
  going_away: 1001,
  /** A binary frame was sent; only text is spoken here. */
  binary_frame: 1003,
  /** A text frame was not UTF-8. */
  not_utf8: 1007,
  /** Too many frames were refused, as invalid or as too frequent, or a message came in more than 256 fragments. Fix the client before it connects again. */
  policy: 1008,
  /** A message had more than 65,536 bytes. */
  frame_too_big: 1009,
  /** A fault of the server. Connect again. */
  internal_error: 1011,
  /** This node can no longer vouch for what was seen. Connect again. */
  service_restart: 1012,
  /** The client reads more slowly than the room talks, or took nothing for 30 seconds. Connect again. */
  too_slow: 1013,
  /** The token has expired. Connect again with a new one. */
  token_expired: 4001,
  /** The token was given back, or the user was disabled. */
  access_revoked: 4003,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
