// Generated from specs/openapi.yaml by `npm run generate`. Do not edit.
import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Env } from 'hono';
import {
  userIdSchema,
  frameIdSchema,
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
    'Needs no authentication. E-mail and username are each unique: the e-mail after NFKC and lower case, the username as its schema says. Unknown properties are ignored. The password is kept as a scrypt hash only, which is slow on purpose: expect some tenths of a second.',
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
        'The request is not HTTP (`malformed_request`), the body is not JSON in UTF-8 (`malformed_body`) or not what the schema asks for (`invalid_body`; `errors` then lists all that is wrong). Whether a byte order mark before it, or nesting deeper than 100 levels, is taken or malformed is left to the server (RFC 8259, 8.1 and 9).',
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
      description: 'The e-mail address or the username is taken. Choose another; if both are, `email_taken` is told.',
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
        'A body may have 16,384 bytes. A body that says by its `Content-Length` that it is larger is not read: the server asks for none of it (`100 Continue`) and closes the connection behind this answer.',
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
        'The body must be `application/json`, with no charset or with UTF-8, and not compressed. To a `Content-Encoding` other than `identity`, `Accept-Encoding` says so.',
      headers: {
        'Accept-Encoding': {
          description:
            'The content codings that the server takes (RFC 9110, 15.5.16). Absent where another one is not the fault.',
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
        'Too many attempts within a minute from this address, or for this e-mail (20 of each, unless whoever runs the server says otherwise). Each request with a valid body is one, whatever its answer; both operations count their own. How the minute is measured is left to the server: `Retry-After` says when it is over.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
      description: "Too many passwords wait to be hashed, or the user store can't be reached. Try again later.",
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
    'Needs no authentication. The e-mail address is compared as it is unique: after NFKC and lower case. The token, another one each time, opens `/join` until it expires, after 12 hours unless whoever runs the server says otherwise; then the server closes what it opened with 4001, unless it was handed a new one before that (`token_refresh`).',
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
        'The request is not HTTP (`malformed_request`), the body is not JSON in UTF-8 (`malformed_body`) or not what the schema asks for (`invalid_body`; `errors` then lists all that is wrong). Whether a byte order mark before it, or nesting deeper than 100 levels, is taken or malformed is left to the server (RFC 8259, 8.1 and 9).',
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
        'The e-mail address is unknown or the password is wrong: the same answer, as slow, and a password that no user could have is simply wrong.',
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
      description: 'Whoever runs the server has shut this user out.',
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
        'A body may have 16,384 bytes. A body that says by its `Content-Length` that it is larger is not read: the server asks for none of it (`100 Continue`) and closes the connection behind this answer.',
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
        'The body must be `application/json`, with no charset or with UTF-8, and not compressed. To a `Content-Encoding` other than `identity`, `Accept-Encoding` says so.',
      headers: {
        'Accept-Encoding': {
          description:
            'The content codings that the server takes (RFC 9110, 15.5.16). Absent where another one is not the fault.',
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
        'Too many attempts within a minute from this address, or for this e-mail (20 of each, unless whoever runs the server says otherwise). Each request with a valid body is one, whatever its answer; both operations count their own. How the minute is measured is left to the server: `Retry-After` says when it is over.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
      description: "Too many passwords wait to be hashed, or the user store can't be reached. Try again later.",
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
  summary: 'Give a token back',
  description:
    'The token of this request is refused from now on, and the connections that hold it are closed with 4003. Other tokens of the user are good as before. Takes no body.',
  security: [{ bearer: [] }] as Record<string, string[]>[],
  responses: {
    204: {
      description: 'It is so from now on.',
    },
    400: {
      description: 'The request is not HTTP (`malformed_request`), or it has a body (`body_not_allowed`).',
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
      description: 'Whoever runs the server has shut this user out.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
        "The store can't be reached (`store_unavailable`), or the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`). Nothing is promised; try again later.",
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
  summary: 'Shut a user out',
  description:
    "All connections of the user are closed with 4003 at once; its tokens are refused, and it can't log in, until it is enabled. `id` is that of its tokens: a user of an external issuer, or one that was never here, can be disabled too. Takes no body; doing it twice is doing it once.",
  security: [{ admin: [] }] as Record<string, string[]>[],
  request: {
    params: z.object({ id: userIdSchema }),
  },
  responses: {
    204: {
      description: 'It is so from now on.',
    },
    400: {
      description:
        'The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`).',
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
      description: "The store can't be reached. Only a 204 promises anything; try again later.",
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
  summary: 'Let a user in again',
  description:
    "Its tokens are good again as far as they were, and it can log in. Takes no body; doing it twice is doing it once, and one that wasn't disabled stays as it is.",
  security: [{ admin: [] }] as Record<string, string[]>[],
  request: {
    params: z.object({ id: userIdSchema }),
  },
  responses: {
    204: {
      description: 'It is so from now on.',
    },
    400: {
      description:
        'The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), or no user can have this id (`invalid_parameter`).',
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
      description: "The store can't be reached. Only a 204 promises anything; try again later.",
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
  summary: 'Open the chat',
  description:
    "A WebSocket handshake (RFC 6455). The token travels in `Authorization: Bearer …`; a browser, which can't set that\nheader, offers two subprotocols instead, `palaver.v1` and `bearer.<token>`, and is answered `palaver.v1`.\n\nWithout the headers of a handshake every check at the door runs as it would have, and who would have been let in\ngets 426: so a client whose platform hides a refused handshake finds out why.\n\nYou may send frames the moment the connection opens, and the first that you receive is `users_online`. Two\nconnections of one user are two sessions of the same member; nobody sees the second one come or go.\n\nWho comes back after a connection was lost says with `last_event_id` which frame it has seen last. `users_online`\nthen says in `recovered` whether all that was said since follows.",
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
          description: '`palaver.v1` where it was offered; absent otherwise.',
          schema: { const: 'palaver.v1' },
          example: 'palaver.v1',
        },
      },
    },
    400: {
      description:
        "The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), its key, subprotocols or extensions are not what RFC 6455 asks for (`malformed_handshake`), or no frame can have this `last_event_id` (`invalid_parameter`). A key is 16 bytes in base64. Subprotocols are tokens of RFC 9110, at least one where the header is there, none twice; empty elements of the list don't count. All three are looked at where `Upgrade` and `Connection` ask for a WebSocket, whatever its version.",
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
        "The request comes from a page of another origin (its `Origin` header says so) that whoever runs the server has not allowed (`origin_not_allowed`; a client that is no page sends no `Origin`), or the user is shut out (`user_disabled`). An origin is the server's own if its host, in whatever case, and port are those of `Host`; the scheme is not compared, a proxy may have taken TLS away.",
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
        'Another user in the room has this name, or one that looks the same. Come back when it has left. Who is in the room already is not refused: a further connection goes by the name of the first, whatever its token says.',
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
        'You would have been let in. Ask again with the headers of a WebSocket handshake, version 13, on a connection on which no answer is due.',
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
          description: 'The version that is spoken here (RFC 6455, 4.4).',
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
        'This user has as many living sessions in the room as one may have (10, unless whoever runs the server says otherwise). The answer to a handshake may take some seconds: the server first pings the sessions that the user has, and a dead one makes room.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
        "The room can't take anybody in now (`unavailable`), this server has as many sessions as it may have (`server_full`), the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`), or the server is stopping. Try again, perhaps elsewhere.",
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
  summary: 'Open the chat (alias)',
  description: "The same as `GET /join`, with the same headers and no body. Most clients can't send it; use `GET`.",
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
          description: '`palaver.v1` where it was offered; absent otherwise.',
          schema: { const: 'palaver.v1' },
          example: 'palaver.v1',
        },
      },
    },
    400: {
      description:
        "The request is not HTTP (`malformed_request`), it has a body (`body_not_allowed`), its key, subprotocols or extensions are not what RFC 6455 asks for (`malformed_handshake`), or no frame can have this `last_event_id` (`invalid_parameter`). A key is 16 bytes in base64. Subprotocols are tokens of RFC 9110, at least one where the header is there, none twice; empty elements of the list don't count. All three are looked at where `Upgrade` and `Connection` ask for a WebSocket, whatever its version.",
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
        "The request comes from a page of another origin (its `Origin` header says so) that whoever runs the server has not allowed (`origin_not_allowed`; a client that is no page sends no `Origin`), or the user is shut out (`user_disabled`). An origin is the server's own if its host, in whatever case, and port are those of `Host`; the scheme is not compared, a proxy may have taken TLS away.",
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
        'Another user in the room has this name, or one that looks the same. Come back when it has left. Who is in the room already is not refused: a further connection goes by the name of the first, whatever its token says.',
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
        'You would have been let in. Ask again with the headers of a WebSocket handshake, version 13, on a connection on which no answer is due.',
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
          description: 'The version that is spoken here (RFC 6455, 4.4).',
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
        'This user has as many living sessions in the room as one may have (10, unless whoever runs the server says otherwise). The answer to a handshake may take some seconds: the server first pings the sessions that the user has, and a dead one makes room.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
        "The room can't take anybody in now (`unavailable`), this server has as many sessions as it may have (`server_full`), the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`), or the server is stopping. Try again, perhaps elsewhere.",
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

export const listMessagesRoute = createRoute({
  operationId: 'listMessages',
  method: 'get',
  path: '/messages',
  tags: ['Chat'],
  summary: 'What was said before',
  description:
    "A page of the room's history, oldest first: the last messages, or those before a given one. `before` asks for the page before this one; it is absent where nothing comes before, neither a message nor a gap. Nothing is missing between the first and the last of a page but at the places that `gaps` names. Messages are there moments after they were delivered, and as long as whoever runs the server keeps them (30 days, the last 100,000, unless it says otherwise); a server that keeps none lacks this operation. What was delivered before a server that ends in order closed its connections is kept like everything else.",
  security: [{ bearer: [] }, { subprotocol: [] }] as Record<string, string[]>[],
  request: {
    query: z.object({
      before: frameIdSchema.optional(),
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
      description: 'A page. Without `before` it is the first of the history.',
      content: { 'application/json': { schema: messagePageSchema } },
    },
    400: {
      description:
        'The request is not HTTP (`malformed_request`), or a parameter is not what its schema asks for (`invalid_parameter`).',
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
        "No credentials, or of another scheme (`missing_token`: get one at `/login`), or a token that doesn't hold (`invalid_token`: expired, given back, forged, of another issuer, without what `TokenClaims` asks for, or contradicted by a second one). `Bearer` with no token behind it, and a second `Authorization` field, even the same, are `invalid_token` too; the same token in the header and as a subprotocol is one token.",
      headers: {
        'WWW-Authenticate': {
          description:
            'How to authenticate (RFC 6750, 3): `Bearer` alone where nothing was offered, with `error="invalid_token"` where a token was refused.',
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
      description: 'Whoever runs the server has shut this user out.',
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
        'Too many from this user: a page counts as a frame (20 a second and 20 more in a burst, unless whoever runs the server says otherwise).',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A fault of the server. Its log says more.',
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
        "The store can't be reached (`store_unavailable`), or the key of the token is unknown, and its issuer can't be asked for it before `Retry-After` seconds have passed (`issuer_unavailable`). Nothing is promised; try again later.",
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
    'A page for people, and a client like any other: it signs up, logs in (or takes a token, where tokens come from elsewhere) and joins. All that it loads lies beneath `/assets/`.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The page.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'text/html': { schema: z.string() } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'Is the process alive?',
  description: 'Answers as long as the process does.',
  security: [] as Record<string, string[]>[],
  responses: {
    200: {
      description: 'The process answers.',
      content: { 'application/json': { schema: healthSchema } },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'Does it want traffic?',
  description:
    "For load balancers: whether all parts are there. While the user store is away the chat goes on for those who have a token. Where several are away, `code` is that of the first in this order: the server stops, the room's order can't be asked (Redis, where several nodes share it), the store can't be reached, an issuer elsewhere has not given any keys yet, so that nobody can join; `detail` names each of them. While keys are known the server is ready, also when their issuer can't be reached any more.",
  security: [] as Record<string, string[]>[],
  responses: {
    200: {
      description: 'All parts are there.',
      content: { 'application/json': { schema: readinessSchema } },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
      description: 'A part is away, or the server is stopping; `detail` says which. Send traffic elsewhere.',
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
  summary: 'Read the contract',
  description:
    'Both halves of the contract and the guide for client authors, for people. All that the page loads lies beneath `/docs/`.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The page.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'text/html': { schema: z.string() } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'The HTTP half, as JSON',
  description:
    'This document: the operations that this server has. Components and tags that none of them uses may be in it, and `servers` is an example.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The document, whole, with no reference to another file.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/json': { schema: openApiDocumentSchema } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'The HTTP half, as YAML',
  description: 'The same document.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The document, whole, with no reference to another file.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/yaml': { schema: z.string() } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'The WebSocket half, as JSON',
  description: 'The AsyncAPI half of the contract: the frames of the room.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The document, whole, with no reference to another file.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/json': { schema: asyncApiDocumentSchema } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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
  summary: 'The WebSocket half, as YAML',
  description: 'The AsyncAPI half of the contract: the frames of the room.',
  security: [] as Record<string, string[]>[],
  request: {
    headers: z.object({ 'if-none-match': z.string().optional() }),
  },
  responses: {
    200: {
      description: 'The document, whole, with no reference to another file.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
      content: { 'application/yaml': { schema: z.string() } },
    },
    304: {
      description: 'You have it already.',
      headers: {
        ETag: {
          description: 'Names these bytes, strongly (RFC 9110, 8.8.3).',
          required: true,
          schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]+"$' },
          example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
        },
      },
    },
    400: {
      description: 'The request is not HTTP as RFC 9112 has it.',
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
        'The request line and the headers together are too large. The server takes 16,000 bytes or more, and closes the connection behind this answer.',
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

/** The routes by operationId. */
export const routes = {
  createUser: createUserRoute,
  login: loginRoute,
  logout: logoutRoute,
  disableUser: disableUserRoute,
  enableUser: enableUserRoute,
  join: joinRoute,
  joinByPost: joinByPostRoute,
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

/** One handler per operation; each may answer only what the spec declares for it. */
export type Handlers<E extends Env = Env> = { [Id in keyof typeof routes]: RouteHandler<(typeof routes)[Id], E> };

/** Puts the operations on the app that there are handlers for. */
export function mount<E extends Env>(app: OpenAPIHono<E>, handlers: Partial<Handlers<E>>): void {
  if (handlers.createUser) app.openapi(routes.createUser, handlers.createUser);
  if (handlers.login) app.openapi(routes.login, handlers.login);
  if (handlers.logout) app.openapi(routes.logout, handlers.logout);
  if (handlers.disableUser) app.openapi(routes.disableUser, handlers.disableUser);
  if (handlers.enableUser) app.openapi(routes.enableUser, handlers.enableUser);
  if (handlers.join) app.openapi(routes.join, handlers.join);
  if (handlers.joinByPost) app.openapi(routes.joinByPost, handlers.joinByPost);
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
