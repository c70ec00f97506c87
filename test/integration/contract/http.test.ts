import type { OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { createPasswords } from '../../../src/users/passwords.ts';
import { connect, handshake } from '../../harness/chat.ts';
import { openEvents } from '../../harness/event-stream.ts';
import { type Answer, request, signUp } from '../../harness/http.ts';
import { serversMongo, startMongo } from '../../harness/mongo.ts';
import { exchange } from '../../harness/raw.ts';
import { seen } from '../../harness/recorder.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { declaredAnswers, paths } from '../../harness/spec.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';
import { startIssuer } from '../../unit/auth/issuer.ts';

type Provoke = () => Promise<Answer>;

const ann = { email: 'ann@example.com', username: 'Ann', password: 'correct horse battery staple' };
const tokenOf = (id: string, username: string): Promise<string> => mint({ id, username });

async function onServer(
  ask: (server: TestServer) => Promise<Answer>,
  options?: Parameters<typeof startTestServer>[0],
): Promise<Answer> {
  await using server = await startTestServer(options);
  return await ask(server);
}

const post = (path: string, options: Parameters<typeof request>[3]): Provoke => {
  return () => onServer((server) => request(server, 'POST', path, options));
};

const overlongHead = (method: string, path: string): Provoke => {
  const line = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`;
  return () => onServer((server) => exchange(server, [line], { method, path }));
};

const withoutHost = (method: string, path: string): Provoke => {
  return () => onServer((server) => exchange(server, [`${method} ${path} HTTP/1.1\r\n\r\n`], { method, path }));
};

/** Returns the response while another connection has done this to the database. */
const afterSql = (sql: string, ask: (server: TestServer) => Promise<Answer>): Provoke => {
  return () =>
    onServer(async (server) => {
      const db = new DatabaseSync(join(server.dataDir, 'palaver.db'), { defensive: false });
      try {
        db.exec(sql);
        return await ask(server);
      } finally {
        db.close();
      }
    });
};
/** A store that goes away: SQLite by what another connection does, MongoDB by its end. */
const storeAway = (sql: string, ask: (server: TestServer) => Promise<Answer>): Provoke => {
  if (!serversMongo()) return afterSql(sql, ask);
  return async () => {
    const mongo = await startMongo();
    try {
      return await onServer(
        async (server) => {
          await mongo.stop();
          return ask(server);
        },
        { env: { MONGODB_URI: mongo.uri() } },
      );
    } finally {
      await mongo.remove();
    }
  };
};
/** A store with a fault that nobody foresaw; MongoDB has none on demand, so there it is planted. */
const storeBroken = (ask: (server: TestServer) => Promise<Answer>): Provoke => {
  if (!serversMongo()) return afterSql(loseTables, ask);
  const users = { insert: fault, findByEmail: fault, findById: fault, list: fault, replaceHash: fault };
  const load = async () => ({ tokens: new Map<string, number>(), users: [] });
  const revoked = { load, disabledUsers: fault, addToken: fault, addUser: fault, removeUser: fault };
  // It is read at the start, too.
  let reads = 0;
  const messages = {
    append: fault,
    before: async () => (reads++ === 0 ? { messages: [], gaps: [], more: false } : fault()),
    after: fault,
    lastDue: fault,
    prune: fault,
    retention: fault,
    putRetention: fault,
    runs: async () => [],
    putRun: async () => {},
  };
  return () => onServer(ask, { users, revoked, messages });
};
const lock = 'BEGIN IMMEDIATE';
const loseTables =
  'DROP TABLE users; DROP TABLE revoked_tokens; DROP TABLE disabled_users; DROP TABLE message_gaps; DROP TABLE messages';
/** Readers pass a lock; a schema that points past the file's end stops them. */
const corrupt = `PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 999999; PRAGMA schema_version = 99`;

/** Sends concurrent requests until one is too many. */
const crowd = (path: string): Provoke => {
  const passwords = createPasswords({ params: { logN: 14, r: 8, p: 1 }, atOnce: 1, queueMax: 1 });
  return () =>
    onServer(
      async (server) => {
        const asked = Array.from({ length: 16 }, (_, n) =>
          request(server, 'POST', path, { json: { ...ann, email: `${n}@example.com`, username: `User ${n}` } }),
        );
        return (await Promise.all(asked)).find(({ status }) => status === 503)!;
      },
      { passwords },
    );
};

/** Asks a server that is stopping: a session that doesn't answer its close keeps it from the end. */
const whileStopping = (ask: (server: TestServer) => Promise<Answer>): Provoke => {
  return () =>
    onServer(async (server) => {
      const silent = await connect(server, { token: await tokenOf('1', 'Silent') });
      silent.pause();
      const stopped = server.stop();
      const answer = await ask(server);
      silent.drop();
      await stopped;
      return answer;
    });
};

const deskAnswers = (id: string, path: string): [string, Provoke][] => [
  [`${id} 400 malformed_request`, withoutHost('POST', path)],
  [`${id} 431 head_too_large`, overlongHead('POST', path)],
  [`${id} 400 malformed_body`, post(path, { body: '{', headers: { 'content-type': 'application/json' } })],
  [`${id} 400 invalid_body`, post(path, { json: {} })],
  [`${id} 413 body_too_large`, post(path, { json: { ...ann, email: 'x'.repeat(16_384) } })],
  [`${id} 415 unsupported_media_type`, post(path, { body: 'a', headers: { 'content-type': 'text/plain' } })],
  [
    `${id} 429 too_many_attempts`,
    () =>
      onServer(
        async (server) => {
          await request(server, 'POST', path, { json: ann });
          return request(server, 'POST', path, { json: ann });
        },
        { env: { RATE_LIMIT_LOGIN: '1', RATE_LIMIT_SIGNUP: '1' } },
      ),
  ],
  [`${id} 500 internal_error`, storeBroken((server) => request(server, 'POST', path, { json: ann }))],
  [`${id} 503 overloaded`, crowd(path)],
];

interface Asked {
  readonly token?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly path?: string;
}
/** Asks for a session: by a handshake, or for a stream of events. */
type Ask = (server: TestServer, asked?: Asked) => Promise<Answer>;

const local = () => createLocalBackplane({ epoch: 0 });
const fault = async (): Promise<never> => {
  throw new Error('planted');
};
/** Asks a server with a user's token whose issuer doesn't answer. */
const withoutIssuer = (ask: (server: TestServer, token: string) => Promise<Answer>): Provoke => {
  return async () => {
    const issuer = await startIssuer();
    issuer.behave((response) => response.writeHead(500).end());
    const token = await issuer.sign('k1');
    return onServer((server) => ask(server, token), { env: issuer.env });
  };
};

/** The refusals of all operations that make a session. */
const sessionAnswers = (id: string, method: 'GET' | 'POST', path: string, ask: Ask): [string, Provoke][] => {
  const askAs = (asked: Asked): Provoke => {
    return () => onServer(async (server) => ask(server, { token: await tokenOf('1', 'Ann'), ...asked }));
  };
  const askIn = async (server: TestServer) => ask(server, { token: await tokenOf('2', 'ANN') });
  return [
    [`${id} 400 malformed_request`, withoutHost(method, path)],
    [`${id} 431 head_too_large`, overlongHead(method, path)],
    [`${id} 400 body_not_allowed`, () => onServer((server) => request(server, method, path, { body: 'a' }))],
    [`${id} 400 invalid_parameter`, askAs({ path: `${path}?last_event_id=${'x'.repeat(65)}` })],
    [`${id} 401 missing_token`, () => onServer((server) => ask(server))],
    [`${id} 401 invalid_token`, askAs({ token: 'forged' })],
    [`${id} 403 origin_not_allowed`, askAs({ headers: { Origin: 'https://elsewhere.example' } })],
    [
      `${id} 403 user_disabled`,
      () =>
        onServer(async (server) => {
          await disable(server, '1');
          return ask(server, { token: await tokenOf('1', 'Ann') });
        }),
    ],
    [
      `${id} 409 name_in_use`,
      () =>
        onServer(async (server) => {
          await connect(server, { token: await tokenOf('1', 'Ann') });
          return askIn(server);
        }),
    ],
    [`${id} 500 internal_error`, () => onServer(askIn, { backplane: { ...local(), admit: fault } })],
    [
      `${id} 429 too_many_sessions`,
      () =>
        onServer(
          async (server) => {
            const token = await tokenOf('1', 'Ann');
            await connect(server, { token });
            return ask(server, { token });
          },
          { env: { MAX_SESSIONS_PER_USER: '1' } },
        ),
    ],
    [
      `${id} 503 server_full`,
      () =>
        onServer(
          async (server) => {
            await connect(server, { token: await tokenOf('1', 'Ann') });
            return askIn(server);
          },
          { env: { MAX_SESSIONS: '1' } },
        ),
    ],
    [
      `${id} 503 unavailable`,
      async () => {
        const backplane = local();
        await backplane.close();
        return onServer(askIn, { backplane });
      },
    ],
    [`${id} 503 shutting_down`, whileStopping(askIn)],
    [`${id} 503 issuer_unavailable`, withoutIssuer((server, token) => ask(server, { token }))],
  ];
};

const doorAnswers = (id: string, method: 'GET' | 'POST'): [string, Provoke][] => {
  const knock = (headers: OutgoingHttpHeaders = {}): Provoke => {
    return () => onServer(async (server) => handshake(server, { method, token: await tokenOf('1', 'Ann'), headers }));
  };
  return [
    [`${id} 101`, knock()],
    [`${id} 400 malformed_handshake`, knock({ 'Sec-WebSocket-Key': 'short' })],
    [`${id} 426 upgrade_required`, knock({ Connection: 'close', Upgrade: undefined })],
    ...sessionAnswers(id, method, '/join', (server, asked) => handshake(server, { method, ...asked })),
  ];
};

/** Asks for a stream of events that is refused. */
const askForEvents: Ask = (server, { token, headers, path = '/events' } = {}) =>
  request(server, 'GET', path, { headers: { ...(token !== undefined && bearer(token)), ...headers } });

const eventsAnswers: readonly [string, Provoke][] = [
  [
    'events 200',
    () =>
      onServer(async (server) => {
        const { headers, drop } = await openEvents(server, { token: await tokenOf('1', 'Ann') });
        drop();
        return { status: 200, headers, json: {}, text: '' };
      }),
  ],
  ...sessionAnswers('events', 'GET', '/events', askForEvents),
];

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const disable = (server: TestServer, id: string): Promise<Answer> =>
  request(server, 'POST', `/admin/users/${id}/disable`, { headers: bearer(testAdminToken) });

const listMessages = (server: TestServer, token: string, query = ''): Promise<Answer> =>
  request(server, 'GET', `/messages${query}`, { headers: bearer(token) });

const publish = (server: TestServer, token: string, json: object = { text: 'hi' }): Promise<Answer> =>
  request(server, 'POST', '/messages', { headers: bearer(token), json });

const publishAnswers: readonly [string, Provoke][] = [
  ['publish 201', () => onServer(async (server) => publish(server, await tokenOf('1', 'Ann')))],
  [
    'publish 200',
    () =>
      onServer(async (server) => {
        const token = await tokenOf('1', 'Ann');
        await publish(server, token, { text: 'first', nonce: 'n' });
        return publish(server, token, { text: 'again', nonce: 'n' });
      }),
  ],
  ['publish 400 malformed_request', withoutHost('POST', '/messages')],
  ['publish 431 head_too_large', overlongHead('POST', '/messages')],
  [
    'publish 400 malformed_body',
    async () =>
      post('/messages', {
        body: '{',
        headers: { ...bearer(await tokenOf('1', 'Ann')), 'content-type': 'application/json' },
      })(),
  ],
  ['publish 400 invalid_body', () => onServer(async (server) => publish(server, await tokenOf('1', 'Ann'), {}))],
  [
    'publish 413 body_too_large',
    () => onServer(async (server) => publish(server, await tokenOf('1', 'Ann'), { text: 'x'.repeat(65_536) })),
  ],
  [
    'publish 415 unsupported_media_type',
    async () =>
      post('/messages', {
        body: 'a',
        headers: { ...bearer(await tokenOf('1', 'Ann')), 'content-type': 'text/plain' },
      })(),
  ],
  ['publish 401 missing_token', post('/messages', { json: { text: 'hi' } })],
  ['publish 401 invalid_token', () => onServer((server) => publish(server, 'forged'))],
  [
    'publish 403 user_disabled',
    () =>
      onServer(async (server) => {
        await disable(server, '1');
        return publish(server, await tokenOf('1', 'Ann'));
      }),
  ],
  [
    'publish 409 name_in_use',
    () =>
      onServer(async (server) => {
        await connect(server, { token: await tokenOf('1', 'Ann') });
        return publish(server, await tokenOf('2', 'ANN'));
      }),
  ],
  [
    'publish 429 rate_limited',
    () =>
      onServer(
        async (server) => {
          const token = await tokenOf('1', 'Ann');
          for (let n = 0; n < 2; n += 1) await publish(server, token);
          return publish(server, token);
        },
        { env: { RATE_LIMIT_FRAMES: '1' } },
      ),
  ],
  [
    'publish 500 internal_error',
    () =>
      onServer(async (server) => publish(server, await tokenOf('1', 'Ann')), {
        backplane: { ...local(), publish: fault },
      }),
  ],
  [
    'publish 503 unavailable',
    async () => {
      const backplane = local();
      await backplane.close();
      return onServer(async (server) => publish(server, await tokenOf('1', 'Ann')), { backplane });
    },
  ],
  ['publish 503 issuer_unavailable', withoutIssuer((server, token) => publish(server, token))],
];

/** An operation without a body that asks for a bearer token. */
const bearerAnswers = (id: string, path: string, tokenFor: () => Promise<string>): [string, Provoke][] => {
  const ask = async (server: TestServer, body?: string): Promise<Answer> =>
    request(server, 'POST', path, { headers: bearer(await tokenFor()), ...(body && { body }) });
  return [
    [`${id} 204`, () => onServer((server) => ask(server))],
    [`${id} 400 malformed_request`, withoutHost('POST', path)],
    [`${id} 431 head_too_large`, overlongHead('POST', path)],
    [`${id} 400 body_not_allowed`, () => onServer((server) => ask(server, '{}'))],
    [`${id} 401 missing_token`, post(path, {})],
    [`${id} 401 invalid_token`, post(path, { headers: bearer('forged') })],
    [`${id} 500 internal_error`, storeBroken((server) => ask(server))],
    [`${id} 503 store_unavailable`, storeAway(lock, (server) => ask(server))],
  ];
};

/** The page and the documents: known by their answer to whom has them already. */
const documents = [...paths].flatMap(([path, methods]) =>
  [...methods.values()].filter(({ responses }) => responses.has(304)).map(({ id }) => ({ id, path })),
);
const documentAnswers = ({ id, path }: (typeof documents)[number]): [string, Provoke][] => [
  [`${id} 200`, () => onServer((server) => request(server, 'GET', path))],
  [
    `${id} 304`,
    () =>
      onServer(async (server) => {
        const { headers } = await request(server, 'GET', path);
        return request(server, 'GET', path, { headers: { 'If-None-Match': headers.etag } });
      }),
  ],
  [`${id} 400 malformed_request`, withoutHost('GET', path)],
  [`${id} 431 head_too_large`, overlongHead('GET', path)],
];

const readyz = (server: TestServer): Promise<Answer> => request(server, 'GET', '/readyz');

/** How to get each answer that the spec declares. */
const provokers = new Map<string, Provoke>([
  ['createUser 201', post('/createUser', { json: ann })],
  [
    'createUser 409 email_taken',
    () =>
      onServer(async (server) => {
        const { email } = await signUp(server);
        return request(server, 'POST', '/createUser', { json: { ...ann, email: email.toUpperCase() } });
      }),
  ],
  [
    'createUser 409 username_taken',
    () =>
      onServer(async (server) => {
        await signUp(server, 'ＡＮＮ');
        return request(server, 'POST', '/createUser', { json: ann });
      }),
  ],
  [
    'createUser 503 store_unavailable',
    storeAway(lock, (server) => request(server, 'POST', '/createUser', { json: ann })),
  ],
  ...deskAnswers('createUser', '/createUser'),
  [
    'login 200',
    () =>
      onServer(async (server) => {
        const { email, password } = await signUp(server);
        return request(server, 'POST', '/login', { json: { email, password } });
      }),
  ],
  ['login 401 invalid_credentials', post('/login', { json: ann })],
  ['login 503 store_unavailable', storeAway(corrupt, (server) => request(server, 'POST', '/login', { json: ann }))],
  [
    'login 403 user_disabled',
    () =>
      onServer(async (server) => {
        const { id, email, password } = await signUp(server);
        await disable(server, id);
        return request(server, 'POST', '/login', { json: { email, password } });
      }),
  ],
  ...deskAnswers('login', '/login'),
  ...bearerAnswers('logout', '/logout', () => tokenOf('1', 'Ann')),
  [
    'logout 403 user_disabled',
    () =>
      onServer(async (server) => {
        await disable(server, '1');
        return request(server, 'POST', '/logout', { headers: bearer(await tokenOf('1', 'Ann')) });
      }),
  ],
  [
    'logout 503 issuer_unavailable',
    withoutIssuer((server, token) => request(server, 'POST', '/logout', { headers: bearer(token) })),
  ],
  ...(['disable', 'enable'] as const).flatMap((verb): [string, Provoke][] => [
    ...bearerAnswers(`${verb}User`, `/admin/users/1/${verb}`, async () => testAdminToken),
    [
      `${verb}User 400 invalid_parameter`,
      post(`/admin/users/${'x'.repeat(129)}/${verb}`, { headers: bearer(testAdminToken) }),
    ],
  ]),
  ...doorAnswers('join', 'GET'),
  ...doorAnswers('joinByPost', 'POST'),
  ...eventsAnswers,
  ...publishAnswers,
  ...documents.flatMap(documentAnswers),
  ['listMessages 200', () => onServer(async (server) => listMessages(server, await tokenOf('1', 'Ann')))],
  ['listMessages 400 malformed_request', withoutHost('GET', '/messages')],
  ['listMessages 431 head_too_large', overlongHead('GET', '/messages')],
  [
    'listMessages 400 invalid_parameter',
    () => onServer(async (server) => listMessages(server, await tokenOf('1', 'Ann'), '?limit=101')),
  ],
  ['listMessages 401 missing_token', () => onServer((server) => request(server, 'GET', '/messages'))],
  ['listMessages 401 invalid_token', () => onServer((server) => listMessages(server, 'forged'))],
  [
    'listMessages 403 user_disabled',
    () =>
      onServer(async (server) => {
        await disable(server, '1');
        return listMessages(server, await tokenOf('1', 'Ann'));
      }),
  ],
  [
    'listMessages 429 rate_limited',
    () =>
      onServer(
        async (server) => {
          const token = await tokenOf('1', 'Ann');
          for (let n = 0; n < 2; n += 1) await listMessages(server, token);
          return listMessages(server, token);
        },
        { env: { RATE_LIMIT_FRAMES: '1' } },
      ),
  ],
  ['listMessages 500 internal_error', storeBroken(async (server) => listMessages(server, await tokenOf('1', 'Ann')))],
  [
    'listMessages 503 store_unavailable',
    storeAway(corrupt, async (server) => listMessages(server, await tokenOf('1', 'Ann'))),
  ],
  ['listMessages 503 issuer_unavailable', withoutIssuer((server, token) => listMessages(server, token))],
  [
    'readyz 503 issuer_unavailable',
    async () => {
      const issuer = await startIssuer();
      issuer.behave((response) => response.writeHead(500).end());
      return onServer((server) => request(server, 'GET', '/readyz'), { env: issuer.env });
    },
  ],
  ['healthz 200', () => onServer((server) => request(server, 'GET', '/healthz'))],
  ['healthz 400 malformed_request', withoutHost('GET', '/healthz')],
  ['healthz 431 head_too_large', overlongHead('GET', '/healthz')],
  ['readyz 200', () => onServer(readyz)],
  ['readyz 400 malformed_request', withoutHost('GET', '/readyz')],
  ['readyz 431 head_too_large', overlongHead('GET', '/readyz')],
  ['readyz 503 store_unavailable', storeAway(lock, readyz)],
  [
    'readyz 503 unavailable',
    () => onServer(readyz, { backplane: { ...createLocalBackplane({ epoch: 0 }), isReady: () => false } }),
  ],
  ['readyz 503 shutting_down', whileStopping(readyz)],
  ['unmatched 404 not_found', () => onServer((server) => request(server, 'GET', '/nothing'))],
  ['unmatched 405 method_not_allowed', () => onServer((server) => request(server, 'GET', '/login'))],
]);

describe('every answer that the OpenAPI spec declares', () => {
  it('has exactly one provoker', () => {
    expect([...provokers.keys()].sort()).toEqual([...declaredAnswers].sort());
  });

  it.each([...provokers])('%s', async (name, provoke) => {
    const { status, json } = await provoke();
    const operation = name.split(' ')[0];
    expect([operation, status, json.code].filter((part) => part !== undefined).join(' ')).toBe(name);
  });

  it('was seen', () => {
    expect(declaredAnswers.filter((answer) => !seen.answers.has(answer))).toEqual([]);
  });
});
