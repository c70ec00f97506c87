import { header, type Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import {
  bodyOf,
  type Change,
  invalidBody,
  json,
  onAnswer,
  onAsk,
  problem,
  tokenFor,
  type Violation,
  withHeader,
  withJson,
  without,
} from './violation.ts';

const created = (change: Change): (() => Switch) => onAnswer('POST', '/createUser', 201, change);
const notCreated = (change: Change): (() => Switch) => onAnswer('POST', '/createUser', 400, change);
/** Changes the response to a valid sign-up, created or taken. */
const read = (change: Change): (() => Switch) => onAnswer('POST', '/createUser', [201, 409], change);
const conflict = (code: string, change: Change): (() => Switch) =>
  onAnswer('POST', '/createUser', 409, (response, request) =>
    response.body.includes(`"${code}"`) ? change(response, request) : undefined,
  );
const loggedIn = (change: Change): (() => Switch) => onAnswer('POST', '/login', 200, change);
const notLoggedIn = (change: Change): (() => Switch) => onAnswer('POST', '/login', 401, change);

const user = ({ username, email }: Readonly<Record<string, unknown>>): Response =>
  json(201, { id: '4711', username, email });
const errorsOf = (response: Response, change: (errors: Record<string, unknown>[]) => object[]): Response =>
  withJson(response, (body) =>
    Array.isArray(body.errors) ? { ...body, errors: change(body.errors as Record<string, unknown>[]) } : body,
  );

export const users: readonly Violation[] = [
  {
    name: 'created-is-200',
    breaks: 'answers a sign-up with 200',
    caughtBy: 'http.createUser.undeclared',
    plant: created((response) => ({ ...response, status: 200 })),
  },
  {
    name: 'created-with-more',
    breaks: 'answers a sign-up with an undeclared property',
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => ({ ...body, passwordHash: '$scrypt$' }))),
  },
  {
    name: 'created-with-less',
    breaks: 'answers a sign-up without the e-mail',
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => without(body, 'email'))),
  },
  {
    name: 'created-with-a-number',
    breaks: "sends the new user's id as a number",
    caughtBy: 'http.createUser.201',
    plant: created((response) => withJson(response, (body) => ({ ...body, id: 4 }))),
  },
  {
    name: 'created-as-text',
    breaks: 'answers a sign-up as text/plain',
    caughtBy: 'http.createUser.media-type',
    plant: created((response) => withHeader(response, 'Content-Type', 'text/plain')),
  },
  {
    name: 'created-changed',
    breaks: 'stores the e-mail in lower case instead of as sent',
    caughtBy: 'http.createUser.sign-up',
    plant: created((response) => withJson(response, (body) => ({ ...body, email: String(body.email).toLowerCase() }))),
  },
  {
    name: 'minimum-ignored',
    breaks: 'accepts a password that is too short',
    caughtBy: 'http.createUser.invalid.password.minLength',
    plant: notCreated((_, request) => {
      const { email, username, password } = bodyOf(request);
      return typeof password === 'string' && [...password].length < 8 ? user({ email, username }) : undefined;
    }),
  },
  {
    name: 'pattern-ignored',
    breaks: 'accepts a name with a control character',
    caughtBy: 'http.createUser.invalid.username.pattern',
    plant: notCreated((_, request) => {
      const { email, username, password } = bodyOf(request);
      const sound = typeof email === 'string' && typeof password === 'string' && typeof username === 'string';
      return sound && username.length <= 64 && /\p{C}|^\s|\s$/u.test(username) ? user({ email, username }) : undefined;
    }),
  },
  {
    name: 'counts-utf16',
    breaks: 'counts lengths in UTF-16 units, so that a password of 256 emoji is too long',
    caughtBy: 'http.createUser.valid.longest',
    plant: read((_, request) => (String(bodyOf(request).password).length > 256 ? invalidBody('/password') : undefined)),
  },
  {
    name: 'shortest-refused',
    breaks: 'refuses a name of one character',
    caughtBy: 'http.createUser.valid.shortest',
    plant: read((_, request) =>
      [...String(bodyOf(request).username)].length === 1 ? invalidBody('/username') : undefined,
    ),
  },
  {
    name: 'body-closed',
    breaks: 'refuses a body with an unknown property',
    caughtBy: 'http.createUser.valid.unknown-properties',
    plant: read((_, request) => {
      const unknown = Object.keys(bodyOf(request)).find((key) => !['email', 'username', 'password'].includes(key));
      return unknown ? invalidBody(`/${unknown}`) : undefined;
    }),
  },
  {
    name: 'missing-member-fails',
    breaks: 'fails on a body without an e-mail',
    caughtBy: 'http.createUser.invalid.email.required',
    plant: notCreated((_, request) =>
      bodyOf(request).email === undefined && bodyOf(request).username !== undefined
        ? problem(500, 'internal_error', 'Internal error')
        : undefined,
    ),
  },
  {
    name: 'pointer-malformed',
    breaks: 'sends pointers that are not JSON pointers',
    caughtBy: 'http.createUser.400.invalid_body',
    plant: notCreated((response) =>
      errorsOf(response, (errors) => errors.map((error) => ({ ...error, pointer: `body.${error.pointer}` }))),
    ),
  },
  {
    name: 'pointer-elsewhere',
    breaks: 'points to another member than the invalid one',
    caughtBy: 'http.createUser.invalid.email.type',
    plant: notCreated((response) =>
      errorsOf(response, (errors) => errors.map((error) => ({ ...error, pointer: '/somewhere' }))),
    ),
  },
  {
    name: 'first-error-only',
    breaks: 'reports only the first of several errors',
    caughtBy: 'http.createUser.all-errors',
    plant: notCreated((response) => errorsOf(response, (errors) => errors.slice(0, 1))),
  },
  {
    name: 'malformed-is-invalid',
    breaks: 'reports a body that is not JSON as invalid',
    caughtBy: 'http.createUser.malformed-body',
    plant: notCreated((response) => (response.body.includes('malformed_body') ? invalidBody('') : undefined)),
  },
  {
    name: 'media-type-ignored',
    breaks: 'accepts JSON under another media type',
    caughtBy: 'http.createUser.other-media-types',
    plant: onAsk('/createUser', (request) => withHeader(request, 'Content-Type', 'application/json')),
  },
  {
    name: 'charset-refused',
    breaks: 'refuses JSON whose charset is declared as UTF-8',
    caughtBy: 'http.login.content-type',
    plant: onAsk('/login', (request) =>
      /charset/i.test(header(request, 'content-type') ?? '')
        ? problem(415, 'unsupported_media_type', 'Unsupported media type')
        : undefined,
    ),
  },
  {
    name: 'too-large-is-malformed',
    breaks: 'reports a body that is too large as malformed',
    caughtBy: 'http.createUser.too-large',
    plant: onAnswer('POST', '/createUser', 413, () => problem(400, 'malformed_body', 'Body is not JSON')),
  },
  {
    name: 'email-twice',
    breaks: 'lets an e-mail sign up twice',
    caughtBy: 'http.createUser.taken',
    plant: conflict('email_taken', (_, request) => user(bodyOf(request))),
  },
  {
    name: 'conflict-mixed-up',
    breaks: 'reports a taken name as a taken e-mail',
    caughtBy: 'http.createUser.valid.longest',
    plant: conflict('username_taken', () => problem(409, 'email_taken', 'E-mail taken')),
  },
  {
    name: 'problem-with-null',
    breaks: 'sends null for an optional member of a problem',
    caughtBy: 'http.createUser.409.email_taken',
    plant: conflict('email_taken', (response) => withJson(response, (body) => ({ ...body, detail: null }))),
  },
  {
    name: 'login-is-201',
    breaks: 'answers a login with 201',
    caughtBy: 'http.login.undeclared',
    plant: loggedIn((response) => ({ ...response, status: 201 })),
  },
  {
    name: 'login-of-another',
    breaks: 'answers a login with another id than the sign-up',
    caughtBy: 'http.login.right',
    plant: loggedIn((response) => withJson(response, (body) => ({ ...body, id: `${body.id}0` }))),
  },
  {
    name: 'token-opaque',
    breaks: 'issues a token that is not a JSON Web Token',
    caughtBy: 'http.login.200',
    plant: loggedIn((response) =>
      withJson(response, (body) => ({ ...body, token: String(body.token).replaceAll('.', '~') })),
    ),
  },
  {
    name: 'password-ignored',
    breaks: 'accepts a wrong password',
    caughtBy: 'http.login.wrong',
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
    breaks: 'answers wrong credentials without WWW-Authenticate',
    caughtBy: 'http.login.headers',
    plant: notLoggedIn((response) => withHeader(response, 'WWW-Authenticate', undefined)),
  },
  {
    name: 'login-tells-who-is-there',
    breaks: 'answers an unknown e-mail differently from a wrong password',
    caughtBy: 'http.login.wrong',
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
    name: 'name-compared-exactly',
    breaks: 'lets a name sign up that differs from another only in case',
    caughtBy: 'http.createUser.taken',
    plant: () => {
      const made = new Set<unknown>();
      return {
        answer: (response, request) => {
          const { username } = bodyOf(request);
          if (response.status === 201) made.add(username);
          const taken = response.status === 409 && response.body.includes('username_taken');
          return taken && !made.has(username) ? user(bodyOf(request)) : undefined;
        },
      };
    },
  },
  {
    name: 'token-of-another',
    breaks: 'issues a token of another user',
    caughtBy: 'rule.echo',
    plant: loggedIn((response) =>
      withJson(response, ({ id, username, ...rest }) => ({
        ...rest,
        id,
        username,
        token: tokenFor({ id, username: `${username}`.replace('contract', 'another') }),
      })),
    ),
  },
  {
    name: 'chunks-unbounded',
    breaks: 'reads a chunked body that is too large',
    caughtBy: 'http.createUser.too-large',
    plant: onAnswer('POST', '/createUser', 413, (_, request) =>
      header(request, 'content-length') === undefined ? invalidBody('') : undefined,
    ),
  },
];
