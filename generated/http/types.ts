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
     * @description Needs no authentication. E-mail and username are each unique: the e-mail after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The password is kept as a scrypt hash only, which is slow on purpose: expect some tenths of a second.
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
     * @description Needs no authentication. The e-mail address is compared as it is unique: after NFKC and lower case. The token, another one each time, opens `/join` until it expires, after 12 hours unless whoever runs the server says otherwise; then the server closes what it opened with 4001, unless it was handed a new one before that (`token_refresh`).
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
     * Give a token back
     * @description The token of this request is refused from now on, and the connections that hold it are closed with 4003. Other tokens of the user are good as before. Takes no body.
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
     * Shut a user out
     * @description All connections of the user are closed with 4003 at once; its tokens are refused, and it can't log in, until it is enabled. `id` is that of its tokens: a user of an external issuer, or one that was never here, can be disabled too. Takes no body; doing it twice is doing it once.
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
     * Let a user in again
     * @description Its tokens are good again as far as they were, and it can log in. Takes no body; doing it twice is doing it once, and one that wasn't disabled stays as it is.
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
     * Open the chat
     * @description A WebSocket handshake (RFC 6455). The token travels in `Authorization: Bearer …`; a browser, which can't set that
     *     header, offers two subprotocols instead, `palaver.v1` and `bearer.<token>`, and is answered `palaver.v1`.
     *
     *     Without the headers of a handshake every check at the door runs as it would have, and who would have been let in
     *     gets 426: so a client whose platform hides a refused handshake finds out why.
     *
     *     You may send frames the moment the connection opens, and the first that you receive is `users_online`. Two
     *     connections of one user are two sessions of the same member; nobody sees the second one come or go.
     *
     *     Who comes back after a connection was lost says with `last_event_id` which frame it has seen last. `users_online`
     *     then says in `recovered` whether all that was said since follows.
     */
    get: operations['join'];
    put?: never;
    /**
     * Open the chat (alias)
     * @description The same as `GET /join`, with the same headers and no body. Most clients can't send it; use `GET`.
     */
    post: operations['joinByPost'];
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
     * What was said before
     * @description A page of the room's history, oldest first: the last messages, or those before a given one. `before` asks for the page before this one; it is absent where nothing comes before, neither a message nor a gap. Nothing is missing between the first and the last of a page but at the places that `gaps` names. Messages are there moments after they were delivered, and as long as whoever runs the server keeps them (30 days, the last 100,000, unless it says otherwise); a server that keeps none lacks this operation. What was delivered before a server that ends in order closed its connections is kept like everything else.
     */
    get: operations['listMessages'];
    put?: never;
    post?: never;
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
     * @description A page for people, and a client like any other: it signs up, logs in (or takes a token, where tokens come from elsewhere) and joins. All that it loads lies beneath `/assets/`.
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
     * Is the process alive?
     * @description Answers as long as the process does.
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
     * Does it want traffic?
     * @description For load balancers: whether all parts are there. While the user store is away the chat goes on for those who have a token. Where several are away, `code` is that of the first in this order: the server stops, the room's order can't be asked (Redis, where several nodes share it), the store can't be reached, an issuer elsewhere has not given any keys yet, so that nobody can join; `detail` names each of them. While keys are known the server is ready, also when their issuer can't be reached any more.
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
     * Read the contract
     * @description Both halves of the contract and the guide for client authors, for people. All that the page loads lies beneath `/docs/`.
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
     * The HTTP half, as JSON
     * @description This document: the operations that this server has. Components and tags that none of them uses may be in it, and `servers` is an example.
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
     * The HTTP half, as YAML
     * @description The same document.
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
     * The WebSocket half, as JSON
     * @description The AsyncAPI half of the contract: the frames of the room.
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
     * The WebSocket half, as YAML
     * @description The AsyncAPI half of the contract: the frames of the room.
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
     * @description Who a user is. Opaque; two tokens with the same id are the same user.
     * @example 4
     * @example 7f1c0c1e-5c1b-4f0a-9d54-3d7d7a3c2f10
     */
    UserId: string;
    /**
     * @description The name that others see, kept as sent. No control, format or line characters, no white space at either end, and at least one character that is neither white space nor ignorable (Unicode's Default_Ignorable_Code_Point). A joiner (U+200C, U+200D) is a format character that some names need: it may stand between two characters from U+0590 on, as in Persian, in Indic conjuncts and in emoji of several parts, and at the end of a word behind an Indic virama. Names are unique by NFKC_Casefold (Unicode, 3.13), which leaves out ignorable characters, joiners among them, with each run of white space as one space and none at the ends.
     * @example Igor
     * @example User Name
     */
    Username: string;
    /**
     * @description One `@`, something on both sides, no white space or control characters; kept as sent. Unique after NFKC and lower case.
     * @example user_email@example.com
     */
    Email: string;
    /**
     * @description No composition rules.
     * @example correct horse battery staple
     */
    Password: string;
    /**
     * @description A frame's place in the room's order. Opaque; plain string comparison is the order, also across restarts.
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
        text: components['schemas']['Text'];
        nonce?: components['schemas']['Nonce'];
      };
    };
    /**
     * @description A JSON Web Token (RFC 7519), for `Authorization` with the scheme `Bearer`. The handshake and `token_refresh` take the same tokens. A request head has 16,384 bytes in all, so a longer token can't be used; other headers need some of them, too.
     * @example eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6IjQifQ.Ln6B22AzEqkwIxL8MKIHejrycHkb1iw03a2H5LqQx6g
     */
    Token: string;
    CreateUserRequest: {
      email: components['schemas']['Email'];
      username: components['schemas']['Username'];
      password: components['schemas']['Password'];
    };
    /** @description Any well-formed text may be tried; what can't be right is simply wrong. */
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
      /** @description Oldest first; each as it was delivered. */
      messages: components['schemas']['ChatMessage'][];
      /** @description Places in the order, oldest first. Between such a place and the message before it something may have been said that is kept nowhere; a place after the last message is one of these too. Between two of them there is a message: neighbouring gaps are one. They are at most `limit`; one more that comes before all messages is in the page before this one, alone. */
      gaps: components['schemas']['FrameId'][];
      before?: components['schemas']['FrameId'];
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
      /** @description What each path takes and answers. */
      paths: Record<string, never>;
    };
    /** @description An AsyncAPI 3 document. */
    AsyncApiDocument: {
      /** @constant */
      asyncapi: '3.0.0';
      info: components['schemas']['DocumentInfo'];
      /** @description Where frames travel. */
      channels: Record<string, never>;
      /** @description Who sends which. */
      operations: Record<string, never>;
    };
    DocumentInfo: {
      title: string;
      version: string;
    };
    /**
     * @description What a token must say (RFC 7519, 4). `sub`, where there, equals `id`. Other claims are ignored. Users that were made here are not asked: `username` meets only the names of those in the room, and who bears the `id` of such a user is that user.
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
      /** @description A `UserId`, but neither `.` nor `..`. URLs can't name these, clients take them out of a path. */
      id: string;
      username: components['schemas']['Username'];
      sub?: components['schemas']['UserId'];
      iss: string;
      /** @description Seconds since 1970 from which the token is refused. */
      exp: number;
      /** @description Seconds since 1970 before which the token is refused. */
      nbf?: number;
      /** @description Seconds since 1970 at which the token was issued. */
      iat?: number;
    };
    /**
     * @description What went wrong, for programs. Stable; the introduction has a remedy for each.
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
      /** @description The problem's identifier, `urn:palaver:problem:` and its code. */
      type: string;
      /** @description What went wrong, for people; the same for every occurrence of its code. The wording is left to the server. */
      title: string;
      /** @description The HTTP status. */
      status: number;
      code: components['schemas']['ProblemCode'];
      /** @description What went wrong this time. */
      detail?: string;
      /** @description All that failed validation, on 400 only. */
      errors?: components['schemas']['FieldError'][];
    };
    FieldError: {
      /** @description Where, as a JSON pointer (RFC 6901) into the body, or into the parameters by name: to the member itself, also where it is missing. */
      pointer: string;
      /** @description What is wrong there, for people. For a pattern, `x-pattern-error` beside it has the words; they bind nobody. */
      detail: string;
    };
    /**
     * @description RFC 3339 in UTC with `Z` and three fractional digits. It never goes backwards while the server runs; after a restart it may, where the clock was corrected. `id` tells the order.
     * @example 2024-03-04T07:47:45.137Z
     */
    Time: string;
    /**
     * @description Delivered exactly as sent.
     * @example Hello!
     */
    Text: string;
    /**
     * @description Chosen by the client, delivered exactly as sent in the echo or in the `error` that refuses the frame, whatever for, so that a client can tell which of its sends was meant; one that doesn't fit its own schema does not come back. Others see it too and ignore it. A new one for each message: a user's nonce is published once in five minutes.
     * @example m-1
     */
    Nonce: string;
  };
  responses: {
    /** @description You have it already. */
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
    /** @description This path doesn't have this method; `Allow` says which it has. */
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
    /** @description The request is not HTTP as RFC 9112 has it. */
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
    /** @description The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer. */
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
    /** @description It is so from now on. */
    Done: {
      headers: {
        [name: string]: unknown;
      };
      content?: never;
    };
    /** @description The request is not HTTP (`malformed_request`), or it has a body (`body_not_allowed`). */
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
    /** @description The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`). */
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
    /** @description The request is not HTTP (`malformed_request`), or a parameter is not what its schema asks for (`invalid_parameter`). */
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
    /** @description The request is not HTTP (`malformed_request`), the body is not JSON in UTF-8 (`malformed_body`) or not what the schema asks for (`invalid_body`; `errors` then lists all that is wrong). Whether a byte order mark before it, or nesting deeper than 100 levels, is taken or malformed is left to the server (RFC 8259, 8.1 and 9). */
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
    /** @description A body may have 16,384 bytes. A body that says by its `Content-Length` that it is larger is not read: the server asks for none of it (`100 Continue`) and closes the connection behind this answer. */
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
    /** @description The body must be `application/json`, with no charset or with UTF-8, and not compressed. To a `Content-Encoding` other than `identity`, `Accept-Encoding` says so. */
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
    /** @description A fault of the server. Its log says more. */
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
    /** @description Too many passwords wait to be hashed, or the user store can't be reached. Try again later. */
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
    /** @description The store can't be reached. Only a 204 promises anything; try again later. */
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
    /** @description The store can't be reached (`store_unavailable`), or the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`). Nothing is promised; try again later. */
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
    /** @description The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), its key, subprotocols or extensions are not what RFC 6455 asks for (`malformed_handshake`), or no frame can have this `last_event_id` (`invalid_parameter`). A key is 16 bytes in base64. Subprotocols are tokens of RFC 9110, at least one where the header is there, none twice; empty elements of the list don't count. All three are looked at where `Upgrade` and `Connection` ask for a WebSocket, whatever its version. */
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
    /** @description No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token. */
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
    /** @description Whoever runs the server has shut this user out. */
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
    /** @description The request comes from a page of another origin (its `Origin` header says so) that whoever runs the server has not allowed (`origin_not_allowed`; a client that is no page sends no `Origin`), or the user is shut out (`user_disabled`). An origin is the server's own if its host, in whatever case, and port are those of `Host`; the scheme is not compared, a proxy may have taken TLS away. */
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
    /** @description Another user in the room has this name, or one that looks the same. Come back when it has left. Who is in the room already is not refused: a further connection goes by the name of the first, whatever its token says. */
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
    /** @description You would have been let in. Ask again with the headers of a WebSocket handshake, version 13, on a connection on which no answer is due. */
    UpgradeRequired: {
      headers: {
        Upgrade: components['headers']['Upgrade'];
        Connection: components['headers']['Connection'];
        /**
         * @description The version that is spoken here (RFC 6455, 4.4).
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
    /** @description This user has as many living sessions in the room as one may have (10, unless whoever runs the server says otherwise). The answer to a handshake may take some seconds: the server first pings the sessions that the user has, and a dead one makes room. */
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
    /** @description Too many attempts within a minute from this address, or for this e-mail (20 of each, unless whoever runs the server says otherwise). Each request with a valid body is one, whatever its answer; both operations count their own. How the minute is measured is left to the server: `Retry-After` says when it is over. */
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
    /** @description Too many from this user: a page counts as a frame (20 a second and 20 more in a burst, unless whoever runs the server says otherwise). */
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
    /** @description The room can't take anybody in now (`unavailable`), this server has as many sessions as it may have (`server_full`), the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`), or the server is stopping. Try again, perhaps elsewhere. */
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
     * @description The `id` of the last frame that was seen: `users_online` has one too. As `Last-Event-ID` in Server-Sent Events.
     * @example 0001709546565137-0000000000000004
     */
    LastEventId: components['schemas']['FrameId'];
    /**
     * @description The page ends before this place in the order, that of a message or any other.
     * @example 0001709546565137-0000000000000004
     */
    Before: components['schemas']['FrameId'];
    /**
     * @description How many messages a page has at most. 50 if absent.
     * @example 50
     */
    Limit: number;
    /**
     * @description The user's id, percent-encoded. No user has the id `.` or `..`: a token with one of them is refused, since no URL can name it.
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
     * @description `palaver.v1`, and `bearer.<token>` where no `Authorization` header can be set. The latter counts without the former too, and is answered no subprotocol then.
     * @example palaver.v1
     */
    SecWebSocketProtocol: string;
    /**
     * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
     * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
     */
    IfNoneMatch: string;
  };
  requestBodies: never;
  headers: {
    /**
     * @description Names these bytes, strongly (RFC 9110, 8.8.3).
     * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
     */
    ETag: string;
    /**
     * @description How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.
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
     * @description The content codings that the server takes (RFC 9110, 15.5.16). Absent where another one is not the fault.
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
     * @description `palaver.v1` where it was offered; absent otherwise.
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
export type Token = components['schemas']['Token'];
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
export type Text = components['schemas']['Text'];
export type Nonce = components['schemas']['Nonce'];
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
export type ResponseUnsupportedMediaType = components['responses']['UnsupportedMediaType'];
export type ResponseInternalError = components['responses']['InternalError'];
export type ResponseUserDeskBusy = components['responses']['UserDeskBusy'];
export type ResponseStoreUnavailable = components['responses']['StoreUnavailable'];
export type ResponseAccessUnavailable = components['responses']['AccessUnavailable'];
export type ResponseSwitchingProtocols = components['responses']['SwitchingProtocols'];
export type ResponseBadHandshake = components['responses']['BadHandshake'];
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
export type ParameterBefore = components['parameters']['Before'];
export type ParameterLimit = components['parameters']['Limit'];
export type ParameterUserId = components['parameters']['UserId'];
export type ParameterUpgrade = components['parameters']['Upgrade'];
export type ParameterSecWebSocketKey = components['parameters']['SecWebSocketKey'];
export type ParameterSecWebSocketVersion = components['parameters']['SecWebSocketVersion'];
export type ParameterSecWebSocketProtocol = components['parameters']['SecWebSocketProtocol'];
export type ParameterIfNoneMatch = components['parameters']['IfNoneMatch'];
export type HeaderETag = components['headers']['ETag'];
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
      /** @description The e-mail address or the username is taken. Choose another; if both are, `email_taken` is told. */
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
      /** @description The e-mail address is unknown or the password is wrong: the same answer, as slow, and a password that no user could have is simply wrong. */
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
         * @description The user's id, percent-encoded. No user has the id `.` or `..`: a token with one of them is refused, since no URL can name it.
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
         * @description The user's id, percent-encoded. No user has the id `.` or `..`: a token with one of them is refused, since no URL can name it.
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
         * @description The `id` of the last frame that was seen: `users_online` has one too. As `Last-Event-ID` in Server-Sent Events.
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
         * @description `palaver.v1`, and `bearer.<token>` where no `Authorization` header can be set. The latter counts without the former too, and is answered no subprotocol then.
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
         * @description The `id` of the last frame that was seen: `users_online` has one too. As `Last-Event-ID` in Server-Sent Events.
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
         * @description `palaver.v1`, and `bearer.<token>` where no `Authorization` header can be set. The latter counts without the former too, and is answered no subprotocol then.
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
  listMessages: {
    parameters: {
      query?: {
        /**
         * @description The page ends before this place in the order, that of a message or any other.
         * @example 0001709546565137-0000000000000004
         */
        before?: components['parameters']['Before'];
        /**
         * @description How many messages a page has at most. 50 if absent.
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
      /** @description A page. Without `before` it is the first of the history. */
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
           *       "before": "0001709546565137-0000000000000004"
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
  page: {
    parameters: {
      query?: never;
      header?: {
        /**
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
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
      /** @description All parts are there. */
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
      /** @description A part is away, or the server is stopping; `detail` says which. Send traffic elsewhere. */
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
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
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
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document, whole, with no reference to another file. */
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
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document, whole, with no reference to another file. */
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
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document, whole, with no reference to another file. */
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
         * @description The `ETag` of what you have already (RFC 9110, 13.1.2).
         * @example "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
         */
        'If-None-Match'?: components['parameters']['IfNoneMatch'];
      };
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document, whole, with no reference to another file. */
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
