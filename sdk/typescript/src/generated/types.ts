// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import type { ChatMessage, FrameId, Token, Username } from './frames.ts';

/** Who a user is. Opaque; two tokens with the same id are the same user. (1..128 code points) */
export type UserId = string;

/** One `@`, something on both sides, no white space or control characters; kept as sent. Unique after NFKC and lower case. (3..254 code points) */
export type Email = string;

/** No composition rules. (8..256 code points) */
export type Password = string;

export type CreateUserRequest = {
  email: Email;
  username: Username;
  password: Password;
};

/** Any well-formed text may be tried; what can't be right is simply wrong. */
export type LoginRequest = {
  email: string;
  password: string;
};

export type User = {
  id: UserId;
  username: Username;
  email: Email;
};

export type Login = {
  id: UserId;
  username: Username;
  token: Token;
};

export type MessagePage = {
  /** Oldest first; each as it was delivered. */
  messages: ChatMessage[];
  /** Places in the order, oldest first. Between such a place and the message before it something may have been said that is kept nowhere; a place after the last message is one of these too. Between two of them there is a message: neighbouring gaps are one. They are at most `limit`; one more that comes before all messages is in the page before this one, alone. */
  gaps: FrameId[];
  before?: FrameId;
};

export type Health = {
  status: 'ok';
};

export type Readiness = {
  status: 'ready';
};

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = {
  openapi: '3.1.0';
  info: DocumentInfo;
  /** What each path takes and answers. */
  paths: {};
};

/** An AsyncAPI 3 document. */
export type AsyncApiDocument = {
  asyncapi: '3.0.0';
  info: DocumentInfo;
  /** Where frames travel. */
  channels: {};
  /** Who sends which. */
  operations: {};
};

export type DocumentInfo = {
  title: string;
  version: string;
};

/** What went wrong, for programs. Stable; the introduction has a remedy for each. */
export type ProblemCode =
  | 'malformed_request'
  | 'malformed_body'
  | 'invalid_body'
  | 'invalid_parameter'
  | 'body_not_allowed'
  | 'malformed_handshake'
  | 'invalid_credentials'
  | 'missing_token'
  | 'invalid_token'
  | 'origin_not_allowed'
  | 'user_disabled'
  | 'not_found'
  | 'method_not_allowed'
  | 'email_taken'
  | 'username_taken'
  | 'name_in_use'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'upgrade_required'
  | 'head_too_large'
  | 'too_many_sessions'
  | 'too_many_attempts'
  | 'rate_limited'
  | 'internal_error'
  | 'overloaded'
  | 'store_unavailable'
  | 'unavailable'
  | 'server_full'
  | 'issuer_unavailable'
  | 'shutting_down';

/** Problem details (RFC 9457). */
export type Problem = {
  /** The problem's identifier, `urn:palaver:problem:` and its code. */
  type: string;
  /** What went wrong, for people; the same for every occurrence of its code. The wording is left to the server. (1.. code points) */
  title: string;
  /** The HTTP status. (400..599) */
  status: number;
  code: ProblemCode;
  /** What went wrong this time. (1.. code points) */
  detail?: string;
  /** All that failed validation, on 400 only. (1.. items) */
  errors?: FieldError[];
};

export type FieldError = {
  /** Where, as a JSON pointer (RFC 6901) into the body, or into the parameters by name: to the member itself, also where it is missing. */
  pointer: string;
  /** What is wrong there, for people. For a pattern, `x-pattern-error` beside it has the words; they bind nobody. (1.. code points) */
  detail: string;
};

/** How many code points a text may have. */
export const limits = {
  token: { min: 1, max: 16384 },
  username: { min: 1, max: 64 },
  text: { min: 1, max: 4096 },
  nonce: { min: 1, max: 64 },
  frameId: { min: 1, max: 64 },
  userId: { min: 1, max: 128 },
  email: { min: 3, max: 254 },
  password: { min: 8, max: 256 },
} as const;
