// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Env } from 'hono';
import {
  userIdSchema,
  frameIdSchema,
  chatMessageSchema,
  publishRequestSchema,
  createUserRequestSchema,
  loginRequestSchema,
  userSchema,
  loginSchema,
  messagePageSchema,
  healthSchema,
  readinessSchema,
  openApiDocumentSchema,
  asyncApiDocumentSchema,
  problemSchema,
} from './schemas.ts';

export const createUserRoute = createRoute({
  operationId: 'createUser',
  method: 'post',
  path: '/createUser',
  tags: ['Users'],
  summary: 'Create a user',
  description:
    'Needs no authentication. The e-mail address and the username must each be unique: the e-mail address after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The server stores only an scrypt hash of the password. Hashing is slow on purpose: expect some tenths of a second.',
  security: [] as Record<string, string[]>[],
  request: {
    body: { required: true, content: { 'application/json': { schema: createUserRequestSchema } } },
  },
  responses: {
    201: {
      description: 'The user was created.',
      content: { 'application/json': { schema: userSchema } },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `malformed_body`: the body is not JSON in UTF-8.\n- `invalid_body`: the body does not match the schema. `errors` lists every fault.\n\nEach server decides whether it accepts a byte order mark before the body, and nesting deeper than 100 levels\n(RFC 8259, 8.1 and 9).\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'malformed_body', 'invalid_body']),
          }),
        },
      },
    },
    409: {
      description:
        'The e-mail address or the username is taken. Choose another. If both are taken, the code is `email_taken`.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(409),
            code: z.enum(['email_taken', 'username_taken']),
          }),
        },
      },
    },
    413: {
      description:
        'A body may have 16,384 bytes. The server does not read a body whose `Content-Length` is larger: it sends no `100 Continue`, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(413),
            code: z.literal('body_too_large'),
          }),
        },
      },
    },
    415: {
      description:
        'The body must be `application/json`, without a charset or with UTF-8, and not compressed. After a `Content-Encoding` other than `identity`, `Accept-Encoding` says so.',
      headers: {
        'Accept-Encoding': {
          description:
            'The content coding that the server accepts (RFC 9110, 15.5.16). Absent if the coding is not the fault.',
          schema: { const: 'identity' },
          example: 'identity',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(415),
            code: z.literal('unsupported_media_type'),
          }),
        },
      },
    },
    429: {
      description:
        'Too many attempts within a minute from this address or for this e-mail address, by default 20 of each. Every request with a valid body counts, whatever its answer. Each operation has its own count. Each server decides how it measures the minute: `Retry-After` says when it is over.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('too_many_attempts'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        'Too many passwords wait for their hash (`overloaded`), or the user store is unavailable (`store_unavailable`). Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['overloaded', 'store_unavailable']),
          }),
        },
      },
    },
  },
});

export const loginRoute = createRoute({
  operationId: 'login',
  method: 'post',
  path: '/login',
  tags: ['Users'],
  summary: 'Log in',
  description:
    'Needs no authentication. E-mail addresses are compared after NFKC and lower case. Every login returns a new token. It opens `/join` until it expires, by default after 12 hours. The server then closes its connections with 4001, unless they have received a new token (`token_refresh`).',
  security: [] as Record<string, string[]>[],
  request: {
    body: { required: true, content: { 'application/json': { schema: loginRequestSchema } } },
  },
  responses: {
    200: {
      description: 'A token for this user.',
      content: { 'application/json': { schema: loginSchema } },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `malformed_body`: the body is not JSON in UTF-8.\n- `invalid_body`: the body does not match the schema. `errors` lists every fault.\n\nEach server decides whether it accepts a byte order mark before the body, and nesting deeper than 100 levels\n(RFC 8259, 8.1 and 9).\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'malformed_body', 'invalid_body']),
          }),
        },
      },
    },
    401: {
      description:
        'The e-mail address is unknown or the password is wrong. Both get the same answer, after the same time. A password that no user could have counts as wrong.',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.literal('invalid_credentials'),
          }),
        },
      },
    },
    403: {
      description: 'The operator has disabled this user.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.literal('user_disabled'),
          }),
        },
      },
    },
    413: {
      description:
        'A body may have 16,384 bytes. The server does not read a body whose `Content-Length` is larger: it sends no `100 Continue`, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(413),
            code: z.literal('body_too_large'),
          }),
        },
      },
    },
    415: {
      description:
        'The body must be `application/json`, without a charset or with UTF-8, and not compressed. After a `Content-Encoding` other than `identity`, `Accept-Encoding` says so.',
      headers: {
        'Accept-Encoding': {
          description:
            'The content coding that the server accepts (RFC 9110, 15.5.16). Absent if the coding is not the fault.',
          schema: { const: 'identity' },
          example: 'identity',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(415),
            code: z.literal('unsupported_media_type'),
          }),
        },
      },
    },
    429: {
      description:
        'Too many attempts within a minute from this address or for this e-mail address, by default 20 of each. Every request with a valid body counts, whatever its answer. Each operation has its own count. Each server decides how it measures the minute: `Retry-After` says when it is over.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('too_many_attempts'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        'Too many passwords wait for their hash (`overloaded`), or the user store is unavailable (`store_unavailable`). Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['overloaded', 'store_unavailable']),
          }),
        },
      },
    },
  },
});

export const logoutRoute = createRoute({
  operationId: 'logout',
  method: 'post',
  path: '/logout',
  tags: ['Access'],
  summary: 'Log out',
  description:
    'Revokes the token of this request. The server refuses it from now on, and closes the connections that hold it with 4003. Other tokens of the user stay valid. Takes no body.',
  security: [{ bearer: [] }] as Record<string, string[]>[],
  responses: {
    204: {
      description: 'Done. The change applies from now on.',
    },
    400: {
      description: 'The request is not valid HTTP (`malformed_request`), or it has a body (`body_not_allowed`).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description: 'The operator has disabled this user.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.literal('user_disabled'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        'The store is unavailable (`store_unavailable`). With `issuer_unavailable`, the key of the token is unknown, and its issuer cannot be asked for it until `Retry-After` seconds have passed. The request may have had no effect. Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['store_unavailable', 'issuer_unavailable']),
          }),
        },
      },
    },
  },
});

export const disableUserRoute = createRoute({
  operationId: 'disableUser',
  method: 'post',
  path: '/admin/users/{id}/disable',
  tags: ['Access'],
  summary: 'Disable a user',
  description:
    "Closes all connections of the user with 4003 at once. Until the user is enabled again, the server refuses the user's tokens and logins. `id` is the one in the user's tokens, so you can also disable a user of an external identity provider, or one that has never connected. Takes no body. Repeating the request changes nothing.",
  security: [{ admin: [] }] as Record<string, string[]>[],
  request: {
    params: z.object({ id: userIdSchema }),
  },
  responses: {
    204: {
      description: 'Done. The change applies from now on.',
    },
    400: {
      description:
        'The request is not valid HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description: 'The store is unavailable. Only a 204 guarantees that the change was made. Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.literal('store_unavailable'),
          }),
        },
      },
    },
  },
});

export const enableUserRoute = createRoute({
  operationId: 'enableUser',
  method: 'post',
  path: '/admin/users/{id}/enable',
  tags: ['Access'],
  summary: 'Enable a user',
  description:
    "Accepts the user's tokens again, as far as they are still valid, and lets the user log in. Takes no body. Repeating the request changes nothing, and neither does enabling a user that isn't disabled.",
  security: [{ admin: [] }] as Record<string, string[]>[],
  request: {
    params: z.object({ id: userIdSchema }),
  },
  responses: {
    204: {
      description: 'Done. The change applies from now on.',
    },
    400: {
      description:
        'The request is not valid HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description: 'The store is unavailable. Only a 204 guarantees that the change was made. Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.literal('store_unavailable'),
          }),
        },
      },
    },
  },
});

export const joinRoute = createRoute({
  operationId: 'join',
  method: 'get',
  path: '/join',
  tags: ['Chat'],
  summary: 'Join the room',
  description:
    'A WebSocket handshake (RFC 6455). Send the token in `Authorization: Bearer …`. A browser cannot set that header:\nit offers two subprotocols instead, `palaver.v1` and `bearer.<token>`, and the server selects `palaver.v1`.\n\nWithout the headers of a handshake the server runs the same checks, and answers 426 if it would have accepted\nthe handshake. So a client whose platform hides a refused handshake can find out why.\n\nYou may send frames as soon as the connection is open. The first frame that you receive is `users_online`. Two\nconnections of one user are two sessions of the same member: nobody sees the second one join or leave.\n\nTo resume after a lost connection, set `last_event_id` to the `id` of the last frame that you have seen.\n`recovered` in `users_online` then says whether all messages since then follow.',
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    query: z.object({ last_event_id: frameIdSchema.optional() }),
    headers: z.object({
      upgrade: z.string().optional(),
      'sec-websocket-key': z.string().optional(),
      'sec-websocket-version': z.string().optional(),
      'sec-websocket-protocol': z.string().optional(),
    }),
  },
  responses: {
    101: {
      description: 'The connection is a WebSocket now. The first frame is `users_online`.',
      headers: {
        Upgrade: {
          description: 'The protocol to switch to (RFC 9110, 7.8).',
          required: true,
          schema: { const: 'websocket' },
          example: 'websocket',
        },
        Connection: {
          description: 'Names `Upgrade` as a header of this connection.',
          required: true,
          schema: { type: 'string', pattern: '[Uu]pgrade' },
          example: 'Upgrade',
        },
        'Sec-WebSocket-Accept': {
          description: 'The answer to `Sec-WebSocket-Key` (RFC 6455, 4.2.2).',
          required: true,
          schema: { type: 'string', minLength: 1 },
          example: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
        },
        'Sec-WebSocket-Protocol': {
          description: '`palaver.v1` if the client offered it, otherwise absent.',
          schema: { const: 'palaver.v1' },
          example: 'palaver.v1',
        },
      },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `body_not_allowed`: the request has a body.\n- `malformed_handshake`: its key, subprotocols or extensions are not what RFC 6455 asks for.\n- `invalid_parameter`: no frame can have this `last_event_id`.\n\nA key is 16 bytes in base64. Subprotocols are tokens of RFC 9110: at least one if the header is present, and\nnone twice. Empty list elements are ignored. The server checks all three if `Upgrade` and `Connection` ask for\na WebSocket, whatever its version.\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed', 'malformed_handshake', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description:
        "The request comes from a page of another origin that the operator has not allowed (`origin_not_allowed`), or the user is disabled (`user_disabled`). The `Origin` header names the origin; a client that is not a page sends none. The origin is the server's own if its host and port are those of `Host`, whatever their case. The scheme is not compared, because a proxy may terminate TLS.",
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.enum(['origin_not_allowed', 'user_disabled']),
          }),
        },
      },
    },
    409: {
      description:
        'Another user in the room has this name, or one that looks the same. Try again when that user has left. A user who is in the room already is not refused: a further connection keeps the name of the first, whatever its token says.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(409),
            code: z.literal('name_in_use'),
          }),
        },
      },
    },
    426: {
      description:
        'The server would have accepted the handshake. Repeat the request with the headers of a WebSocket handshake, version 13, on a connection with no answer pending.',
      headers: {
        Upgrade: {
          description: 'The protocol to switch to (RFC 9110, 7.8).',
          required: true,
          schema: { const: 'websocket' },
          example: 'websocket',
        },
        Connection: {
          description: 'Names `Upgrade` as a header of this connection.',
          required: true,
          schema: { type: 'string', pattern: '[Uu]pgrade' },
          example: 'Upgrade',
        },
        'Sec-WebSocket-Version': {
          description: 'The WebSocket version of the server (RFC 6455, 4.4).',
          required: true,
          schema: { const: '13' },
          example: '13',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(426),
            code: z.literal('upgrade_required'),
          }),
        },
      },
    },
    429: {
      description:
        'This user has the maximum number of live sessions in the room, by default 10. The answer to a handshake may take some seconds: the server first pings the sessions of the user, and removes dead ones.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('too_many_sessions'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        '- `unavailable`: the room is unavailable.\n- `server_full`: the server has its maximum number of sessions.\n- `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until\n  `Retry-After` seconds have passed.\n- `shutting_down`: the server is stopping.\n\nTry again, perhaps elsewhere.\n',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['unavailable', 'server_full', 'issuer_unavailable', 'shutting_down']),
          }),
        },
      },
    },
  },
});

export const joinByPostRoute = createRoute({
  operationId: 'joinByPost',
  method: 'post',
  path: '/join',
  tags: ['Chat'],
  summary: 'Join the room (alias)',
  description:
    'The same as `GET /join`, with the same headers and no body. Most clients cannot send a handshake as `POST`: use `GET`.',
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    query: z.object({ last_event_id: frameIdSchema.optional() }),
    headers: z.object({
      upgrade: z.string().optional(),
      'sec-websocket-key': z.string().optional(),
      'sec-websocket-version': z.string().optional(),
      'sec-websocket-protocol': z.string().optional(),
    }),
  },
  responses: {
    101: {
      description: 'The connection is a WebSocket now. The first frame is `users_online`.',
      headers: {
        Upgrade: {
          description: 'The protocol to switch to (RFC 9110, 7.8).',
          required: true,
          schema: { const: 'websocket' },
          example: 'websocket',
        },
        Connection: {
          description: 'Names `Upgrade` as a header of this connection.',
          required: true,
          schema: { type: 'string', pattern: '[Uu]pgrade' },
          example: 'Upgrade',
        },
        'Sec-WebSocket-Accept': {
          description: 'The answer to `Sec-WebSocket-Key` (RFC 6455, 4.2.2).',
          required: true,
          schema: { type: 'string', minLength: 1 },
          example: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
        },
        'Sec-WebSocket-Protocol': {
          description: '`palaver.v1` if the client offered it, otherwise absent.',
          schema: { const: 'palaver.v1' },
          example: 'palaver.v1',
        },
      },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `body_not_allowed`: the request has a body.\n- `malformed_handshake`: its key, subprotocols or extensions are not what RFC 6455 asks for.\n- `invalid_parameter`: no frame can have this `last_event_id`.\n\nA key is 16 bytes in base64. Subprotocols are tokens of RFC 9110: at least one if the header is present, and\nnone twice. Empty list elements are ignored. The server checks all three if `Upgrade` and `Connection` ask for\na WebSocket, whatever its version.\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed', 'malformed_handshake', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description:
        "The request comes from a page of another origin that the operator has not allowed (`origin_not_allowed`), or the user is disabled (`user_disabled`). The `Origin` header names the origin; a client that is not a page sends none. The origin is the server's own if its host and port are those of `Host`, whatever their case. The scheme is not compared, because a proxy may terminate TLS.",
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.enum(['origin_not_allowed', 'user_disabled']),
          }),
        },
      },
    },
    409: {
      description:
        'Another user in the room has this name, or one that looks the same. Try again when that user has left. A user who is in the room already is not refused: a further connection keeps the name of the first, whatever its token says.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(409),
            code: z.literal('name_in_use'),
          }),
        },
      },
    },
    426: {
      description:
        'The server would have accepted the handshake. Repeat the request with the headers of a WebSocket handshake, version 13, on a connection with no answer pending.',
      headers: {
        Upgrade: {
          description: 'The protocol to switch to (RFC 9110, 7.8).',
          required: true,
          schema: { const: 'websocket' },
          example: 'websocket',
        },
        Connection: {
          description: 'Names `Upgrade` as a header of this connection.',
          required: true,
          schema: { type: 'string', pattern: '[Uu]pgrade' },
          example: 'Upgrade',
        },
        'Sec-WebSocket-Version': {
          description: 'The WebSocket version of the server (RFC 6455, 4.4).',
          required: true,
          schema: { const: '13' },
          example: '13',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(426),
            code: z.literal('upgrade_required'),
          }),
        },
      },
    },
    429: {
      description:
        'This user has the maximum number of live sessions in the room, by default 10. The answer to a handshake may take some seconds: the server first pings the sessions of the user, and removes dead ones.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('too_many_sessions'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        '- `unavailable`: the room is unavailable.\n- `server_full`: the server has its maximum number of sessions.\n- `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until\n  `Retry-After` seconds have passed.\n- `shutting_down`: the server is stopping.\n\nTry again, perhaps elsewhere.\n',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['unavailable', 'server_full', 'issuer_unavailable', 'shutting_down']),
          }),
        },
      },
    },
  },
});

export const eventsRoute = createRoute({
  operationId: 'events',
  method: 'get',
  path: '/events',
  tags: ['Chat'],
  summary: 'Read the room as a stream of events',
  description:
    'Joins the room like `GET /join`, for reading only. The answer is a stream of Server-Sent Events (WHATWG HTML,\n9.2). The user appears in the roster, under the same limits, and the session ends for the same reasons. To send\nmessages, use `POST /messages`.\n\nEach event is one frame: `event` is its type, `id` its id, and `data` its JSON on one line. `users_online` comes\nfirst, then every frame of the stream in order. [The WebSocket reference](docs/websocket) describes them. Read\nthe answer with a parser of Server-Sent Events. Comment lines (`:`) keep the connection open, one in 30 seconds\nby default.\n\nTo resume after a lost connection, send the last `id` in `Last-Event-ID` or `last_event_id`, as on `/join`. If\n`recovered` in `users_online` is true, that event has no `id` line, and the missed messages follow it. So the\nlast `id` line is always that of the last frame that you have read.\n\nWhen the server ends the session, the last event is `close`, with the close code and its name:\n`{"code":4001,"reason":"token_expired"}`. The codes are those of the WebSocket: 1001, 1011, 1012, 1013, 4001 and\n4003. To leave, close the connection. HTTP can\'t tell leaving from a cut, so you stay in the room for ten more\nseconds by default. The server ignores bytes that you send behind the request, and cuts the connection after\n65,536 of them.\n\n`HEAD` runs the same checks and joins nobody. A browser\'s `EventSource` cannot send a token: read the stream\nwith `fetch`.',
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    query: z.object({ last_event_id: frameIdSchema.optional() }),
    headers: z.object({ 'last-event-id': frameIdSchema.optional() }),
  },
  responses: {
    200: {
      description:
        'The stream. It ends when either side closes the connection. While an answer is pending on the connection, the server opens no stream on it, and answers 503 `unavailable`.',
      headers: {
        'Cache-Control': {
          description: 'Nothing on the way may keep the answer (RFC 9111, 5.2.2.5).',
          required: true,
          schema: { const: 'no-store' },
          example: 'no-store',
        },
        'X-Accel-Buffering': {
          description: 'Asks nginx to pass every event on at once.',
          required: true,
          schema: { const: 'no' },
          example: 'no',
        },
      },
      content: { 'text/event-stream': { schema: z.string() } },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `body_not_allowed`: the request has a body.\n- `invalid_parameter`: no frame can have this `last_event_id`, or this `Last-Event-ID`.\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'body_not_allowed', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description:
        "The request comes from a page of another origin that the operator has not allowed (`origin_not_allowed`), or the user is disabled (`user_disabled`). The `Origin` header names the origin; a client that is not a page sends none. The origin is the server's own if its host and port are those of `Host`, whatever their case. The scheme is not compared, because a proxy may terminate TLS.",
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.enum(['origin_not_allowed', 'user_disabled']),
          }),
        },
      },
    },
    409: {
      description:
        'Another user in the room has this name, or one that looks the same. Try again when that user has left. A user who is in the room already is not refused: a further connection keeps the name of the first, whatever its token says.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(409),
            code: z.literal('name_in_use'),
          }),
        },
      },
    },
    429: {
      description:
        'This user has the maximum number of live sessions in the room, by default 10. The answer to a handshake may take some seconds: the server first pings the sessions of the user, and removes dead ones.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('too_many_sessions'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        '- `unavailable`: the room is unavailable.\n- `server_full`: the server has its maximum number of sessions.\n- `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until\n  `Retry-After` seconds have passed.\n- `shutting_down`: the server is stopping.\n\nTry again, perhaps elsewhere.\n',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['unavailable', 'server_full', 'issuer_unavailable', 'shutting_down']),
          }),
        },
      },
    },
  },
});

export const publishRoute = createRoute({
  operationId: 'publish',
  method: 'post',
  path: '/messages',
  tags: ['Chat'],
  summary: 'Publish a message',
  description:
    "Publishes a message to the room, as a `chat_message` over the WebSocket does. The sender does not have to be in\nthe room, and does not join it. The answer is the frame that everyone receives: 201 means that the message has\nits place in the stream. `from_user` is the name that the user has in the room, or that of the token if the user\nhas not joined.\n\nWith a `nonce` you can send the message again if no answer came. Within five minutes a user's nonce is published\nonce, over HTTP and WebSocket together. A repeat is answered with 200 and the frame of the first one.",
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    body: { required: true, content: { 'application/json': { schema: publishRequestSchema } } },
  },
  responses: {
    200: {
      description: 'The user has published a message with this nonce before. It is not published again.',
      content: { 'application/json': { schema: chatMessageSchema } },
    },
    201: {
      description: 'The message was published.',
      content: { 'application/json': { schema: chatMessageSchema } },
    },
    400: {
      description:
        '- `malformed_request`: the request is not valid HTTP.\n- `malformed_body`: the body is not JSON in UTF-8.\n- `invalid_body`: the body does not match the schema. `errors` lists every fault.\n\nEach server decides whether it accepts a byte order mark before the body, and nesting deeper than 100 levels\n(RFC 8259, 8.1 and 9).\n',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'malformed_body', 'invalid_body']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description: 'The operator has disabled this user.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.literal('user_disabled'),
          }),
        },
      },
    },
    409: {
      description:
        'Another user in the room has this name, or one that looks the same. Try again when that user has left. A user who is in the room already is not refused: a further connection keeps the name of the first, whatever its token says.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(409),
            code: z.literal('name_in_use'),
          }),
        },
      },
    },
    413: {
      description:
        'A body may have 65,536 bytes. The server does not read a body whose `Content-Length` is larger: it sends no `100 Continue`, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(413),
            code: z.literal('body_too_large'),
          }),
        },
      },
    },
    415: {
      description:
        'The body must be `application/json`, without a charset or with UTF-8, and not compressed. After a `Content-Encoding` other than `identity`, `Accept-Encoding` says so.',
      headers: {
        'Accept-Encoding': {
          description:
            'The content coding that the server accepts (RFC 9110, 15.5.16). Absent if the coding is not the fault.',
          schema: { const: 'identity' },
          example: 'identity',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(415),
            code: z.literal('unsupported_media_type'),
          }),
        },
      },
    },
    429: {
      description:
        'This user sends too many requests. A page counts as a frame, and so does a message: by default 20 a second are allowed, and 20 more in a burst.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('rate_limited'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        '- `unavailable`: the room is unavailable. The message may have been published all the same: send it again with\n  its nonce, and it is published once.\n- `issuer_unavailable`: the key of the token is unknown, and its issuer cannot be asked for it until\n  `Retry-After` seconds have passed.\n\nTry again later.\n',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['unavailable', 'issuer_unavailable']),
          }),
        },
      },
    },
  },
});

export const listMessagesRoute = createRoute({
  operationId: 'listMessages',
  method: 'get',
  path: '/messages',
  tags: ['Chat'],
  summary: 'Read the message history',
  description:
    'Returns a page of the message history, oldest first. Without a position it has the last messages. With `before`\nit has the last ones before that position, and with `after` the first ones after it.\n\n`before` in the answer asks for the page before this one. It is absent if nothing comes before, neither a\nmessage nor a gap, and where the request had `after`. `after` in the answer asks for the page after this one. It\nis there only if the request had `after`, and only while something follows, a message or a gap. Between the first\nand the last message of a page nothing is missing, except where `gaps` says so. The same holds between the `after`\nof the request and the first message.\n\n`as_of` is the position in the stream at which the page is correct: later messages are not in it. A client\nwithout a connection can poll. It reads pages with `after` while the answer has one, and goes on with `after` =\n`as_of` the next time. It then gets every message once, if it polls before the server removes old messages.\n`as_of` is never before the `after` of the request, so a client may poll several nodes in turn. `as_of` is absent\nwhile the stream is unavailable: then go on with the `id` of the last message that you have read.\n\nA message appears moments after its delivery. By default the server keeps messages for 30 days, and at most the\nlast 100,000. A server that keeps none lacks this operation. Messages that were delivered before an orderly\nshutdown are stored like all others.',
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    query: z.object({
      before: frameIdSchema.optional(),
      after: frameIdSchema.optional(),
      limit: z
        .string()
        .regex(/^-?\d+(\.\d+)?$/, { error: 'must be a whole number' })
        .transform(Number)
        .pipe(z.number().int().min(1).max(100))
        .optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page.',
      content: { 'application/json': { schema: messagePageSchema } },
    },
    400: {
      description:
        'The request is not valid HTTP (`malformed_request`), or a parameter does not match its schema (`invalid_parameter`). `before` and `after` together are an `invalid_parameter`, too.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.enum(['malformed_request', 'invalid_parameter']),
          }),
        },
      },
    },
    401: {
      description:
        '- `missing_token`: the request has no token, or credentials of another scheme. Get a token at `/login`.\n- `invalid_token`: the token has expired, was revoked, is forged or from another issuer, lacks a claim that\n  `TokenClaims` requires, or is contradicted by a second token.\n\n`Bearer` without a token is `invalid_token` too, and so is a second `Authorization` header, even with the same\nvalue. The same token in the header and as a subprotocol is one token.\n',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3). `Bearer` alone if the request had no token, with `error="invalid_token"` if its token was refused.',
          required: true,
          schema: { type: 'string', pattern: '^Bearer( error="invalid_token")?$' },
          example: 'Bearer',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(401),
            code: z.enum(['missing_token', 'invalid_token']),
          }),
        },
      },
    },
    403: {
      description: 'The operator has disabled this user.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(403),
            code: z.literal('user_disabled'),
          }),
        },
      },
    },
    429: {
      description:
        'This user sends too many requests. A page counts as a frame, and so does a message: by default 20 a second are allowed, and 20 more in a burst.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(429),
            code: z.literal('rate_limited'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    500: {
      description: 'An error in the server. Its log says more.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(500),
            code: z.literal('internal_error'),
          }),
        },
      },
    },
    503: {
      description:
        'The store is unavailable (`store_unavailable`). With `issuer_unavailable`, the key of the token is unknown, and its issuer cannot be asked for it until `Retry-After` seconds have passed. The request may have had no effect. Try again later.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['store_unavailable', 'issuer_unavailable']),
          }),
        },
      },
    },
  },
});

export const pageRoute = createRoute({
  operationId: 'page',
  method: 'get',
  path: '/',
  tags: ['Chat'],
  summary: 'Chat in a browser',
  description:
    'The chat page, a client like any other. It creates users, logs in (or takes a token from an external identity provider) and joins the room. Everything that it loads is under `/assets/`.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The page.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'text/html': { schema: z.string() } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const healthzRoute = createRoute({
  operationId: 'healthz',
  method: 'get',
  path: '/healthz',
  tags: ['Operations'],
  summary: 'Check that the process is alive',
  description: 'Answers as long as the process runs.',
  security: [] as Record<string, string[]>[],
  responses: {
    200: {
      description: 'The process answers.',
      content: { 'application/json': { schema: healthSchema } },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const readyzRoute = createRoute({
  operationId: 'readyz',
  method: 'get',
  path: '/readyz',
  tags: ['Operations'],
  summary: 'Check that the server is ready',
  description:
    "For load balancers: says whether all parts are available. While the user store is unavailable, the chat goes on\nfor everyone who has a token. If several parts are unavailable, `detail` names each of them, and `code` is the\nfirst in this order:\n\n1. `shutting_down`: the server is stopping.\n2. `unavailable`: the room's stream is unavailable (Redis, where several nodes share it).\n3. `store_unavailable`: the store is unavailable.\n4. `issuer_unavailable`: the external issuer has not returned any keys yet, so nobody can join.\n\nOnce the server has keys, it stays ready even while their issuer is unavailable.",
  security: [] as Record<string, string[]>[],
  responses: {
    200: {
      description: 'All parts are available.',
      content: { 'application/json': { schema: readinessSchema } },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
    503: {
      description: 'A part is unavailable, or the server is stopping. `detail` says which. Send traffic elsewhere.',
      headers: {
        'Retry-After': {
          description: 'Seconds to wait before the next try (RFC 9110, 10.2.3).',
          required: true,
          schema: { type: 'string', pattern: '^[0-9]+$' },
          example: '1',
        },
      },
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(503),
            code: z.enum(['store_unavailable', 'unavailable', 'shutting_down', 'issuer_unavailable']),
          }),
        },
      },
    },
  },
});

export const docsRoute = createRoute({
  operationId: 'docs',
  method: 'get',
  path: '/docs',
  tags: ['Contract'],
  summary: 'Read the documentation',
  description:
    'The documentation: guides, and a reference for HTTP and for the WebSocket. Everything that its pages load is under `/docs/`.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The page.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'text/html': { schema: z.string() } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const openapiJsonRoute = createRoute({
  operationId: 'openapiJson',
  method: 'get',
  path: '/openapi.json',
  tags: ['Contract'],
  summary: 'Get the OpenAPI document as JSON',
  description:
    'This document, with the operations that this server has. It may contain components and tags that none of them uses, and `servers` is an example.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The complete document, without references to other files.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/json': { schema: openApiDocumentSchema } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const openapiYamlRoute = createRoute({
  operationId: 'openapiYaml',
  method: 'get',
  path: '/openapi.yaml',
  tags: ['Contract'],
  summary: 'Get the OpenAPI document as YAML',
  description: 'The same document as `/openapi.json`.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The complete document, without references to other files.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/yaml': { schema: z.string() } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const asyncapiJsonRoute = createRoute({
  operationId: 'asyncapiJson',
  method: 'get',
  path: '/asyncapi.json',
  tags: ['Contract'],
  summary: 'Get the AsyncAPI document as JSON',
  description: 'The AsyncAPI document: the frames that travel over the WebSocket.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The complete document, without references to other files.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/json': { schema: asyncApiDocumentSchema } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

export const asyncapiYamlRoute = createRoute({
  operationId: 'asyncapiYaml',
  method: 'get',
  path: '/asyncapi.yaml',
  tags: ['Contract'],
  summary: 'Get the AsyncAPI document as YAML',
  description: 'The AsyncAPI document: the frames that travel over the WebSocket.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The complete document, without references to other files.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/yaml': { schema: z.string() } },
    },
    304: {
      description: 'Your copy is current.',
      headers: {
        ETag: {
          description: 'Identifies exactly these bytes: a strong validator (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not valid HTTP (RFC 9112).',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(400),
            code: z.literal('malformed_request'),
          }),
        },
      },
    },
    431: {
      description:
        'The request line and the headers together are too large. The server accepts at least 16,000 bytes, and closes the connection after this answer.',
      content: {
        'application/problem+json': {
          schema: problemSchema.extend({
            status: z.literal(431),
            code: z.literal('head_too_large'),
          }),
        },
      },
    },
  },
});

/** Routes by operationId. */
export const routes = {
  createUser: createUserRoute,
  login: loginRoute,
  logout: logoutRoute,
  disableUser: disableUserRoute,
  enableUser: enableUserRoute,
  join: joinRoute,
  joinByPost: joinByPostRoute,
  events: eventsRoute,
  publish: publishRoute,
  listMessages: listMessagesRoute,
  page: pageRoute,
  healthz: healthzRoute,
  readyz: readyzRoute,
  docs: docsRoute,
  openapiJson: openapiJsonRoute,
  openapiYaml: openapiYamlRoute,
  asyncapiJson: asyncapiJsonRoute,
  asyncapiYaml: asyncapiYamlRoute,
};

/** One handler per operation. Each may return only responses that the spec declares. */
export type Handlers<E extends Env = Env> = { [Id in keyof typeof routes]: RouteHandler<(typeof routes)[Id], E> };

/** Adds each operation that has a handler to the app. */
export function mount<E extends Env>(app: OpenAPIHono<E>, handlers: Partial<Handlers<E>>): void {
  if (handlers.createUser) app.openapi(routes.createUser, handlers.createUser);
  if (handlers.login) app.openapi(routes.login, handlers.login);
  if (handlers.logout) app.openapi(routes.logout, handlers.logout);
  if (handlers.disableUser) app.openapi(routes.disableUser, handlers.disableUser);
  if (handlers.enableUser) app.openapi(routes.enableUser, handlers.enableUser);
  if (handlers.join) app.openapi(routes.join, handlers.join);
  if (handlers.joinByPost) app.openapi(routes.joinByPost, handlers.joinByPost);
  if (handlers.events) app.openapi(routes.events, handlers.events);
  if (handlers.publish) app.openapi(routes.publish, handlers.publish);
  if (handlers.listMessages) app.openapi(routes.listMessages, handlers.listMessages);
  if (handlers.page) app.openapi(routes.page, handlers.page);
  if (handlers.healthz) app.openapi(routes.healthz, handlers.healthz);
  if (handlers.readyz) app.openapi(routes.readyz, handlers.readyz);
  if (handlers.docs) app.openapi(routes.docs, handlers.docs);
  if (handlers.openapiJson) app.openapi(routes.openapiJson, handlers.openapiJson);
  if (handlers.openapiYaml) app.openapi(routes.openapiYaml, handlers.openapiYaml);
  if (handlers.asyncapiJson) app.openapi(routes.asyncapiJson, handlers.asyncapiJson);
  if (handlers.asyncapiYaml) app.openapi(routes.asyncapiYaml, handlers.asyncapiYaml);
}
