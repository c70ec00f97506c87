/** The way of a request for events out of Node's HTTP server, on bare sockets. */
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, handshakeHeaders } from '../../harness/chat.ts';
import { conversation, head } from '../../harness/conversation.ts';
import { within } from '../../harness/deadline.ts';
import {
  type EventReader,
  type EventRequest,
  eventRequest,
  openEvents,
  readEvents,
} from '../../harness/event-stream.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const tokenOf = (username: string): Promise<string> => mint({ id: `id of ${username}`, username });
const asked = { method: 'GET', path: '/events' };

const dialled = ({ host, port }: TestServer): Socket => {
  const socket = dial({ host, port, noDelay: true });
  onTestFinished(() => void socket.destroy());
  return socket;
};

/** Sends these bytes in one write, and reads a stream. */
async function stream(server: TestServer, bytes: string): Promise<EventReader> {
  const socket = dialled(server);
  socket.write(bytes);
  return readEvents(socket);
}

/** Checks that a stream has all frames, and nothing else between them. */
async function expectAlive(server: TestServer, reader: EventReader): Promise<void> {
  const bob = await connect(server, { token: await tokenOf('Bob') });
  bob.say('Hello!');
  expect((await reader.next('chat_message')).msg.text).toBe('Hello!');
  expect(reader.events.map(({ type }) => type)).toEqual(['users_online', 'user_joined', 'user_joined', 'chat_message']);
  await bob.close();
}

describe('opens a stream', () => {
  it.each<[name: string, request: EventRequest]>([
    ['without more', {}],
    ['over HTTP/1.0, with a Host', { version: '1.0' }],
    ['over HTTP/1.0, without a Host', { version: '1.0', headers: { Host: undefined } }],
    ['over HTTP/1.0 that keeps alive', { version: '1.0', headers: { Connection: 'keep-alive' } }],
    ['that says it has no body', { headers: { 'Content-Length': '0' } }],
    ['with Expect: 100-continue', { headers: { Expect: '100-continue' } }],
    ['with another expectation', { headers: { Expect: 'a-miracle' } }],
    ['with Upgrade: websocket', { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }],
    ['with a whole handshake', { headers: handshakeHeaders }],
    ['with Connection: close', { headers: { Connection: 'close' } }],
    ['with Connection: keep-alive', { headers: { Connection: 'keep-alive' } }],
    ['that wants something else by its Accept', { headers: { Accept: 'application/json' } }],
    ['with an unknown parameter', { query: '?room_name=x' }],
  ])('%s', async (_, request) => {
    await using server = await startTestServer();
    const reader = await openEvents(server, { token: await tokenOf('Ann'), ...request });
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    expect([reader.headers['transfer-encoding'], reader.headers['content-length']]).toEqual([undefined, undefined]);
    await expectAlive(server, reader);
  });

  it('for a whole URI as its target', async () => {
    await using server = await startTestServer();
    const bytes = eventRequest({ token: await tokenOf('Ann') });
    await expectAlive(server, await stream(server, bytes.replace(' /events', ' http://chat.example.com/events')));
  });

  it('for a request that comes byte by byte', async () => {
    await using server = await startTestServer();
    const socket = dialled(server);
    const opened = readEvents(socket);
    for (const byte of eventRequest({ token: await tokenOf('Ann') })) {
      await new Promise((resolve) => socket.write(byte, resolve));
    }
    await expectAlive(server, await opened);
  });

  it('on a connection that has had other answers', async () => {
    await using server = await startTestServer();
    const socket = dialled(server);
    for (let n = 0; n < 3; n += 1) {
      socket.write(head('GET /healthz'));
      const [answer] = (await within(once(socket, 'data'), 'an answer')) as [Buffer];
      expect(`${answer}`).toContain('HTTP/1.1 200');
    }
    socket.write(eventRequest({ token: await tokenOf('Ann') }));
    await expectAlive(server, await readEvents(socket));
  });

  const token = 'a token';
  it.each<[name: string, behind: string]>([
    ['a second request for events', eventRequest({ token })],
    ['another request', head('GET /healthz')],
    ['a handshake', head('GET /join', 'Upgrade: websocket', 'Connection: Upgrade')],
    ['a request with a body', `${head('POST /messages', 'Content-Type: application/json', 'Content-Length: 2')}{}`],
    ['a request with half of its body', `${head('POST /messages', 'Content-Length: 20')}{"te`],
    ['a chunk too few', `${head('POST /messages', 'Transfer-Encoding: chunked')}2\r\n{}\r\n`],
    ['half a request', 'GET /healthz HT'],
    ['a hundred requests', head('GET /healthz').repeat(100)],
    ['an empty line', '\r\n'],
  ])('and drops %s in the same packet', async (_, behind) => {
    await using server = await startTestServer();
    const request = eventRequest({ token: await tokenOf('Ann') });
    await expectAlive(server, await stream(server, request + behind));
  });

  it.each([
    ['a request', head('GET /healthz')],
    ['garbage', '\0\0 no HTTP \r\n\r\n'],
    ['a frame', '\x81\x80abcd'],
  ])('and drops %s that comes later', async (_, later) => {
    await using server = await startTestServer();
    const reader = await openEvents(server, { token: await tokenOf('Ann') });
    await reader.next('users_online');
    reader.socket.write(later);
    await expectAlive(server, reader);
  });
});

describe('refuses', () => {
  const refused = async (server: TestServer, bytes: string) => {
    const { status, json } = await exchange(server, [bytes], asked);
    return `${status} ${json.code}`;
  };

  it('garbage in one packet with a request, as bytes that are no request', async () => {
    await using server = await startTestServer();
    const request = eventRequest({ token: await tokenOf('Ann') });
    expect(await refused(server, `${request}\0\0 no HTTP\r\n\r\n`)).toBe('400 malformed_request');
  });

  it('bytes behind a request that says it is the last', async () => {
    await using server = await startTestServer();
    const request = eventRequest({ token: await tokenOf('Ann'), headers: { Connection: 'close' } });
    expect(await refused(server, `${request}${head('GET /healthz')}`)).toBe('400 malformed_request');
  });

  it.each<[name: string, request: EventRequest]>([
    ['HTTP/1.1 without a Host', { headers: { Host: undefined } }],
    ['two Hosts', { headers: { Host: ['a', 'b'] } }],
    ['a Host that can be none', { headers: { Host: 'a b' } }],
    ['HTTP/1.0 with chunks', { version: '1.0', headers: { 'Transfer-Encoding': 'chunked' } }],
  ])('%s with malformed_request', async (_, request) => {
    await using server = await startTestServer();
    const bytes = eventRequest({ token: await tokenOf('Ann'), ...request });
    expect(await refused(server, bytes)).toBe('400 malformed_request');
  });

  it.each<[name: string, headers: Record<string, string>, body: string]>([
    ['a body', { 'Content-Length': '5' }, 'Hello'],
    ['a body that does not come', { 'Content-Length': '5' }, ''],
    ['chunks', { 'Transfer-Encoding': 'chunked' }, '5\r\nHello\r\n0\r\n\r\n'],
    ['no chunks at all', { 'Transfer-Encoding': 'chunked' }, '0\r\n\r\n'],
  ])('%s with body_not_allowed', async (_, headers, body) => {
    await using server = await startTestServer();
    const bytes = eventRequest({ token: await tokenOf('Ann'), headers });
    expect(await refused(server, bytes + body)).toBe('400 body_not_allowed');
  });

  it('a stream behind an answer that is still to come, and answers in order', async () => {
    await using server = await startTestServer();
    const login = JSON.stringify({ email: 'nobody@example.com', password: 'a password' });
    const first = head('POST /login', 'Content-Type: application/json', `Content-Length: ${login.length}`) + login;
    const request = eventRequest({ token: await tokenOf('Ann') });
    const last = head('GET /healthz', 'Connection: close');
    const answers = await conversation(server, first + request + last, [
      { method: 'POST', path: '/login' },
      asked,
      { method: 'GET', path: '/healthz' },
    ]);
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
      [401, 'invalid_credentials'],
      [503, 'unavailable'],
      [200, undefined],
    ]);
    expect(answers[1]!.headers['retry-after']).toBe('1');
  });

  it.each([
    ['another spelling of the path', 'GET /%65vents', 404],
    ['a slash at its end', 'GET /events/', 404],
    ['another case', 'GET /Events', 404],
    ['another method', 'POST /events', 405],
    ['a method of its own', 'PUT /events', 405],
  ])('%s', async (_, first, status) => {
    await using server = await startTestServer();
    const bytes = eventRequest({ token: await tokenOf('Ann') }).replace('GET /events', first);
    const [method, path] = first.split(' ') as [string, string];
    expect((await exchange(server, [bytes], { method, path })).status).toBe(status);
  });
});

it('a client that ends its side with its request enters, and is gone at once', async () => {
  await using server = await startTestServer();
  const bob = await connect(server, { token: await tokenOf('Bob') });
  const socket = dialled(server);
  socket.end(eventRequest({ token: await tokenOf('Ann') }));
  const reader = await readEvents(socket);
  expect(await reader.closed()).toBe(1006);
  await bob.next('user_joined');
  expect((await bob.next('user_joined')).msg.username).toBe('Ann');
  expect((await bob.next('user_left')).msg.username).toBe('Ann');
});
