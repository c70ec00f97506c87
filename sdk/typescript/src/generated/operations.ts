// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import type { FrameId } from './frames.ts';
import type {
  AsyncApiDocument,
  CreateUserRequest,
  Health,
  Login,
  LoginRequest,
  MessagePage,
  OpenApiDocument,
  Readiness,
  User,
  UserId,
} from './types.ts';

/** How each operation is asked: what doesn't go into the path or the query is the JSON body. */
export const operations = {
  createUser: { method: 'POST', path: '/createUser', params: {}, body: true, token: false },
  login: { method: 'POST', path: '/login', params: {}, body: true, token: false },
  logout: { method: 'POST', path: '/logout', params: {}, body: false, token: true },
  disableUser: { method: 'POST', path: '/admin/users/{id}/disable', params: { id: 'path' }, body: false, token: true },
  enableUser: { method: 'POST', path: '/admin/users/{id}/enable', params: { id: 'path' }, body: false, token: true },
  join: { method: 'GET', path: '/join', params: { last_event_id: 'query' }, body: false, token: true },
  joinByPost: { method: 'POST', path: '/join', params: { last_event_id: 'query' }, body: false, token: true },
  listMessages: {
    method: 'GET',
    path: '/messages',
    params: { before: 'query', limit: 'query' },
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
      /** The user's id, percent-encoded. No user has the id `.` or `..`: a token with one of them is refused, since no URL can name it. */
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
      /** The user's id, percent-encoded. No user has the id `.` or `..`: a token with one of them is refused, since no URL can name it. */
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
      /** The `id` of the last frame that was seen: `users_online` has one too. As `Last-Event-ID` in Server-Sent Events. */
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
      /** The `id` of the last frame that was seen: `users_online` has one too. As `Last-Event-ID` in Server-Sent Events. */
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
  listMessages: {
    input: {
      /** The page ends before this place in the order, that of a message or any other. */
      before?: FrameId;
      /** How many messages a page has at most. 50 if absent. (1..100) */
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

/** Carries one operation out: the transport, which no spec can say. */
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
   * Needs no authentication. E-mail and username are each unique: the e-mail after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The password is kept as a scrypt hash only, which is slow on purpose: expect some tenths of a second.
   *
   * Rejects with the codes `malformed_request`, `malformed_body`, `invalid_body`, `email_taken`, `username_taken`, `body_too_large`, `unsupported_media_type`, `too_many_attempts`, `head_too_large`, `internal_error`, `overloaded`, `store_unavailable`.
   */
  createUser(input: Operations['createUser']['input'], options?: Options): Promise<Operations['createUser']['output']> {
    return this.call('createUser', input, options);
  }

  /**
   * Log in.
   *
   * Needs no authentication. The e-mail address is compared as it is unique: after NFKC and lower case. The token, another one each time, opens `/join` until it expires, after 12 hours unless whoever runs the server says otherwise; then the server closes what it opened with 4001, unless it was handed a new one before that (`token_refresh`).
   *
   * Rejects with the codes `malformed_request`, `malformed_body`, `invalid_body`, `invalid_credentials`, `user_disabled`, `body_too_large`, `unsupported_media_type`, `too_many_attempts`, `head_too_large`, `internal_error`, `overloaded`, `store_unavailable`.
   */
  login(input: Operations['login']['input'], options?: Options): Promise<Operations['login']['output']> {
    return this.call('login', input, options);
  }

  /**
   * Give a token back.
   *
   * The token of this request is refused from now on, and the connections that hold it are closed with 4003. Other tokens of the user are good as before. Takes no body.
   *
   * Rejects with the codes `malformed_request`, `body_not_allowed`, `missing_token`, `invalid_token`, `user_disabled`, `head_too_large`, `internal_error`, `store_unavailable`, `issuer_unavailable`.
   */
  logout(options?: Options): Promise<Operations['logout']['output']> {
    return this.call('logout', undefined, options);
  }

  /**
   * Shut a user out.
   *
   * All connections of the user are closed with 4003 at once; its tokens are refused, and it can't log in, until it is enabled. `id` is that of its tokens: a user of an external issuer, or one that was never here, can be disabled too. Takes no body; doing it twice is doing it once.
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
   * Let a user in again.
   *
   * Its tokens are good again as far as they were, and it can log in. Takes no body; doing it twice is doing it once, and one that wasn't disabled stays as it is.
   *
   * Rejects with the codes `malformed_request`, `body_not_allowed`, `invalid_parameter`, `missing_token`, `invalid_token`, `head_too_large`, `internal_error`, `store_unavailable`.
   */
  enableUser(input: Operations['enableUser']['input'], options?: Options): Promise<Operations['enableUser']['output']> {
    return this.call('enableUser', input, options);
  }

  /**
   * What was said before.
   *
   * A page of the room's history, oldest first: the last messages, or those before a given one. `before` asks for the page before this one; it is absent where nothing comes before, neither a message nor a gap. Nothing is missing between the first and the last of a page but at the places that `gaps` names. Messages are there moments after they were delivered, and as long as whoever runs the server keeps them (30 days, the last 100,000, unless it says otherwise); a server that keeps none lacks this operation. What was delivered before a server that ends in order closed its connections is kept like everything else.
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
   * Is the process alive?
   *
   * Answers as long as the process does.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  healthz(options?: Options): Promise<Operations['healthz']['output']> {
    return this.call('healthz', undefined, options);
  }

  /**
   * Does it want traffic?
   *
   * For load balancers: whether all parts are there. While the user store is away the chat goes on for those who have a token. Where several are away, `code` is that of the first in this order: the server stops, the room's order can't be asked (Redis, where several nodes share it), the store can't be reached, an issuer elsewhere has not given any keys yet, so that nobody can join; `detail` names each of them. While keys are known the server is ready, also when their issuer can't be reached any more.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`, `store_unavailable`, `unavailable`, `shutting_down`, `issuer_unavailable`.
   */
  readyz(options?: Options): Promise<Operations['readyz']['output']> {
    return this.call('readyz', undefined, options);
  }

  /**
   * The HTTP half, as JSON.
   *
   * This document: the operations that this server has. Components and tags that none of them uses may be in it, and `servers` is an example.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  openapiJson(options?: Options): Promise<Operations['openapiJson']['output']> {
    return this.call('openapiJson', undefined, options);
  }

  /**
   * The WebSocket half, as JSON.
   *
   * The AsyncAPI half of the contract: the frames of the room.
   *
   * Rejects with the codes `malformed_request`, `head_too_large`.
   */
  asyncapiJson(options?: Options): Promise<Operations['asyncapiJson']['output']> {
    return this.call('asyncapiJson', undefined, options);
  }
}
