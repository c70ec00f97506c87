// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import type { ChatMessage, FrameId, Nonce, Text, Token, UserId, Username } from './frames.ts';

/** One `@` with something on both sides, and no white space or control characters. Stored as sent. Unique after NFKC and lower case. (3..254 code points) */
export type Email = string;

/** Any characters: no kinds of characters are required. (8..256 code points) */
export type Password = string;

export type PublishRequest = {
  text: Text;
  nonce?: Nonce;
};

export type CreateUserRequest = {
  email: Email;
  username: Username;
  password: Password;
};

/** Any well-formed text is accepted. Credentials that cannot be right are simply wrong. */
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
  /** The messages, oldest first, each as it was delivered. */
  messages: ChatMessage[];
  /** Positions in the stream, oldest first. Between such a position and the message before it, messages may be missing for good. A position after the last message is one of these too. Two gaps always have a message between them: neighbouring gaps are one. A page has at most `limit` gaps. A further one that comes before all messages is alone in the page before this one. In pages that are read with `after`, a further one that comes after all messages is alone in the page after this one. */
  gaps: FrameId[];
  before?: FrameId;
  after?: FrameId;
  as_of?: FrameId;
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
  /** The operations of each path. */
  paths: {};
};

/** An AsyncAPI 3 document. */
export type AsyncApiDocument = {
  asyncapi: '3.0.0';
  info: DocumentInfo;
  /** The channels that frames travel on. */
  channels: {};
  /** The frames that each side sends. */
  operations: {};
};

export type DocumentInfo = {
  title: string;
  version: string;
};

/** A stable code for programs. The introduction lists what to do about each. */
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
  /** The identifier of the problem: `urn:palaver:problem:` and its code. */
  type: string;
  /** The fault, for people. The same for every occurrence of a code. Each server chooses the wording. (1.. code points) */
  title: string;
  /** The HTTP status. (400..599) */
  status: number;
  code: ProblemCode;
  /** The fault in this request, for people. (1.. code points) */
  detail?: string;
  /** Every fault that validation found. Only with 400. (1.. items) */
  errors?: FieldError[];
};

export type FieldError = {
  /** The faulty member, as a JSON pointer (RFC 6901) into the body, or into the parameters by name. It names the member itself also if that is missing. */
  pointer: string;
  /** The fault, for people, worded to follow the name of the member. For a pattern, `x-pattern-error` has a wording, which servers may change. (1.. code points) */
  detail: string;
};

/** Lengths of texts, in code points. */
export const limits = {
  token: { min: 1, max: 16384 },
  username: { min: 1, max: 64 },
  userId: { min: 1, max: 128 },
  text: { min: 1, max: 4096 },
  nonce: { min: 1, max: 64 },
  frameId: { min: 1, max: 64 },
  email: { min: 3, max: 254 },
  password: { min: 8, max: 256 },
} as const;
