// Generated from specs/asyncapi.yaml by `npm run generate`. Do not edit.

/** A JSON Web Token (RFC 7519), for `Authorization` with the scheme `Bearer`. The handshake and `token_refresh` accept the same tokens. A request head has at most 16,384 bytes, so a longer token cannot be used; other headers need some of them, too. (1..16384 code points) */
export type Token = string;

/** The name that others see, stored as sent. It has no control, format or line characters, and no white space at either end. At least one character is neither white space nor ignorable (Unicode's Default_Ignorable_Code_Point). A joiner (U+200C, U+200D) is a format character that some names need. It may stand between two characters from U+0590 on, as in Persian, in Indic conjuncts and in emoji of several parts. It may also stand at the end of a word after an Indic virama. Names are unique by NFKC_Casefold (Unicode, 3.13), which removes ignorable characters, joiners among them. Each run of white space counts as one space, and none at the ends. (1..64 code points) */
export type Username = string;

/** Identifies a user. Opaque: two tokens with the same id are of the same user. (1..128 code points) */
export type UserId = string;

/** Delivered exactly as sent. (1..4096 code points) */
export type Text = string;

/** Chosen by the client, and returned exactly as sent in the echo, or in the `error` that refuses the frame. So the client can tell which of its frames was meant. A nonce that does not fit this schema is not returned. Others see it too and ignore it. Choose a new one for each message: a user's nonce is published once in five minutes. (1..64 code points) */
export type Nonce = string;

/** A frame's position in the room's stream. Opaque: plain string comparison gives the order, also across restarts. (1..64 code points) */
export type FrameId = string;

/** RFC 3339 in UTC, with `Z` and three fractional digits. It never goes backwards while the server runs. After a restart it may, if the clock was corrected: `id` gives the order. */
export type Time = string;

export type RosterUser = {
  username: Username;
  user_id: UserId;
};

export type UsersOnline = {
  type: 'users_online';
  id: FrameId;
  sent_at: Time;
  msg: {
    list: Username[];
    /** The users of `list`, in the same order, with their ids. A server of version 0.1 does not send it. */
    users?: RosterUser[];
    /** Present if `last_event_id` was given. True: every `chat_message` after that frame and up to this `id` follows, once and in order, before anything newer. False: messages may have been missed, and none of them follow. A server without `GET /messages` may always say false. */
    recovered?: boolean;
  };
};

export type Who = {
  username: Username;
  user_id?: UserId;
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

export type StreamClose = {
  /** The close code, as over the WebSocket. */
  code: 1001 | 1011 | 1012 | 1013 | 4001 | 4003;
  /** The name of the code. */
  reason: 'going_away' | 'internal_error' | 'service_restart' | 'too_slow' | 'token_expired' | 'access_revoked';
};

export type ChatMessage = {
  type: 'chat_message';
  id: FrameId;
  sent_at: Time;
  msg: {
    from_user: Username;
    from_user_id?: UserId;
    text: Text;
    nonce?: Nonce;
  };
};

/**
 * A stable code for programs.
 * - `malformed_json`: the frame is not JSON.
 * - `unknown_type`: no frame has this type, or clients may not send it.
 * - `invalid_message`: the frame is not a JSON object, has no `type` that is a string, or does not match the
 *   schema of its type. For example, the token of a `token_refresh` is not a JSON Web Token.
 * - `unavailable`: the message could not be published, or the token could not be checked. Send it again later.
 * - `rate_limited`: this user sends too many frames, on all connections together. The frame was refused.
 *   `retry_after_ms` says when to send it again.
 * - `invalid_token`: the new token is invalid, or is another user's. The connection keeps its current token.
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
    /** The fault, for people. For a pattern, `x-pattern-error` has a wording, which servers may change. (1.. code points) */
    detail: string;
    nonce?: Nonce;
    /** Only with `rate_limited`: the milliseconds until a frame of this user is allowed again, as far as the server can tell. A server of version 0.1 does not send it: wait a second. (1..) */
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

/** Frames that the server sends. */
export type ServerMessage = UsersOnline | UserJoined | ChatMessage | ErrorMessage | TokenRefreshed | UserLeft;

/** Frames that a client may send. */
export type ClientMessage = ChatMessageFromClient | TokenRefresh;

/** Close codes of the server, by name (RFC 6455, 7.4). */
export const closeCodes = {
  /** The server is going away. Connect again. */
  going_away: 1001,
  /** A binary frame was sent; only text frames are allowed. */
  binary_frame: 1003,
  /** A text frame was not UTF-8. */
  not_utf8: 1007,
  /** Too many frames were refused, as invalid or as too frequent, or a message had more than 256 fragments. Fix the client before it connects again. */
  policy: 1008,
  /** A message had more than 65,536 bytes. */
  frame_too_big: 1009,
  /** An error in the server. Connect again. */
  internal_error: 1011,
  /** This node lost its connection to the others, and may have missed messages. Connect again. */
  service_restart: 1012,
  /** The client reads too slowly, or read nothing for 30 seconds. Connect again. */
  too_slow: 1013,
  /** The token has expired. Connect again with a new one. */
  token_expired: 4001,
  /** The user logged out, or the operator disabled the user. */
  access_revoked: 4003,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
