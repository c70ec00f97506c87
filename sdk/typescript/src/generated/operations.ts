// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import type { ChatMessage, FrameId, UserId } from './frames.ts';
import type {
  AsyncApiDocument,
  CreateUserRequest,
  Health,
  Login,
  LoginRequest,
  MessagePage,
  OpenApiDocument,
  PublishRequest,
  Readiness,
  User,
} from './types.ts';

/** Request of each operation. Members that are in neither the path nor the query form the JSON body. */
export const operations = {
  createUser: { method: 'POST', path: '/createUser', params: {}, body: true, token: false },
  login: { method: 'POST', path: '/login', params: {}, body: true, token: false },
  logout: { method: 'POST', path: '/logout', params: {}, body: false, token: true },
  disableUser: { method: 'POST', path: '/admin/users/{id}/disable', params: { id: 'path' }, body: false, token: true },
  enableUser: { method: 'POST', path: '/admin/users/{id}/enable', params: { id: 'path' }, body: false, token: true },
  join: { method: 'GET', path: '/join', params: { last_event_id: 'query' }, body: false, token: true },
  joinByPost: { method: 'POST', path: '/join', params: { last_event_id: 'query' }, body: false, token: true },
  publish: { method: 'POST', path: '/messages', params: {}, body: true, token: true },
  listMessages: {
    method: 'GET',
    path: '/messages',
    params: { before: 'query', after: 'query', limit: 'query' },
    body: false,
    token: true,
  },
  healthz: { method: 'GET', path: '/healthz', params: {}, body: false, token: false },
  readyz: { method: 'GET', path: '/readyz', params: {}, body: false, token: false },
  openapiJson: { method: 'GET', path: '/openapi.json', params: {}, body: false, token: false },
  asyncapiJson: { method: 'GET', path: '/asyncapi.json', params: {}, body: false, token: false },
} as const;

/** Input, output and problem codes of each operation. */
export interface Operations {
  createUser: {
    input: CreateUserRequest;
    output: User;
    code:
      | 'malformed_request'
      | 'malformed_body'
      | 'invalid_body'
      | 'email_taken'
      | 'username_taken'
      | 'body_too_large'
      | 'unsupported_media_type'
      | 'too_many_attempts'
      | 'head_too_large'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable';
  };
  login: {
    input: LoginRequest;
    output: Login;
    code:
      | 'malformed_request'
      | 'malformed_body'
      | 'invalid_body'
      | 'invalid_credentials'
      | 'user_disabled'
      | 'body_too_large'
      | 'unsupported_media_type'
      | 'too_many_attempts'
      | 'head_too_large'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable';
  };
  logout: {
    input: undefined;
    output: void;
    code:
      | 'malformed_request'
      | 'body_not_allowed'
      | 'missing_token'
      | 'invalid_token'
      | 'user_disabled'
      | 'head_too_large'
      | 'internal_error'
      | 'store_unavailable'
      | 'issuer_unavailable';
  };
  disableUser: {
    input: {
      /** The user's id, percent-encoded. No user has the id `.` or `..`: a URL cannot name it, so tokens with it are refused. */
      id: UserId;
    };
    output: void;
    code:
      | 'malformed_request'
      | 'body_not_allowed'
      | 'invalid_parameter'
      | 'missing_token'
      | 'invalid_token'
      | 'head_too_large'
      | 'internal_error'
      | 'store_unavailable';
  };
  enableUser: {
    input: {
      /** The user's id, percent-encoded. No user has the id `.` or `..`: a URL cannot name it, so tokens with it are refused. */
      id: UserId;
    };
    output: void;
    code:
      | 'malformed_request'
      | 'body_not_allowed'
      | 'invalid_parameter'
      | 'missing_token'
      | 'invalid_token'
      | 'head_too_large'
      | 'internal_error'
      | 'store_unavailable';
  };
  join: {
    input: {
      /** The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both. */
      last_event_id?: FrameId;
    };
    output: never;
    code:
      | 'malformed_request'
      | 'body_not_allowed'
      | 'malformed_handshake'
      | 'invalid_parameter'
      | 'missing_token'
      | 'invalid_token'
      | 'origin_not_allowed'
      | 'user_disabled'
      | 'name_in_use'
      | 'upgrade_required'
      | 'too_many_sessions'
      | 'head_too_large'
      | 'internal_error'
      | 'unavailable'
      | 'server_full'
      | 'issuer_unavailable'
      | 'shutting_down';
  };
  joinByPost: {
    input: {
      /** The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both. */
      last_event_id?: FrameId;
    };
    output: never;
    code:
      | 'malformed_request'
      | 'body_not_allowed'
      | 'malformed_handshake'
      | 'invalid_parameter'
      | 'missing_token'
      | 'invalid_token'
      | 'origin_not_allowed'
      | 'user_disabled'
      | 'name_in_use'
      | 'upgrade_required'
      | 'too_many_sessions'
      | 'head_too_large'
      | 'internal_error'
      | 'unavailable'
      | 'server_full'
      | 'issuer_unavailable'
      | 'shutting_down';
  };
  publish: {
    input: PublishRequest;
    output: ChatMessage;
    code:
      | 'malformed_request'
      | 'malformed_body'
      | 'invalid_body'
      | 'missing_token'
      | 'invalid_token'
      | 'user_disabled'
      | 'name_in_use'
      | 'body_too_large'
      | 'unsupported_media_type'
      | 'rate_limited'
      | 'head_too_large'
      | 'internal_error'
      | 'unavailable'
      | 'issuer_unavailable';
  };
  listMessages: {
    input: {
      /** Return the page that ends before this position in the stream: the `id` of a message, or any other position. Not together with `after`. */
      before?: FrameId;
      /** Return the page that begins after this position in the stream: the `id` of a message, `as_of` of an earlier page, or any other position. Not together with `before`. */
      after?: FrameId;
      /** The maximum number of messages in a page. 50 if absent. (1..100) */
      limit?: number;
    };
    output: MessagePage;
    code:
      | 'malformed_request'
      | 'invalid_parameter'
      | 'missing_token'
      | 'invalid_token'
      | 'user_disabled'
      | 'rate_limited'
      | 'head_too_large'
      | 'internal_error'
      | 'store_unavailable'
      | 'issuer_unavailable';
  };
  healthz: {
    input: undefined;
    output: Health;
    code: 'malformed_request' | 'head_too_large';
  };
  readyz: {
    input: undefined;
    output: Readiness;
    code:
      | 'malformed_request'
      | 'head_too_large'
      | 'store_unavailable'
      | 'unavailable'
      | 'shutting_down'
      | 'issuer_unavailable';
  };
  openapiJson: {
    input: undefined;
    output: OpenApiDocument;
    code: 'malformed_request' | 'head_too_large';
  };
  asyncapiJson: {
    input: undefined;
    output: AsyncApiDocument;
    code: 'malformed_request' | 'head_too_large';
  };
}

export type OperationId = keyof Operations;

/** Performs one operation: the transport. */
export type Call<Options> = <Id extends OperationId>(
  id: Id,
  input: Operations[Id]['input'],
  options?: Options,
) => Promise<Operations[Id]['output']>;

/** One method per operation. */
export abstract class Methods<Options> {
  protected abstract readonly call: Call<Options>;

  /**
   * Create a user.
   *
   * Needs no authentication. The e-mail address and the username must each be unique: the e-mail address after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The server stores only an scrypt hash of the password. Hashing is slow on purpose: expect some tenths of a second.
   *
   * Rejects with the codes `malformed_request`, `malformed_body`, `invalid_body`, `email_taken`, `username_taken`, `body_too_large`, `unsupported_media_type`, `too_many_attempts`, `head_too_large`, `internal_error`, `overloaded`, `store_unavailable`.
   */
  createUser(input: Operations['createUser']['input'], options?: Options): Promise<Operations['createUser']['output']> {
    return this.call('createUser', input, options);
  }

  /**
   * Log in.
   *
   * Needs no authentication. E-mail addresses are compared after NFKC and lower case. Every login returns a new token. It opens `/join` until it expires, by default after 12 hours. The server then closes its connections with 4001, unless they have received a new token (`token_refresh`).
   *
   * Rejects with the codes `malformed_request`, `malformed_body`, `invalid_body`, `invalid_credentials`, `user_disabled`, `body_too_large`, `unsupported_media_type`, `too_many_attempts`, `head_too_large`, `internal_error`, `overloaded`, `store_unavailable`.
   */
  login(input: Operations['login']['input'], options?: Options): Promise<Operations['login']['output']> {
    return this.call('login', input, options);
  }

  /**
   * Log out.
   *
   * Revokes the token of this request. The server refuses it from now on, and closes the connections that hold it with 4003. Other tokens of the user stay valid. Takes no body.
   *
   * Rejects with the codes `malformed_request`, `body_not_allowed`, `missing_token`, `invalid_token`, `user_disabled`, `head_too_large`, `internal_error`, `store_unavailable`, `issuer_unavailable`.
   */
  logout(options?: Options): Promise<Operations['logout']['output']> {
    return this.call('logout', undefined, options);
  }

  /**
   * Disable a user.
   *
   * Closes all connections of the user with 4003 at once. Until the user is enabled again, the server refuses the user's tokens and logins. `id` is the one in the user's tokens, so you can also disable a user of an external identity provider, or one that has never connected. Takes no body. Repeating the request changes nothing.
   *
   * Rejects with the codes `malformed_request`, `body_not_allowed`, `invalid_parameter`, `missing_token`, `invalid_token`, `head_too_large`, `internal_error`, `store_unavailable`.
   */
  disableUser(
    input: Operations['disableUser']['input'],
    options?: Options,
  ): Promise<Operations['disableUser']['output']> {
    return this.call('disableUser', input, options);
  }

  /**
   * Enable a user.
   *
   * Accepts the user's tokens again, as far as they are still valid, and lets the user log in. Takes no body. Repeating the request changes nothing, and neither does enabling a user that isn't disabled.
   *
   * Rejects with the codes `malformed_request`, `body_not_allowed`, `invalid_parameter`, `missing_token`, `invalid_token`, `head_too_large`, `internal_error`, `store_unavailable`.
   */
  enableUser(input: Operations['enableUser']['input'], options?: Options): Promise<Operations['enableUser']['output']> {
    return this.call('enableUser', input, options);
  }

  /**
   * Publish a message.
   *
   * Publishes a message to the room, as a `chat_message` over the WebSocket does. The sender does not have to be in
   * the room, and does not join it. The answer is the frame that everyone receives: 201 means that the message has
   * its place in the stream. `from_user` is the name that the user has in the room, or that of the token if the user
   * has not joined.
   *
   * With a `nonce` you can send the message again if no answer came. Within five minutes a user's nonce is published
   * once, over HTTP and WebSocket together. A repeat is answered with 200 and the frame of the first one.
   *
   * Rejects with the codes `malformed_request`, `malformed_body`, `invalid_body`, `missing_token`, `invalid_token`, `user_disabled`, `name_in_use`, `body_too_large`, `unsupported_media_type`, `rate_limited`, `head_too_large`, `internal_error`, `unavailable`, `issuer_unavailable`.
   */
  publish(input: Operations['publish']['input'], options?: Options): Promise<Operations['publish']['output']> {
    return this.call('publish', input, options);
  }

  /**
   * Read the message history.
   *
   * Returns a page of the message history, oldest first. Without a position it has the last messages. With `before`
   * it has the last ones before that position, and with `after` the first ones after it.
   *
   * `before` in the answer asks for the page before this one. It is absent if nothing comes before, neither a
   * message nor a gap, and where the request had `after`. `after` in the answer asks for the page after this one. It
   * is there only if the request had `after`, and only while something follows, a message or a gap. Between the first
   * and the last message of a page nothing is missing, except where `gaps` says so. The same holds between the `after`
   * of the request and the first message.
   *
   * `as_of` is the position in the stream at which the page is correct: later messages are not in it. A client
   * without a connection can poll. It reads pages with `after` while the answer has one, and goes on with `after` =
   * `as_of` the next time. It then gets every message once, if it polls before the server removes old messages.
   * `as_of` is never before the `after` of the request, so a client may poll several nodes in turn. `as_of` is absent
   * while the stream is unavailable: then go on with the `id` of the last message that you have read.
   *
   * A message appears moments after its delivery. By default the server keeps messages for 30 days, and at most the
   * last 100,000. A server that keeps none lacks this operation. Messages that were delivered before an orderly
   * shutdown are stored like all others.
   *
   * Rejects with the codes `malformed_request`, `invalid_parameter`, `missing_token`, `invalid_token`, `user_disabled`, `rate_limited`, `head_too_large`, `internal_error`, `store_unavailable`, `issuer_unavailable`.
   */
  listMessages(
    input: Operations['listMessages']['input'] = {},
    options?: Options,
  ): Promise<Operations['listMessages']['output']> {
    return this.call('listMessages', input, options);
  }

  /**
   * Check that the process is alive.
   *
   * Answers as long as the process runs.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  healthz(options?: Options): Promise<Operations['healthz']['output']> {
    return this.call('healthz', undefined, options);
  }

  /**
   * Check that the server is ready.
   *
   * For load balancers: says whether all parts are available. While the user store is unavailable, the chat goes on
   * for everyone who has a token. If several parts are unavailable, `detail` names each of them, and `code` is the
   * first in this order:
   *
   * 1. `shutting_down`: the server is stopping.
   * 2. `unavailable`: the room's stream is unavailable (Redis, where several nodes share it).
   * 3. `store_unavailable`: the store is unavailable.
   * 4. `issuer_unavailable`: the external issuer has not returned any keys yet, so nobody can join.
   *
   * Once the server has keys, it stays ready even while their issuer is unavailable.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`, `store_unavailable`, `unavailable`, `shutting_down`, `issuer_unavailable`.
   */
  readyz(options?: Options): Promise<Operations['readyz']['output']> {
    return this.call('readyz', undefined, options);
  }

  /**
   * Get the OpenAPI document as JSON.
   *
   * This document, with the operations that this server has. It may contain components and tags that none of them uses, and `servers` is an example.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  openapiJson(options?: Options): Promise<Operations['openapiJson']['output']> {
    return this.call('openapiJson', undefined, options);
  }

  /**
   * Get the AsyncAPI document as JSON.
   *
   * The AsyncAPI document: the frames that travel over the WebSocket.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  asyncapiJson(options?: Options): Promise<Operations['asyncapiJson']['output']> {
    return this.call('asyncapiJson', undefined, options);
  }
}
