/** Requests for events that are refused, and what HEAD and pages of other origins are told. */
import { describe, expect, it } from 'vitest';
import { connect } from '../../harness/chat.ts';
import { type EventRequest, eventRequest, openEvents } from '../../harness/event-stream.ts';
import { type Answer, type RequestOptions, request } from '../../harness/http.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';

const tokenOf = (username: string, claims = {}): Promise<string> =>
  mint({ id: `id of ${username}`, username, ...claims });
const longest = 'x'.repeat(64);

/** Returns the answer to a request that is refused. */
const refused = (server: TestServer, given: EventRequest): Promise<Answer> =>
  exchange(server, [eventRequest(given)], { method: 'GET', path: '/events' });

describe('an id that no frame can have is refused', () => {
  it.each<[name: string, given: EventRequest, pointer: string]>([
    ['an empty header', { headers: { 'Last-Event-ID': '' } }, '/last-event-id'],
    ['a space', { lastEventId: 'a b' }, '/last-event-id'],
    ['a tab', { lastEventId: 'a\tb' }, '/last-event-id'],
    ['a letter beyond ASCII', { lastEventId: '\u00e9' }, '/last-event-id'],
    ['65 characters', { lastEventId: `${longest}x` }, '/last-event-id'],
    ['two headers', { headers: { 'Last-Event-ID': ['a', 'b'] } }, '/last-event-id'],
    ['two equal headers', { headers: { 'Last-Event-ID': ['a', 'a'] } }, '/last-event-id'],
    ['a header, even with a valid parameter', { lastEventId: 'a b', query: '?last_event_id=a' }, '/last-event-id'],
    ['an empty parameter', { query: '?last_event_id=' }, '/last_event_id'],
    ['a parameter without a value', { query: '?last_event_id' }, '/last_event_id'],
    ['an escaped space', { query: '?last_event_id=a%20b' }, '/last_event_id'],
    ['a plus, which is a space', { query: '?last_event_id=a+b' }, '/last_event_id'],
    ['a line end', { query: '?last_event_id=a%0Ab' }, '/last_event_id'],
    ['65 characters in the parameter', { query: `?last_event_id=${longest}x` }, '/last_event_id'],
    ['broken encoding', { query: '?last_event_id=%ff' }, '/last_event_id'],
    ['two parameters', { query: '?last_event_id=a&last_event_id=b' }, '/last_event_id'],
    ['a parameter, even with a valid header', { lastEventId: 'a', query: '?last_event_id=' }, '/last_event_id'],
  ])('%s', async (_, given, pointer) => {
    await using server = await startTestServer();
    const { status, json } = await refused(server, { token: await tokenOf('Ann'), ...given });
    expect([status, json.code]).toEqual([400, 'invalid_parameter']);
    expect((json.errors as { pointer: string }[]).map((error) => error.pointer)).toEqual([pointer]);
    const next = await openEvents(server, { token: await tokenOf('Ann'), lastEventId: longest });
    expect((await next.next('users_online')).msg).toMatchObject({ list: [], recovered: false });
  });
});

/** Requests that are refused, on a server made for each. */
const refusals: [want: string, given: EventRequest, env?: Record<string, string>, prepare?: Prepare][] = [
  ['400 invalid_parameter', { query: '?last_event_id=' }],
  ['401 missing_token', { headers: { Authorization: undefined } }],
  ['401 invalid_token', { headers: { Authorization: 'Bearer no.token.' } }],
  ['403 origin_not_allowed', { headers: { Origin: 'https://evil.example' } }],
  [
    '403 user_disabled',
    {},
    {},
    async (server) =>
      void (await request(server, 'POST', '/admin/users/id%20of%20Ann/disable', {
        headers: { Authorization: `Bearer ${testAdminToken}` },
      })),
  ],
  [
    '409 name_in_use',
    {},
    {},
    async (server) => void (await connect(server, { token: await mint({ id: 'other', username: 'Ann' }) })),
  ],
  [
    '429 too_many_sessions',
    {},
    { MAX_SESSIONS_PER_USER: '1' },
    async (server) => void (await openEvents(server, { token: await tokenOf('Ann') })),
  ],
  [
    '503 server_full',
    {},
    { MAX_SESSIONS: '1' },
    async (server) => void (await openEvents(server, { token: await tokenOf('Bob') })),
  ],
];
type Prepare = (server: TestServer) => Promise<void>;

it.each(refusals)('HEAD is refused with %s like GET, without a body', async (want, given, env = {}, prepare) => {
  await using server = await startTestServer({ env });
  await prepare?.(server);
  const asked = { token: await tokenOf('Ann'), ...given };
  const get = await refused(server, asked);
  expect(`${get.status} ${get.json.code}`).toBe(want);
  const headers = {
    ...(asked.headers && 'Authorization' in asked.headers ? {} : { Authorization: `Bearer ${asked.token}` }),
    ...asked.headers,
  } as RequestOptions['headers'];
  const head = await request(server, 'HEAD', `/events${given.query ?? ''}`, { headers: headers! });
  expect([head.status, head.text]).toEqual([get.status, '']);
  for (const name of ['content-type', 'retry-after', 'www-authenticate', 'cache-control'])
    expect([name, head.headers[name]]).toEqual([name, get.headers[name]]);
  // It may leave the length out, but not give another one (RFC 9110, 8.6).
  expect([undefined, get.headers['content-length']]).toContain(head.headers['content-length']);
});

describe('HEAD', () => {
  it('answers the head of a stream, and enters nobody', async () => {
    await using server = await startTestServer({ env: { MAX_SESSIONS_PER_USER: '1', MAX_SESSIONS: '2' } });
    const bob = await connect(server, { token: await tokenOf('Bob') });
    const headers = { Authorization: `Bearer ${await tokenOf('Ann')}`, 'Last-Event-ID': longest };
    for (let n = 0; n < 3; n += 1) {
      const head = await request(server, 'HEAD', '/events', { headers });
      expect([head.status, head.headers['content-length'], head.headers['transfer-encoding']]).toEqual([
        200,
        undefined,
        undefined,
      ]);
      expect(head.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    }
    const ann = await openEvents(server, { token: await tokenOf('Ann') });
    expect((await ann.next('users_online')).msg.list).toEqual(['Bob']);
    bob.say('Hello!');
    await bob.next('chat_message');
    expect(bob.frames.filter(({ type }) => type === 'user_joined')).toHaveLength(2);
  });

  it('and GET have the same headers', async () => {
    await using server = await startTestServer();
    const token = await tokenOf('Ann');
    const head = await request(server, 'HEAD', '/events', { headers: { Authorization: `Bearer ${token}` } });
    const get = await openEvents(server, { token });
    const names = (answer: Pick<Answer, 'headers'>): string[] => Object.keys(answer.headers).sort();
    const own = ['connection', 'keep-alive'];
    expect(names(head).filter((name) => !own.includes(name))).toEqual(names(get).filter((name) => !own.includes(name)));
  });
});

describe('a page of another origin', () => {
  const app = 'https://app.example.com';
  const allowing = { env: { ALLOWED_ORIGINS: app } };

  it('may read a stream if its origin is allowed', async () => {
    await using server = await startTestServer(allowing);
    const ann = await openEvents(server, { token: await tokenOf('Ann'), headers: { Origin: app } });
    expect(ann.headers).toMatchObject({ 'access-control-allow-origin': app, vary: 'Origin' });
    expect(ann.headers['access-control-expose-headers']).toContain('Retry-After');
    await ann.next('user_joined');
  });

  it('is refused if it is not, and nobody enters', async () => {
    await using server = await startTestServer(allowing);
    const { status, json, headers } = await refused(server, {
      token: await tokenOf('Ann'),
      headers: { Origin: 'https://evil.example' },
    });
    expect([status, json.code, headers['access-control-allow-origin']]).toEqual([403, 'origin_not_allowed', undefined]);
    const bob = await openEvents(server, { token: await tokenOf('Bob') });
    expect((await bob.next('users_online')).msg.list).toEqual([]);
  });

  it('may send Last-Event-ID and Authorization, and post messages', async () => {
    await using server = await startTestServer(allowing);
    const ask = (path: string, method: string, names: string) =>
      fetch(`http://${server.host}:${server.port}${path}`, {
        method: 'OPTIONS',
        headers: {
          Origin: app,
          'Access-Control-Request-Method': method,
          'Access-Control-Request-Headers': names,
        },
      });
    for (const [path, method, names] of [
      ['/events', 'GET', 'authorization,last-event-id'],
      ['/messages', 'POST', 'authorization,content-type'],
    ] as const) {
      const { status, headers } = await ask(path, method, names);
      expect([status, headers.get('access-control-allow-origin')]).toEqual([204, app]);
      expect(headers.get('access-control-allow-methods')).toContain(method);
      const allowed = headers.get('access-control-allow-headers')!.toLowerCase().split(/, */);
      expect(allowed).toEqual(expect.arrayContaining(names.split(',')));
    }
  });
});

it('a server that stops refuses streams, and messages still have their place', async () => {
  await using server = await startTestServer({ env: { DRAIN_WINDOW: '2s' } });
  const readers = await Promise.all(
    ['Ann', 'Bob', 'Cleo'].map(async (name) => openEvents(server, { token: await tokenOf(name) })),
  );
  for (const reader of readers) await reader.next('user_joined');
  const stopped = server.stop();
  const ready = await request(server, 'GET', '/readyz');
  expect(ready.status).toBe(503);
  const late = await refused(server, { token: await tokenOf('Dan') });
  expect([late.status, late.json.code]).toEqual([503, 'shutting_down']);
  expect(await Promise.all(readers.map((reader) => reader.closed()))).toEqual([1001, 1001, 1001]);
  await stopped;
});
