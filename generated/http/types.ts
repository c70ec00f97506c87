// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.

export interface paths {
  '/createUser': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Create a user
     * @description Needs no authentication. The e-mail address and the username must each be unique: the e-mail address after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The server stores only an scrypt hash of the password. Hashing is slow on purpose: expect some tenths of a second.
     */
    post: operations['createUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/login': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Log in
     * @description Needs no authentication. E-mail addresses are compared after NFKC and lower case. Every login returns a new token. It opens `/join` until it expires, by default after 12 hours. The server then closes its connections with 4001, unless they have received a new token (`token_refresh`).
     */
    post: operations['login'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/logout': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Log out
     * @description Revokes the token of this request. The server refuses it from now on, and closes the connections that hold it with 4003. Other tokens of the user stay valid. Takes no body.
     */
    post: operations['logout'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/admin/users/{id}/disable': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Disable a user
     * @description Closes all connections of the user with 4003 at once. Until the user is enabled again, the server refuses the user's tokens and logins. `id` is the one in the user's tokens, so you can also disable a user of an external identity provider, or one that has never connected. Takes no body. Repeating the request changes nothing.
     */
    post: operations['disableUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/admin/users/{id}/enable': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Enable a user
     * @description Accepts the user's tokens again, as far as they are still valid, and lets the user log in. Takes no body. Repeating the request changes nothing, and neither does enabling a user that isn't disabled.
     */
    post: operations['enableUser'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/join': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Join the room
     * @description A WebSocket handshake (RFC 6455). Send the token in `Authorization: Bearer …`. A browser cannot set that header:
     *     it offers two subprotocols instead, `palaver.v1` and `bearer.<token>`, and the server selects `palaver.v1`.
     *
     *     Without the headers of a handshake the server runs the same checks, and answers 426 if it would have accepted
     *     the handshake. So a client whose platform hides a refused handshake can find out why.
     *
     *     You may send frames as soon as the connection is open. The first frame that you receive is `users_online`. Two
     *     connections of one user are two sessions of the same member: nobody sees the second one join or leave.
     *
     *     To resume after a lost connection, set `last_event_id` to the `id` of the last frame that you have seen.
     *     `recovered` in `users_online` then says whether all messages since then follow.
     */
    get: operations['join'];
    put?: never;
    /**
     * Join the room (alias)
     * @description The same as `GET /join`, with the same headers and no body. Most clients cannot send a handshake as `POST`: use `GET`.
     */
    post: operations['joinByPost'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read the room as a stream of events
     * @description Joins the room like `GET /join`, for reading only. The answer is a stream of Server-Sent Events (WHATWG HTML,
     *     9.2). The user appears in the roster, under the same limits, and the session ends for the same reasons. To send
     *     messages, use `POST /messages`.
     *
     *     Each event is one frame: `event` is its type, `id` its id, and `data` its JSON on one line. `users_online` comes
     *     first, then every frame of the stream in order. [The WebSocket reference](docs/websocket) describes them. Read
     *     the answer with a parser of Server-Sent Events. Comment lines (`:`) keep the connection open, one in 30 seconds
     *     by default.
     *
     *     To resume after a lost connection, send the last `id` in `Last-Event-ID` or `last_event_id`, as on `/join`. If
     *     `recovered` in `users_online` is true, that event has no `id` line, and the missed messages follow it. So the
     *     last `id` line is always that of the last frame that you have read.
     *
     *     When the server ends the session, the last event is `close`, with the close code and its name:
     *     `{"code":4001,"reason":"token_expired"}`. The codes are those of the WebSocket: 1001, 1011, 1012, 1013, 4001 and
     *     4003. To leave, close the connection. HTTP can't tell leaving from a cut, so you stay in the room for ten more
     *     seconds by default. The server ignores bytes that you send behind the request, and cuts the connection after
     *     65,536 of them.
     *
     *     `HEAD` runs the same checks and joins nobody. A browser's `EventSource` cannot send a token: read the stream
     *     with `fetch`.
     */
    get: operations['events'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/messages': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read the message history
     * @description Returns a page of the message history, oldest first. Without a position it has the last messages. With `before`
     *     it has the last ones before that position, and with `after` the first ones after it.
     *
     *     `before` in the answer asks for the page before this one. It is absent if nothing comes before, neither a
     *     message nor a gap, and where the request had `after`. `after` in the answer asks for the page after this one. It
     *     is there only if the request had `after`, and only while something follows, a message or a gap. Between the first
     *     and the last message of a page nothing is missing, except where `gaps` says so. The same holds between the `after`
     *     of the request and the first message.
     *
     *     `as_of` is the position in the stream at which the page is correct: later messages are not in it. A client
     *     without a connection can poll. It reads pages with `after` while the answer has one, and goes on with `after` =
     *     `as_of` the next time. It then gets every message once, if it polls before the server removes old messages.
     *     `as_of` is never before the `after` of the request, so a client may poll several nodes in turn. `as_of` is absent
     *     while the stream is unavailable: then go on with the `id` of the last message that you have read.
     *
     *     A message appears moments after its delivery. By default the server keeps messages for 30 days, and at most the
     *     last 100,000. A server that keeps none lacks this operation. Messages that were delivered before an orderly
     *     shutdown are stored like all others.
     */
    get: operations['listMessages'];
    put?: never;
    /**
     * Publish a message
     * @description Publishes a message to the room, as a `chat_message` over the WebSocket does. The sender does not have to be in
     *     the room, and does not join it. The answer is the frame that everyone receives: 201 means that the message has
     *     its place in the stream. `from_user` is the name that the user has in the room, or that of the token if the user
     *     has not joined.
     *
     *     With a `nonce` you can send the message again if no answer came. Within five minutes a user's nonce is published
     *     once, over HTTP and WebSocket together. A repeat is answered with 200 and the frame of the first one.
     */
    post: operations['publish'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Chat in a browser
     * @description The chat page, a client like any other. It creates users, logs in (or takes a token from an external identity provider) and joins the room. Everything that it loads is under `/assets/`.
     */
    get: operations['page'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/healthz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Check that the process is alive
     * @description Answers as long as the process runs.
     */
    get: operations['healthz'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/readyz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Check that the server is ready
     * @description For load balancers: says whether all parts are available. While the user store is unavailable, the chat goes on
     *     for everyone who has a token. If several parts are unavailable, `detail` names each of them, and `code` is the
     *     first in this order:
     *
     *     1. `shutting_down`: the server is stopping.
     *     2. `unavailable`: the room's stream is unavailable (Redis, where several nodes share it).
     *     3. `store_unavailable`: the store is unavailable.
     *     4. `issuer_unavailable`: the external issuer has not returned any keys yet, so nobody can join.
     *
     *     Once the server has keys, it stays ready even while their issuer is unavailable.
     */
    get: operations['readyz'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/docs': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Read the documentation
     * @description The documentation: guides, and a reference for HTTP and for the WebSocket. Everything that its pages load is under `/docs/`.
     */
    get: operations['docs'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Get the OpenAPI document as JSON
     * @description This document, with the operations that this server has. It may contain components and tags that none of them uses, and `servers` is an example.
     */
    get: operations['openapiJson'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.yaml': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Get the OpenAPI document as YAML
     * @description The same document as `/openapi.json`.
     */
    get: operations['openapiYaml'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/asyncapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Get the AsyncAPI document as JSON
     * @description The AsyncAPI document: the frames that travel over the WebSocket.
     */
    get: operations['asyncapiJson'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/asyncapi.yaml': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Get the AsyncAPI document as YAML
     * @description The AsyncAPI document: the frames that travel over the WebSocket.
     */
    get: operations['asyncapiYaml'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /**
     * @description Identifies a user. Opaque: two tokens with the same id are of the same user.
     * @example 4
     * @example 7f1c0c1e-5c1b-4f0a-9d54-3d7d7a3c2f10
     */
    UserId: string;
    /**
     * @description The name that others see, stored as sent. It has no control, format or line characters, and no white space at either end. At least one character is neither white space nor ignorable (Unicode's Default_Ignorable_Code_Point). A joiner (U+200C, U+200D) is a format character that some names need. It may stand between two characters from U+0590 on, as in Persian, in Indic conjuncts and in emoji of several parts. It may also stand at the end of a word after an Indic virama. Names are unique by NFKC_Casefold (Unicode, 3.13), which removes ignorable characters, joiners among them. Each run of white space counts as one space, and none at the ends.
     * @example Igor
     * @example User Name
     */
    Username: string;
    /**
     * @description One `@` with something on both sides, and no white space or control characters. Stored as sent. Unique after NFKC and lower case.
     * @example user_email@example.com
     */
    Email: string;
    /**
     * @description Any characters: no kinds of characters are required.
     * @example correct horse battery staple
     */
    Password: string;
    /**
     * @description A frame's position in the room's stream. Opaque: plain string comparison gives the order, also across restarts.
     * @example 0001709546565137-0000000000000002
     */
    FrameId: string;
    ChatMessage: {
      /** @constant */
      type: 'chat_message';
      id: components['schemas']['FrameId'];
      sent_at: components['schemas']['Time'];
      msg: {
        from_user: components['schemas']['Username'];
        from_user_id?: components['schemas']['UserId'];
        text: components['schemas']['Text'];
        nonce?: components['schemas']['Nonce'];
      };
    };
    /**
     * @description Delivered exactly as sent.
     * @example Hello!
     */
    Text: string;
    /**
     * @description Chosen by the client, and returned exactly as sent in the echo, or in the `error` that refuses the frame. So the client can tell which of its frames was meant. A nonce that does not fit this schema is not returned. Others see it too and ignore it. Choose a new one for each message: a user's nonce is published once in five minutes.
     * @example m-1
     */
    Nonce: string;
    /**
     * @description A JSON Web Token (RFC 7519), for `Authorization` with the scheme `Bearer`. The handshake and `token_refresh` accept the same tokens. A request head has at most 16,384 bytes, so a longer token cannot be used; other headers need some of them, too.
     * @example eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6IjQifQ.Ln6B22AzEqkwIxL8MKIHejrycHkb1iw03a2H5LqQx6g
     */
    Token: string;
    PublishRequest: {
      text: components['schemas']['Text'];
      nonce?: components['schemas']['Nonce'];
    };
    CreateUserRequest: {
      email: components['schemas']['Email'];
      username: components['schemas']['Username'];
      password: components['schemas']['Password'];
    };
    /** @description Any well-formed text is accepted. Credentials that cannot be right are simply wrong. */
    LoginRequest: {
      email: string;
      password: string;
    };
    User: {
      id: components['schemas']['UserId'];
      username: components['schemas']['Username'];
      email: components['schemas']['Email'];
    };
    Login: {
      id: components['schemas']['UserId'];
      username: components['schemas']['Username'];
      token: components['schemas']['Token'];
    };
    MessagePage: {
      /** @description The messages, oldest first, each as it was delivered. */
      messages: components['schemas']['ChatMessage'][];
      /** @description Positions in the stream, oldest first. Between such a position and the message before it, messages may be missing for good. A position after the last message is one of these too. Two gaps always have a message between them: neighbouring gaps are one. A page has at most `limit` gaps. A further one that comes before all messages is alone in the page before this one. In pages that are read with `after`, a further one that comes after all messages is alone in the page after this one. */
      gaps: components['schemas']['FrameId'][];
      before?: components['schemas']['FrameId'];
      after?: components['schemas']['FrameId'];
      as_of?: components['schemas']['FrameId'];
    };
    Health: {
      /** @constant */
      status: 'ok';
    };
    Readiness: {
      /** @constant */
      status: 'ready';
    };
    /** @description An OpenAPI 3.1 document. */
    OpenApiDocument: {
      /** @constant */
      openapi: '3.1.0';
      info: components['schemas']['DocumentInfo'];
      /** @description The operations of each path. */
      paths: Record<string, never>;
    };
    /** @description An AsyncAPI 3 document. */
    AsyncApiDocument: {
      /** @constant */
      asyncapi: '3.0.0';
      info: components['schemas']['DocumentInfo'];
      /** @description The channels that frames travel on. */
      channels: Record<string, never>;
      /** @description The frames that each side sends. */
      operations: Record<string, never>;
    };
    DocumentInfo: {
      title: string;
      version: string;
    };
    /**
     * @description The claims of a token (RFC 7519, 4). `sub`, if present, equals `id`. Other claims are ignored. A token is not compared with the users of this server. Its `username` must differ only from the names of others in the room, and a token with the `id` of a user is that user.
     * @example {
     *       "id": "1",
     *       "username": "Igor",
     *       "sub": "1",
     *       "iss": "palaver",
     *       "iat": 1709584191,
     *       "exp": 1709627391
     *     }
     */
    TokenClaims: {
      /** @description A `UserId`, except `.` and `..`: clients remove these from the path of a URL, so no URL can name them. */
      id: string;
      username: components['schemas']['Username'];
      sub?: components['schemas']['UserId'];
      iss: string;
      /** @description When the token expires, in seconds since 1970. */
      exp: number;
      /** @description When the token becomes valid, in seconds since 1970. */
      nbf?: number;
      /** @description When the token was issued, in seconds since 1970. */
      iat?: number;
    };
    /**
     * @description A stable code for programs. The introduction lists what to do about each.
     * @enum {string}
     */
    ProblemCode:
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
    /** @description Problem details (RFC 9457). */
    Problem: {
      /** @description The identifier of the problem: `urn:palaver:problem:` and its code. */
      type: string;
      /** @description The fault, for people. The same for every occurrence of a code. Each server chooses the wording. */
      title: string;
      /** @description The HTTP status. */
      status: number;
      code: components['schemas']['ProblemCode'];
      /** @description The fault in this request, for people. */
      detail?: string;
      /** @description Every fault that validation found. Only with 400. */
      errors?: components['schemas']['FieldError'][];
    };
    FieldError: {
      /** @description The faulty member, as a JSON pointer (RFC 6901) into the body, or into the parameters by name. It names the member itself also if that is missing. */
      pointer: string;
      /** @description The fault, for people, worded to follow the name of the member. For a pattern, `x-pattern-error` has a wording, which servers may change. */
      detail: string;
    };
    /**
     * @description RFC 3339 in UTC, with `Z` and three fractional digits. It never goes backwards while the server runs. After a restart it may, if the clock was corrected: `id` gives the order.
     * @example 2024-03-04T07:47:45.137Z
     */
    Time: string;
  };
  responses: {
    /** @description Your copy is current. */
    NotModified: {
      headers: {
        ETag: components['headers']['ETag'];
        [name: string]: unknown;
      };
      content?: never;
    };
    /** @description There is nothing at this path. */
    NotFound: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:not_found",
         *       "title": "Not found",
         *       "status": 404,
         *       "code": "not_found"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 404;
          /** @constant */
          code: 'not_found';
        };
      };
    };
    /** @description This path doesn't have this method. `Allow` names those that it has. */
    MethodNotAllowed: {
      headers: {
        Allow: components['headers']['Allow'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:method_not_allowed",
         *       "title": "Method not allowed",
         *       "status": 405,
         *       "code": "method_not_allowed"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 405;
          /** @constant */
          code: 'method_not_allowed';
        };
      };
    };
    /** @description The request is not valid HTTP (RFC 9112). */
    MalformedRequest: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:malformed_request",
         *       "title": "Malformed request",
         *       "status": 400,
         *       "code": "malformed_request"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @constant */
          code: 'malformed_request';
        };
      };
    };
    /** @description The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer. */
    HeadTooLarge: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:head_too_large",
         *       "title": "Head too large",
         *       "status": 431,
         *       "code": "head_too_large"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 431;
          /** @constant */
          code: 'head_too_large';
        };
      };
    };
    /** @description Done. The change applies from now on. */
    Done: {
      headers: {
        [name: string]: unknown;
      };
      content?: never;
    };
    /** @description The request is not valid HTTP (`malformed_request`), or it has a body (`body_not_allowed`). */
    BadBodiless: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'body_not_allowed';
        };
      };
    };
    /** @description The request is not valid HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`). */
    BadUserId: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'body_not_allowed' | 'invalid_parameter';
        };
      };
    };
    /** @description The request is not valid HTTP (`malformed_request`), or a parameter does not match its schema (`invalid_parameter`). `before` and `after` together are an `invalid_parameter`, too. */
    BadQuery: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'invalid_parameter';
        };
      };
    };
    /**
     * @description - `malformed_request`: the request is not valid HTTP.
     *     - `malformed_body`: the body is not JSON in UTF-8.
     *     - `invalid_body`: the body does not match the schema. `errors` lists every fault.
     *
     *     Each server decides whether it accepts a byte order mark before the body, and nesting deeper than 100 levels
     *     (RFC 8259, 8.1 and 9).
     */
    InvalidBody: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'malformed_body' | 'invalid_body';
        };
      };
    };
    /** @description A body may have 16,384 bytes. The server does not read a body whose `Content-Length` is larger: it sends no `100 Continue`, and closes the connection after this answer. */
    BodyTooLarge: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:body_too_large",
         *       "title": "Body too large",
         *       "status": 413,
         *       "code": "body_too_large"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 413;
          /** @constant */
          code: 'body_too_large';
        };
      };
    };
    /** @description A body may have 65,536 bytes. The server does not read a body whose `Content-Length` is larger: it sends no `100 Continue`, and closes the connection after this answer. */
    MessageTooLarge: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:body_too_large",
         *       "title": "Body too large",
         *       "status": 413,
         *       "code": "body_too_large"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 413;
          /** @constant */
          code: 'body_too_large';
        };
      };
    };
    /** @description The body must be `application/json`, without a charset or with UTF-8, and not compressed. After a `Content-Encoding` other than `identity`, `Accept-Encoding` says so. */
    UnsupportedMediaType: {
      headers: {
        'Accept-Encoding': components['headers']['AcceptEncoding'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:unsupported_media_type",
         *       "title": "Unsupported media type",
         *       "status": 415,
         *       "code": "unsupported_media_type"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 415;
          /** @constant */
          code: 'unsupported_media_type';
        };
      };
    };
    /** @description An error in the server. Its log says more. */
    InternalError: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:internal_error",
         *       "title": "Internal error",
         *       "status": 500,
         *       "code": "internal_error"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 500;
          /** @constant */
          code: 'internal_error';
        };
      };
    };
    /** @description Too many passwords wait for their hash (`overloaded`), or the user store is unavailable (`store_unavailable`). Try again later. */
    UserDeskBusy: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 503;
          /** @enum {unknown} */
          code: 'overloaded' | 'store_unavailable';
        };
      };
    };
    /** @description The store is unavailable. Only a 204 guarantees that the change was made. Try again later. */
    StoreUnavailable: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:store_unavailable",
         *       "title": "Store unavailable",
         *       "status": 503,
         *       "code": "store_unavailable"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 503;
          /** @constant */
          code: 'store_unavailable';
        };
      };
    };
    /** @description The store is unavailable (`store_unavailable`). With `issuer_unavailable`, the key of the token is unknown, and its issuer cannot be asked for it until `Retry-After` seconds have passed. The request may have had no effect. Try again later. */
    AccessUnavailable: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 503;
          /** @enum {unknown} */
          code: 'store_unavailable' | 'issuer_unavailable';
        };
      };
    };
    /**
     * @description - `unavailable`: the room is unavailable. The message may have been published all the same: send it again with
     *       its nonce, and it is published once.
     *     - `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until
     *       `Retry-After` seconds have passed.
     *
     *     Try again later.
     */
    PublishUnavailable: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 503;
          /** @enum {unknown} */
          code: 'unavailable' | 'issuer_unavailable';
        };
      };
    };
    /** @description The connection is a WebSocket now. The first frame is `users_online`. */
    SwitchingProtocols: {
      headers: {
        Upgrade: components['headers']['Upgrade'];
        Connection: components['headers']['Connection'];
        'Sec-WebSocket-Accept': components['headers']['SecWebSocketAccept'];
        'Sec-WebSocket-Protocol': components['headers']['SecWebSocketProtocol'];
        [name: string]: unknown;
      };
      content?: never;
    };
    /**
     * @description - `malformed_request`: the request is not valid HTTP.
     *     - `body_not_allowed`: the request has a body.
     *     - `malformed_handshake`: its key, subprotocols or extensions are not what RFC 6455 asks for.
     *     - `invalid_parameter`: no frame can have this `last_event_id`.
     *
     *     A key is 16 bytes in base64. Subprotocols are tokens of RFC 9110: at least one if the header is present, and
     *     none twice. Empty list elements are ignored. The server checks all three if `Upgrade` and `Connection` ask for
     *     a WebSocket, whatever its version.
     */
    BadHandshake: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'body_not_allowed' | 'malformed_handshake' | 'invalid_parameter';
        };
      };
    };
    /**
     * @description - `malformed_request`: the request is not valid HTTP.
     *     - `body_not_allowed`: the request has a body.
     *     - `invalid_parameter`: no frame can have this `last_event_id`, or this `Last-Event-ID`.
     */
    BadStream: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 400;
          /** @enum {unknown} */
          code: 'malformed_request' | 'body_not_allowed' | 'invalid_parameter';
        };
      };
    };
    /**
     * @description - `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.
     *     - `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that
     *       `TokenClaims` requires, or is contradicted by a second token.
     *
     *     `Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same
     *     value. The same token in the header and as a subprotocol is one token.
     */
    NotAuthenticated: {
      headers: {
        'WWW-Authenticate': components['headers']['WwwAuthenticate'];
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 401;
          /** @enum {unknown} */
          code: 'missing_token' | 'invalid_token';
        };
      };
    };
    /** @description The operator has disabled this user. */
    UserDisabled: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:user_disabled",
         *       "title": "User disabled",
         *       "status": 403,
         *       "code": "user_disabled"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 403;
          /** @constant */
          code: 'user_disabled';
        };
      };
    };
    /** @description The request comes from a page of another origin that the operator has not allowed (`origin_not_allowed`), or the user is disabled (`user_disabled`). The `Origin` header names the origin; a client that is not a page sends none. The origin is the server's own if its host and port are those of `Host`, whatever their case. The scheme is not compared, because a proxy may terminate TLS. */
    NotLetIn: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 403;
          /** @enum {unknown} */
          code: 'origin_not_allowed' | 'user_disabled';
        };
      };
    };
    /** @description Another user in the room has this name, or one that looks the same. Try again when that user has left. A user who is in the room already is not refused: a further connection keeps the name of the first, whatever its token says. */
    NameInUse: {
      headers: {
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:name_in_use",
         *       "title": "Name in use",
         *       "status": 409,
         *       "code": "name_in_use"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 409;
          /** @constant */
          code: 'name_in_use';
        };
      };
    };
    /** @description The server would have accepted the handshake. Repeat the request with the headers of a WebSocket handshake, version 13, on a connection with no answer pending. */
    UpgradeRequired: {
      headers: {
        Upgrade: components['headers']['Upgrade'];
        Connection: components['headers']['Connection'];
        /**
         * @description The WebSocket version of the server (RFC 6455, 4.4).
         * @example 13
         */
        'Sec-WebSocket-Version': '13';
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:upgrade_required",
         *       "title": "Upgrade required",
         *       "status": 426,
         *       "code": "upgrade_required"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 426;
          /** @constant */
          code: 'upgrade_required';
        };
      };
    };
    /** @description This user has the maximum number of live sessions in the room, by default 10. The answer to a handshake may take some seconds: the server first pings the sessions of the user, and removes dead ones. */
    TooManySessions: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:too_many_sessions",
         *       "title": "Too many sessions",
         *       "status": 429,
         *       "code": "too_many_sessions"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 429;
          /** @constant */
          code: 'too_many_sessions';
        };
      };
    };
    /** @description Too many attempts within a minute from this address or for this e-mail address, by default 20 of each. Every request with a valid body counts, whatever its answer. Each operation has its own count. Each server decides how it measures the minute: `Retry-After` says when it is over. */
    TooManyAttempts: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:too_many_attempts",
         *       "title": "Too many attempts",
         *       "status": 429,
         *       "code": "too_many_attempts"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 429;
          /** @constant */
          code: 'too_many_attempts';
        };
      };
    };
    /** @description This user sends too many requests. A page counts as a frame, and so does a message: by default 20 a second are allowed, and 20 more in a burst. */
    RateLimited: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        /**
         * @example {
         *       "type": "urn:palaver:problem:rate_limited",
         *       "title": "Rate limited",
         *       "status": 429,
         *       "code": "rate_limited"
         *     }
         */
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 429;
          /** @constant */
          code: 'rate_limited';
        };
      };
    };
    /**
     * @description - `unavailable`: the room is unavailable.
     *     - `server_full`: the server has its maximum number of sessions.
     *     - `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until
     *       `Retry-After` seconds have passed.
     *     - `shutting_down`: the server is stopping.
     *
     *     Try again, perhaps elsewhere.
     */
    RoomUnavailable: {
      headers: {
        'Retry-After': components['headers']['RetryAfter'];
        [name: string]: unknown;
      };
      content: {
        'application/problem+json': components['schemas']['Problem'] & {
          /** @constant */
          status: 503;
          /** @enum {unknown} */
          code: 'unavailable' | 'server_full' | 'issuer_unavailable' | 'shutting_down';
        };
      };
    };
  };
  parameters: {
    /**
     * @description The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both.
     * @example 0001709546565137-0000000000000004
     */
    LastEventId: components['schemas']['FrameId'];
    /**
     * @description The last `id` line that you have read (WHATWG HTML, 9.2). A client of Server-Sent Events sends it by itself.
     * @example 0001709546565137-0000000000000004
     */
    LastEventIdHeader: components['schemas']['FrameId'];
    /**
     * @description Return the page that begins after this position in the stream: the `id` of a message, `as_of` of an earlier page, or any other position. Not together with `before`.
     * @example 0000000000000000-0000000000000000
     */
    After: components['schemas']['FrameId'];
    /**
     * @description Return the page that ends before this position in the stream: the `id` of a message, or any other position. Not together with `after`.
     * @example 0004102444800000-0000000000000000
     */
    Before: components['schemas']['FrameId'];
    /**
     * @description The maximum number of messages in a page. 50 if absent.
     * @example 50
     */
    Limit: number;
    /**
     * @description The user's id, percent-encoded. No user has the id `.` or `..`: a URL cannot name it, so tokens with it are refused.
     * @example 7f1c0c1e-5c1b-4f0a-9d54-3d7d7a3c2f10
     */
    UserId: components['schemas']['UserId'];
    /**
     * @description `websocket`
     * @example websocket
     */
    Upgrade: string;
    /**
     * @description 16 random bytes in base64 (RFC 6455, 4.1).
     * @example dGhlIHNhbXBsZSBub25jZQ==
     */
    SecWebSocketKey: string;
    /**
     * @description `13`
     * @example 13
     */
    SecWebSocketVersion: string;
    /**
     * @description `palaver.v1`, and `bearer.<token>` if you cannot set `Authorization`. The token is accepted without `palaver.v1` too; the answer then has no subprotocol.
     * @example palaver.v1
     */
    SecWebSocketProtocol: string;
    /**
     * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
     * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
     */
    IfNoneMatch: string;
  };
  requestBodies: never;
  headers: {
    /**
     * @description Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).
     * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
     */
    ETag: string;
    /**
     * @description Nothing on the way may keep the answer (RFC 9111, 5.2.2.5).
     * @example no-store
     */
    NoStore: 'no-store';
    /**
     * @description Asks nginx to pass every event on at once.
     * @example no
     */
    XAccelBuffering: 'no';
    /**
     * @description How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.
     * @example Bearer
     */
    WwwAuthenticate: string;
    /**
     * @description Seconds to wait before the next try (RFC 9110, 10.2.3).
     * @example 1
     */
    RetryAfter: string;
    /**
     * @description The methods of this path (RFC 9110, 10.2.1).
     * @example POST
     */
    Allow: string;
    /**
     * @description The content coding that the server accepts (RFC 9110, 15.5.16). Absent if the coding is not the fault.
     * @example identity
     */
    AcceptEncoding: 'identity';
    /**
     * @description The protocol to switch to (RFC 9110, 7.8).
     * @example websocket
     */
    Upgrade: 'websocket';
    /**
     * @description Names `Upgrade` as a header of this connection.
     * @example Upgrade
     */
    Connection: string;
    /**
     * @description The answer to `Sec-WebSocket-Key` (RFC 6455, 4.2.2).
     * @example s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
     */
    SecWebSocketAccept: string;
    /**
     * @description `palaver.v1` if the client offered it, otherwise absent.
     * @example palaver.v1
     */
    SecWebSocketProtocol: 'palaver.v1';
  };
  pathItems: never;
}
export type UserId = components['schemas']['UserId'];
export type Username = components['schemas']['Username'];
export type Email = components['schemas']['Email'];
export type Password = components['schemas']['Password'];
export type FrameId = components['schemas']['FrameId'];
export type ChatMessage = components['schemas']['ChatMessage'];
export type Text = components['schemas']['Text'];
export type Nonce = components['schemas']['Nonce'];
export type Token = components['schemas']['Token'];
export type PublishRequest = components['schemas']['PublishRequest'];
export type CreateUserRequest = components['schemas']['CreateUserRequest'];
export type LoginRequest = components['schemas']['LoginRequest'];
export type User = components['schemas']['User'];
export type Login = components['schemas']['Login'];
export type MessagePage = components['schemas']['MessagePage'];
export type Health = components['schemas']['Health'];
export type Readiness = components['schemas']['Readiness'];
export type OpenApiDocument = components['schemas']['OpenApiDocument'];
export type AsyncApiDocument = components['schemas']['AsyncApiDocument'];
export type DocumentInfo = components['schemas']['DocumentInfo'];
export type TokenClaims = components['schemas']['TokenClaims'];
export type ProblemCode = components['schemas']['ProblemCode'];
export type Problem = components['schemas']['Problem'];
export type FieldError = components['schemas']['FieldError'];
export type Time = components['schemas']['Time'];
export type ResponseNotModified = components['responses']['NotModified'];
export type ResponseNotFound = components['responses']['NotFound'];
export type ResponseMethodNotAllowed = components['responses']['MethodNotAllowed'];
export type ResponseMalformedRequest = components['responses']['MalformedRequest'];
export type ResponseHeadTooLarge = components['responses']['HeadTooLarge'];
export type ResponseDone = components['responses']['Done'];
export type ResponseBadBodiless = components['responses']['BadBodiless'];
export type ResponseBadUserId = components['responses']['BadUserId'];
export type ResponseBadQuery = components['responses']['BadQuery'];
export type ResponseInvalidBody = components['responses']['InvalidBody'];
export type ResponseBodyTooLarge = components['responses']['BodyTooLarge'];
export type ResponseMessageTooLarge = components['responses']['MessageTooLarge'];
export type ResponseUnsupportedMediaType = components['responses']['UnsupportedMediaType'];
export type ResponseInternalError = components['responses']['InternalError'];
export type ResponseUserDeskBusy = components['responses']['UserDeskBusy'];
export type ResponseStoreUnavailable = components['responses']['StoreUnavailable'];
export type ResponseAccessUnavailable = components['responses']['AccessUnavailable'];
export type ResponsePublishUnavailable = components['responses']['PublishUnavailable'];
export type ResponseSwitchingProtocols = components['responses']['SwitchingProtocols'];
export type ResponseBadHandshake = components['responses']['BadHandshake'];
export type ResponseBadStream = components['responses']['BadStream'];
export type ResponseNotAuthenticated = components['responses']['NotAuthenticated'];
export type ResponseUserDisabled = components['responses']['UserDisabled'];
export type ResponseNotLetIn = components['responses']['NotLetIn'];
export type ResponseNameInUse = components['responses']['NameInUse'];
export type ResponseUpgradeRequired = components['responses']['UpgradeRequired'];
export type ResponseTooManySessions = components['responses']['TooManySessions'];
export type ResponseTooManyAttempts = components['responses']['TooManyAttempts'];
export type ResponseRateLimited = components['responses']['RateLimited'];
export type ResponseRoomUnavailable = components['responses']['RoomUnavailable'];
export type ParameterLastEventId = components['parameters']['LastEventId'];
export type ParameterLastEventIdHeader = components['parameters']['LastEventIdHeader'];
export type ParameterAfter = components['parameters']['After'];
export type ParameterBefore = components['parameters']['Before'];
export type ParameterLimit = components['parameters']['Limit'];
export type ParameterUserId = components['parameters']['UserId'];
export type ParameterUpgrade = components['parameters']['Upgrade'];
export type ParameterSecWebSocketKey = components['parameters']['SecWebSocketKey'];
export type ParameterSecWebSocketVersion = components['parameters']['SecWebSocketVersion'];
export type ParameterSecWebSocketProtocol = components['parameters']['SecWebSocketProtocol'];
export type ParameterIfNoneMatch = components['parameters']['IfNoneMatch'];
export type HeaderETag = components['headers']['ETag'];
export type HeaderNoStore = components['headers']['NoStore'];
export type HeaderXAccelBuffering = components['headers']['XAccelBuffering'];
export type HeaderWwwAuthenticate = components['headers']['WwwAuthenticate'];
export type HeaderRetryAfter = components['headers']['RetryAfter'];
export type HeaderAllow = components['headers']['Allow'];
export type HeaderAcceptEncoding = components['headers']['AcceptEncoding'];
export type HeaderUpgrade = components['headers']['Upgrade'];
export type HeaderConnection = components['headers']['Connection'];
export type HeaderSecWebSocketAccept = components['headers']['SecWebSocketAccept'];
export type HeaderSecWebSocketProtocol = components['headers']['SecWebSocketProtocol'];
export type $defs = Record<string, never>;
export interface operations {
  createUser: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "email": "user_email@example.com",
         *       "username": "User Name",
         *       "password": "correct horse battery staple"
         *     }
         */
        'application/json': components['schemas']['CreateUserRequest'];
      };
    };
    responses: {
      /** @description The user was created. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "id": "4",
           *       "username": "User Name",
           *       "email": "user_email@example.com"
           *     }
           */
          'application/json': components['schemas']['User'];
        };
      };
      400: components['responses']['InvalidBody'];
      /** @description The e-mail address or the username is taken. Choose another. If both are taken, the code is `email_taken`. */
      409: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @constant */
            status: 409;
            /** @enum {unknown} */
            code: 'email_taken' | 'username_taken';
          };
        };
      };
      413: components['responses']['BodyTooLarge'];
      415: components['responses']['UnsupportedMediaType'];
      429: components['responses']['TooManyAttempts'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['UserDeskBusy'];
    };
  };
  login: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "email": "user_email@example.com",
         *       "password": "correct horse battery staple"
         *     }
         */
        'application/json': components['schemas']['LoginRequest'];
      };
    };
    responses: {
      /** @description A token for this user. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "id": "4",
           *       "username": "User Name",
           *       "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6IjQifQ.Ln6B22AzEqkwIxL8MKIHejrycHkb1iw03a2H5LqQx6g"
           *     }
           */
          'application/json': components['schemas']['Login'];
        };
      };
      400: components['responses']['InvalidBody'];
      /** @description The e-mail address is unknown or the password is wrong. Both get the same answer, after the same time. A password that no user could have counts as wrong. */
      401: {
        headers: {
          'WWW-Authenticate': components['headers']['WwwAuthenticate'];
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "urn:palaver:problem:invalid_credentials",
           *       "title": "Wrong e-mail or password",
           *       "status": 401,
           *       "code": "invalid_credentials"
           *     }
           */
          'application/problem+json': components['schemas']['Problem'] & {
            /** @constant */
            status: 401;
            /** @constant */
            code: 'invalid_credentials';
          };
        };
      };
      403: components['responses']['UserDisabled'];
      413: components['responses']['BodyTooLarge'];
      415: components['responses']['UnsupportedMediaType'];
      429: components['responses']['TooManyAttempts'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['UserDeskBusy'];
    };
  };
  logout: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: components['responses']['Done'];
      400: components['responses']['BadBodiless'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['UserDisabled'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['AccessUnavailable'];
    };
  };
  disableUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description The user's id, percent-encoded. No user has the id `.` or `..`: a URL cannot name it, so tokens with it are refused.
         * @example 7f1c0c1e-5c1b-4f0a-9d54-3d7d7a3c2f10
         */
        id: components['parameters']['UserId'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: components['responses']['Done'];
      400: components['responses']['BadUserId'];
      401: components['responses']['NotAuthenticated'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['StoreUnavailable'];
    };
  };
  enableUser: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /**
         * @description The user's id, percent-encoded. No user has the id `.` or `..`: a URL cannot name it, so tokens with it are refused.
         * @example 7f1c0c1e-5c1b-4f0a-9d54-3d7d7a3c2f10
         */
        id: components['parameters']['UserId'];
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: components['responses']['Done'];
      400: components['responses']['BadUserId'];
      401: components['responses']['NotAuthenticated'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['StoreUnavailable'];
    };
  };
  join: {
    parameters: {
      query?: {
        /**
         * @description The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both.
         * @example 0001709546565137-0000000000000004
         */
        last_event_id?: components['parameters']['LastEventId'];
      };
      header?: {
        /**
         * @description `websocket`
         * @example websocket
         */
        Upgrade?: components['parameters']['Upgrade'];
        /**
         * @description 16 random bytes in base64 (RFC 6455, 4.1).
         * @example dGhlIHNhbXBsZSBub25jZQ==
         */
        'Sec-WebSocket-Key'?: components['parameters']['SecWebSocketKey'];
        /**
         * @description `13`
         * @example 13
         */
        'Sec-WebSocket-Version'?: components['parameters']['SecWebSocketVersion'];
        /**
         * @description `palaver.v1`, and `bearer.<token>` if you cannot set `Authorization`. The token is accepted without `palaver.v1` too; the answer then has no subprotocol.
         * @example palaver.v1
         */
        'Sec-WebSocket-Protocol'?: components['parameters']['SecWebSocketProtocol'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      101: components['responses']['SwitchingProtocols'];
      400: components['responses']['BadHandshake'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['NotLetIn'];
      409: components['responses']['NameInUse'];
      426: components['responses']['UpgradeRequired'];
      429: components['responses']['TooManySessions'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['RoomUnavailable'];
    };
  };
  joinByPost: {
    parameters: {
      query?: {
        /**
         * @description The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both.
         * @example 0001709546565137-0000000000000004
         */
        last_event_id?: components['parameters']['LastEventId'];
      };
      header?: {
        /**
         * @description `websocket`
         * @example websocket
         */
        Upgrade?: components['parameters']['Upgrade'];
        /**
         * @description 16 random bytes in base64 (RFC 6455, 4.1).
         * @example dGhlIHNhbXBsZSBub25jZQ==
         */
        'Sec-WebSocket-Key'?: components['parameters']['SecWebSocketKey'];
        /**
         * @description `13`
         * @example 13
         */
        'Sec-WebSocket-Version'?: components['parameters']['SecWebSocketVersion'];
        /**
         * @description `palaver.v1`, and `bearer.<token>` if you cannot set `Authorization`. The token is accepted without `palaver.v1` too; the answer then has no subprotocol.
         * @example palaver.v1
         */
        'Sec-WebSocket-Protocol'?: components['parameters']['SecWebSocketProtocol'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      101: components['responses']['SwitchingProtocols'];
      400: components['responses']['BadHandshake'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['NotLetIn'];
      409: components['responses']['NameInUse'];
      426: components['responses']['UpgradeRequired'];
      429: components['responses']['TooManySessions'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['RoomUnavailable'];
    };
  };
  events: {
    parameters: {
      query?: {
        /**
         * @description The `id` of the last frame that you have seen; `users_online` has one too. Works like `Last-Event-ID` of Server-Sent Events, and is used instead of that header where a request has both.
         * @example 0001709546565137-0000000000000004
         */
        last_event_id?: components['parameters']['LastEventId'];
      };
      header?: {
        /**
         * @description The last `id` line that you have read (WHATWG HTML, 9.2). A client of Server-Sent Events sends it by itself.
         * @example 0001709546565137-0000000000000004
         */
        'Last-Event-ID'?: components['parameters']['LastEventIdHeader'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The stream. It ends when either side closes the connection. While an answer is pending on the connection, the server opens no stream on it, and answers 503 `unavailable`. */
      200: {
        headers: {
          'Cache-Control': components['headers']['NoStore'];
          'X-Accel-Buffering': components['headers']['XAccelBuffering'];
          [name: string]: unknown;
        };
        content: {
          /**
           * @example event: users_online
           *     id: 0001709546565137-0000000000000002
           *     data: {"type":"users_online","id":"0001709546565137-0000000000000002","sent_at":"2024-03-04T07:47:45.137Z","msg":{"list":["Patrick"],"users":[{"username":"Patrick","user_id":"3"}]}}
           */
          'text/event-stream': string;
        };
      };
      400: components['responses']['BadStream'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['NotLetIn'];
      409: components['responses']['NameInUse'];
      429: components['responses']['TooManySessions'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['RoomUnavailable'];
    };
  };
  listMessages: {
    parameters: {
      query?: {
        /**
         * @description Return the page that ends before this position in the stream: the `id` of a message, or any other position. Not together with `after`.
         * @example 0004102444800000-0000000000000000
         */
        before?: components['parameters']['Before'];
        /**
         * @description Return the page that begins after this position in the stream: the `id` of a message, `as_of` of an earlier page, or any other position. Not together with `before`.
         * @example 0000000000000000-0000000000000000
         */
        after?: components['parameters']['After'];
        /**
         * @description The maximum number of messages in a page. 50 if absent.
         * @example 50
         */
        limit?: components['parameters']['Limit'];
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "messages": [
           *         {
           *           "type": "chat_message",
           *           "id": "0001709546565137-0000000000000004",
           *           "sent_at": "2024-03-04T07:48:30.598Z",
           *           "msg": {
           *             "from_user": "Bob",
           *             "text": "Hello!"
           *           }
           *         }
           *       ],
           *       "gaps": [],
           *       "before": "0001709546565137-0000000000000004",
           *       "as_of": "0001709546565137-0000000000000007"
           *     }
           */
          'application/json': components['schemas']['MessagePage'];
        };
      };
      400: components['responses']['BadQuery'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['UserDisabled'];
      429: components['responses']['RateLimited'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['AccessUnavailable'];
    };
  };
  publish: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        /**
         * @example {
         *       "text": "Hello!",
         *       "nonce": "m-1"
         *     }
         */
        'application/json': components['schemas']['PublishRequest'];
      };
    };
    responses: {
      /** @description The user has published a message with this nonce before. It is not published again. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "chat_message",
           *       "id": "0001709546565137-0000000000000004",
           *       "sent_at": "2024-03-04T07:48:30.598Z",
           *       "msg": {
           *         "from_user": "Bob",
           *         "from_user_id": "4",
           *         "text": "Hello!",
           *         "nonce": "m-1"
           *       }
           *     }
           */
          'application/json': components['schemas']['ChatMessage'];
        };
      };
      /** @description The message was published. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "type": "chat_message",
           *       "id": "0001709546565137-0000000000000004",
           *       "sent_at": "2024-03-04T07:48:30.598Z",
           *       "msg": {
           *         "from_user": "Bob",
           *         "from_user_id": "4",
           *         "text": "Hello!",
           *         "nonce": "m-1"
           *       }
           *     }
           */
          'application/json': components['schemas']['ChatMessage'];
        };
      };
      400: components['responses']['InvalidBody'];
      401: components['responses']['NotAuthenticated'];
      403: components['responses']['UserDisabled'];
      409: components['responses']['NameInUse'];
      413: components['responses']['MessageTooLarge'];
      415: components['responses']['UnsupportedMediaType'];
      429: components['responses']['RateLimited'];
      431: components['responses']['HeadTooLarge'];
      500: components['responses']['InternalError'];
      503: components['responses']['PublishUnavailable'];
    };
  };
  page: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The page. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /** @example <!doctype html> */
          'text/html': string;
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  healthz: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The process answers. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "status": "ok"
           *     }
           */
          'application/json': components['schemas']['Health'];
        };
      };
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  readyz: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description All parts are available. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "status": "ready"
           *     }
           */
          'application/json': components['schemas']['Readiness'];
        };
      };
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
      /** @description A part is unavailable, or the server is stopping. `detail` says which. Send traffic elsewhere. */
      503: {
        headers: {
          'Retry-After': components['headers']['RetryAfter'];
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'] & {
            /** @constant */
            status: 503;
            /** @enum {unknown} */
            code: 'store_unavailable' | 'unavailable' | 'shutting_down' | 'issuer_unavailable';
          };
        };
      };
    };
  };
  docs: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The page. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /** @example <!doctype html> */
          'text/html': string;
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  openapiJson: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The complete document, without references to other files. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "openapi": "3.1.0",
           *       "info": {
           *         "title": "Palaver over HTTP",
           *         "version": "0.2.0"
           *       },
           *       "paths": {}
           *     }
           */
          'application/json': components['schemas']['OpenApiDocument'];
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  openapiYaml: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The complete document, without references to other files. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /** @example openapi: 3.1.0 */
          'application/yaml': string;
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  asyncapiJson: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The complete document, without references to other files. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /**
           * @example {
           *       "asyncapi": "3.0.0",
           *       "info": {
           *         "title": "Palaver over WebSocket",
           *         "version": "0.2.0"
           *       },
           *       "channels": {},
           *       "operations": {}
           *     }
           */
          'application/json': components['schemas']['AsyncApiDocument'];
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
  asyncapiYaml: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of the copy that you have (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The complete document, without references to other files. */
      200: {
        headers: {
          ETag: components['headers']['ETag'];
          [name: string]: unknown;
        };
        content: {
          /** @example asyncapi: 3.0.0 */
          'application/yaml': string;
        };
      };
      304: components['responses']['NotModified'];
      400: components['responses']['MalformedRequest'];
      431: components['responses']['HeadTooLarge'];
    };
  };
}
