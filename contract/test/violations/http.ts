import { header, type Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import {
  bodyOf,
  invalidBody,
  json,
  onAnswer,
  onAsk,
  problem,
  type Violation,
  withHeader,
  withJson,
  without,
} from './violation.ts';

const created = (change: Parameters<typeof onAnswer>[3]): (() => Switch) =>
  onAnswer('POST', '/createUser', 201, change);
const notCreated = (change: Parameters<typeof onAnswer>[3]): (() => Switch) =>
  onAnswer('POST', '/createUser', 400, change);
const conflict = (code: string, change: Parameters<typeof onAnswer>[3]): (() => Switch) =>
  onAnswer('POST', '/createUser', 409, (response, request) =>
    response.body.includes(`"${code}"`) ? change(response, request) : undefined,
  );
const loggedIn = (change: Parameters<typeof onAnswer>[3]): (() => Switch) => onAnswer('POST', '/login', 200, change);
const notLoggedIn = (change: Parameters<typeof onAnswer>[3]): (() => Switch) => onAnswer('POST', '/login', 401, change);

/** Whatever the operation, and also where there is none. */
const anywhere =
  (status: number, change: (response: Response) => Response): (() => Switch) =>
  () => ({
    answer: (response) => (response.status === status ? change(response) : undefined),
  });

const user = ({ username, email }: Readonly<Record<string, unknown>>): Response =>
  json(201, { id: '4711', username, email });
const errorsOf = (response: Response, change: (errors: Record<string, unknown>[]) => object[]): Response =>
  withJson(response, (body) =>
    Array.isArray(body.errors) ? { ...body, errors: change(body.errors as Record<string, unknown>[]) } : body,
  );

export const http: readonly Violation[] = [
  {
    name: 'created-is-200',
    breaks: 'who signs up is answered 200',
    caughtBy: 'http.createUser.201',
    plant: created((response) => ({ ...response, status: 200 })),
  },
  {
    name: 'created-with-more',
    breaks: 'the new user is answered with a property that is not declared',
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => ({ ...body, passwordHash: '$scrypt$' }))),
  },
  {
    name: 'created-with-less',
    breaks: 'the new user is answered without its e-mail',
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => without(body, 'email'))),
  },
  {
    name: 'created-with-a-number',
    breaks: "the new user's id is a number",
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => ({ ...body, id: 4 }))),
  },
  {
    name: 'created-as-text',
    breaks: 'the new user is answered as text/plain',
    caughtBy: 'http.createUser.201',
    plant: created((response) => withHeader(response, 'Content-Type', 'text/plain')),
  },
  {
    name: 'created-changed',
    breaks: 'the e-mail is kept in small letters, not as it was sent',
    caughtBy: 'rule.kept-as-sent',
    plant: created((response) => withJson(response, (body) => ({ ...body, email: String(body.email).toLowerCase() }))),
  },
  {
    name: 'minimum-ignored',
    breaks: 'a password that is too short is taken',
    caughtBy: 'http.createUser.400',
    plant: notCreated((_, request) => {
      const { email, username, password } = bodyOf(request);
      return typeof password === 'string' && [...password].length < 8 ? user({ email, username }) : undefined;
    }),
  },
  {
    name: 'pattern-ignored',
    breaks: 'a name with a control character is taken',
    caughtBy: 'http.createUser.400',
    plant: notCreated((_, request) => {
      const { email, username, password } = bodyOf(request);
      const sound = typeof email === 'string' && typeof password === 'string' && typeof username === 'string';
      return sound && username.length <= 64 && /\p{C}|^\s|\s$/u.test(username) ? user({ email, username }) : undefined;
    }),
  },
  {
    name: 'counts-utf16',
    breaks: 'lengths are counted in UTF-16 units, so that a name of 64 emoji is too long',
    caughtBy: 'http.createUser.201',
    plant: created((_, request) =>
      String(bodyOf(request).username).length > 64 ? invalidBody('/username') : undefined,
    ),
  },
  {
    name: 'shortest-refused',
    breaks: 'a name of one character is refused',
    caughtBy: 'http.createUser.201',
    plant: created((_, request) =>
      [...String(bodyOf(request).username)].length === 1 ? invalidBody('/username') : undefined,
    ),
  },
  {
    name: 'body-closed',
    breaks: 'a body with an unknown property is refused',
    caughtBy: 'http.createUser.201',
    plant: created((_, request) => {
      const unknown = Object.keys(bodyOf(request)).find((key) => !['email', 'username', 'password'].includes(key));
      return unknown ? invalidBody(`/${unknown}`) : undefined;
    }),
  },
  {
    name: 'missing-member-fails',
    breaks: 'a body without an e-mail makes the server fail',
    caughtBy: 'http.createUser.400',
    plant: notCreated((response, request) =>
      response.body.includes('invalid_body') && bodyOf(request).email === undefined
        ? problem(500, 'internal_error', 'Internal error')
        : undefined,
    ),
  },
  {
    name: 'pointer-malformed',
    breaks: 'pointers to what is invalid are no JSON pointers',
    caughtBy: 'http.createUser.400',
    plant: notCreated((response) =>
      errorsOf(response, (errors) => errors.map((error) => ({ ...error, pointer: `body.${error.pointer}` }))),
    ),
  },
  {
    name: 'pointer-elsewhere',
    breaks: 'what is invalid is told of another member',
    caughtBy: 'http.createUser.400',
    plant: notCreated((response) =>
      errorsOf(response, (errors) => errors.map((error) => ({ ...error, pointer: '/somewhere' }))),
    ),
  },
  {
    name: 'first-error-only',
    breaks: 'of all that is invalid only the first is told',
    caughtBy: 'rule.all-errors',
    plant: notCreated((response) => errorsOf(response, (errors) => errors.slice(0, 1))),
  },
  {
    name: 'malformed-is-invalid',
    breaks: 'what is no JSON is told as invalid',
    caughtBy: 'http.createUser.400.malformed_body',
    plant: notCreated((response) => (response.body.includes('malformed_body') ? invalidBody('') : undefined)),
  },
  {
    name: 'media-type-ignored',
    breaks: 'JSON is taken under another media type',
    caughtBy: 'http.createUser.415.unsupported_media_type',
    plant: onAsk('/createUser', (request) => withHeader(request, 'Content-Type', 'application/json')),
  },
  {
    name: 'charset-refused',
    breaks: 'JSON that says that it is UTF-8 is refused',
    caughtBy: 'http.login.200',
    plant: onAsk('/login', (request) =>
      /charset/i.test(header(request, 'content-type') ?? '')
        ? problem(415, 'unsupported_media_type', 'Unsupported media type')
        : undefined,
    ),
  },
  {
    name: 'too-large-is-malformed',
    breaks: 'a body that is too large is told as malformed',
    caughtBy: 'http.createUser.413.body_too_large',
    plant: onAnswer('POST', '/createUser', 413, () => problem(400, 'malformed_body', 'Body is not JSON')),
  },
  {
    name: 'email-twice',
    breaks: 'an e-mail can sign up twice',
    caughtBy: 'http.createUser.409.email_taken',
    plant: conflict('email_taken', (_, request) => user(bodyOf(request))),
  },
  {
    name: 'conflict-mixed-up',
    breaks: 'a name that is taken is told as an e-mail that is',
    caughtBy: 'http.createUser.409.username_taken',
    plant: conflict('username_taken', () => problem(409, 'email_taken', 'E-mail taken')),
  },
  {
    name: 'problem-as-json',
    breaks: 'problems are answered as application/json',
    caughtBy: 'http.unmatched.404.not_found',
    plant: anywhere(404, (response) => withHeader(response, 'Content-Type', 'application/json')),
  },
  {
    name: 'problem-code-undeclared',
    breaks: 'a problem has a code that is not declared',
    caughtBy: 'http.createUser.415.unsupported_media_type',
    plant: anywhere(415, (response) => withJson(response, (body) => ({ ...body, code: 'wrong_type' }))),
  },
  {
    name: 'problem-of-another-status',
    breaks: "a problem's status is not the response's",
    caughtBy: 'http.createUser.413.body_too_large',
    plant: anywhere(413, (response) => withJson(response, (body) => ({ ...body, status: 400 }))),
  },
  {
    name: 'problem-with-null',
    breaks: 'an optional member of a problem is null',
    caughtBy: 'http.createUser.409.email_taken',
    plant: conflict('email_taken', (response) => withJson(response, (body) => ({ ...body, detail: null }))),
  },
  {
    name: 'login-is-201',
    breaks: 'who logs in is answered 201',
    caughtBy: 'http.login.200',
    plant: loggedIn((response) => ({ ...response, status: 201 })),
  },
  {
    name: 'login-of-another',
    breaks: 'who logs in is answered another id than at sign-up',
    caughtBy: 'rule.same-user',
    plant: loggedIn((response) => withJson(response, (body) => ({ ...body, id: `${body.id}0` }))),
  },
  {
    name: 'token-opaque',
    breaks: 'the token that is issued is no JSON Web Token',
    caughtBy: 'http.login.200',
    plant: loggedIn((response) =>
      withJson(response, (body) => ({ ...body, token: String(body.token).replaceAll('.', '~') })),
    ),
  },
  {
    name: 'password-ignored',
    breaks: 'a wrong password opens',
    caughtBy: 'http.login.401.invalid_credentials',
    plant: () => {
      const logins = new Map<unknown, Response>();
      return {
        answer: (response, request) => {
          if (request.method !== 'POST' || request.target !== '/login') return undefined;
          const { email } = bodyOf(request);
          if (response.status === 200) logins.set(email, response);
          return response.status === 401 ? logins.get(email) : undefined;
        },
      };
    },
  },
  {
    name: 'login-401-bare',
    breaks: 'wrong credentials are answered without WWW-Authenticate',
    caughtBy: 'http.login.401.invalid_credentials',
    plant: notLoggedIn((response) => withHeader(response, 'WWW-Authenticate', undefined)),
  },
  {
    name: 'login-tells-who-is-there',
    breaks: 'an unknown e-mail is told apart from a wrong password',
    caughtBy: 'rule.same-refusal',
    plant: () => {
      const known = new Set<unknown>();
      return {
        answer: (response, request) => {
          const { email } = bodyOf(request);
          if (response.status === 201) known.add(email);
          if (response.status !== 401 || request.target !== '/login' || known.has(email)) return undefined;
          return withJson(response, (body) => ({ ...body, detail: 'There is no such user.' }));
        },
      };
    },
  },
  {
    name: 'method-is-not-found',
    breaks: 'a method that a path does not have is answered 404',
    caughtBy: 'http.unmatched.405.method_not_allowed',
    plant: anywhere(405, () => problem(404, 'not_found', 'Not found')),
  },
  {
    name: 'method-not-told',
    breaks: 'a method that a path does not have is answered without Allow',
    caughtBy: 'http.unmatched.405.method_not_allowed',
    plant: anywhere(405, (response) => withHeader(response, 'Allow', undefined)),
  },
  {
    name: 'path-unknown-found',
    breaks: 'an unknown path is answered 200',
    caughtBy: 'http.unmatched.404.not_found',
    plant: anywhere(404, () => json(200, {})),
  },
  {
    name: 'garbage-in-plain-text',
    breaks: 'what is no HTTP is answered in plain text',
    caughtBy: 'http.createUser.400.malformed_request',
    plant: () => ({
      answer: (response, { method }) =>
        method === '' ? { ...withHeader(response, 'Content-Type', 'text/plain'), body: 'Bad Request' } : undefined,
    }),
  },
  {
    name: 'health-in-other-words',
    breaks: 'health is told in a word that is not declared',
    caughtBy: 'http.healthz.200',
    plant: onAnswer('GET', '/healthz', 200, (response) => ({ ...response, body: '{"status":"OK"}' })),
  },
  {
    name: 'yaml-as-text',
    breaks: 'a document has a media type that is not declared',
    caughtBy: 'http.asyncapiYaml.200',
    plant: onAnswer('GET', '/asyncapi.yaml', 200, (response) => withHeader(response, 'Content-Type', 'text/plain')),
  },
  {
    name: 'etag-ignored',
    breaks: 'who has a document already is sent it again',
    caughtBy: 'http.openapiJson.304',
    plant: onAsk('/openapi.json', (request) => withHeader(request, 'If-None-Match', undefined)),
  },
  {
    name: 'etag-forgotten',
    breaks: 'who has a document already is not told which',
    caughtBy: 'http.openapiJson.304',
    plant: onAnswer('GET', '/openapi.json', 304, (response) => withHeader(response, 'ETag', undefined)),
  },
];
