import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLocalBackplane } from '../../src/backplane/local.ts';
import { connect } from '../harness/chat.ts';
import { within } from '../harness/deadline.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { frame, opcodes } from '../harness/frame.ts';
import { request } from '../harness/http.ts';
import { exchange } from '../harness/raw.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, testSecret } from '../harness/tokens.ts';
import { run, type ServerProcess } from '../system/process.ts';

const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const head = (first: string, ...lines: string[]): string =>
  `${[`${first} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
const igor = { id: '1', username: 'Igor' };

type Address = Pick<TestServer, 'host' | 'port'>;

/** The server as a process, so that a crash shows. */
async function serverProcess(...flags: string[]): Promise<{ server: ServerProcess; address: TestServer }> {
  const env = { PORT: '0', DATA_DIR: temporaryFolder(), JWT_SECRET: testSecret, LOG_LEVEL: 'info' };
  const server = run(process.execPath, [...flags, '--disable-warning=ExperimentalWarning', 'src/main.ts'], env);
  return { server, address: (await server.address()) as TestServer };
}

/** Sends bytes, waits until `when` resolves, and resets the connection. */
async function reset(
  { host, port }: Address,
  bytes: string,
  when: (socket: Socket) => Promise<unknown>,
): Promise<void> {
  const socket = dial({ host, port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(bytes);
  await when(socket);
  socket.resetAndDestroy();
}

/** Sends a byte now and then until the connection ends. */
async function drip(socket: Socket): Promise<void> {
  const dripping = setInterval(() => socket.write('x'), 100);
  // By an error or without one.
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(dripping);
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('resets during the handshake', () => {
  it('do not end the process, at any stage', async () => {
    const { server, address } = await serverProcess();
    const token = await mint(igor);
    const whole = head('GET /join', ...upgrade, key, `Authorization: Bearer ${token}`);
    const stages: [bytes: string, when: (socket: Socket) => Promise<unknown>][] = [
      ['', tick],
      ['GET /jo', tick],
      [whole.slice(0, -2), tick],
      [whole, () => Promise.resolve()],
      [whole, tick],
      [whole, (socket) => once(socket, 'data')],
      [head('GET /join', ...upgrade, key), tick],
      [head('GET /join', ...upgrade, key), (socket) => once(socket, 'data')],
      [head('GET /join', ...upgrade), tick],
      [head('GET //', ...upgrade, key), tick],
      [head('POST /join', ...upgrade, key, 'Content-Length: 5'), tick],
      [`${head('POST /login', 'Content-Type: application/json', 'Content-Length: 50')}{`, tick],
      [`${head('POST /login', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}5\r\n{`, tick],
    ];
    for (const [bytes, when] of stages) {
      await Promise.all(
        Array.from({ length: 20 }, () => within(reset(address, bytes, when), `a reset after ${bytes}`)),
      );
    }
    expect((await request(address, 'GET', '/healthz')).status).toBe(200);
    expect(server.child.exitCode).toBeNull();
    // Everyone has left the room again.
    const bob = await connect(address, { token: await mint({ id: '2', username: 'Bob' }) });
    const { msg } = await bob.next('users_online');
    if (msg.list.length > 0) await bob.next('user_left');
    await bob.close();
    expect(server.output()).not.toMatch(/"level":(50|60)/);
  });

  it('leave no ghost while the backplane admits the session', async () => {
    const local = createLocalBackplane({ epoch: 1 });
    let admit = (): void => {};
    const asked = Promise.withResolvers<void>();
    const gate = new Promise<void>((resolve) => (admit = resolve));
    const backplane = {
      ...local,
      admit: async (member: typeof igor) => {
        if (member.id === '1') {
          asked.resolve();
          await gate;
        }
        return local.admit(member);
      },
    };
    await using server = await startTestServer({ backplane });
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    await bob.next('user_joined');
    const bytes = head('GET /join', ...upgrade, key, `Authorization: Bearer ${await mint(igor)}`);
    await within(
      reset(server, bytes, () => asked.promise),
      'the order to be asked',
    );
    // The server learns of the reset before the backplane answers.
    await request(server, 'GET', '/healthz');
    admit();
    expect(await bob.next()).toMatchObject({ type: 'user_joined', msg: { username: 'Igor' } });
    expect(await bob.next()).toMatchObject({ type: 'user_left', msg: { username: 'Igor' } });
    await bob.close();
  });
});

/** The request in a head. */
function askedBy(bytes: string): { method: string; path: string } {
  const [method = '', target = ''] = bytes.split(' ');
  return { method, path: target.replace(/^http:\/\/[^/]*/, '') };
}

describe('a request that is not a handshake', () => {
  const cases: [name: string, bytes: string, status: number, code: string | undefined][] = [
    ['GET // with the headers of one', head('GET //', ...upgrade, key), 404, 'not_found'],
    [
      'an absolute URL with credentials',
      head('GET http://u:p@localhost/join', ...upgrade, key),
      400,
      'malformed_request',
    ],
    ['an absolute URL without a host', head('GET http:///join', ...upgrade, key), 400, 'malformed_request'],
    ['a URL with a fragment', head('GET /join#x', ...upgrade, key), 400, 'malformed_request'],
    ['an invalid Host', head('GET /join', ...upgrade, key).replace('localhost', 'a~b'), 400, 'malformed_request'],
    [
      'a Host with an invalid port',
      head('GET /join', ...upgrade, key).replace('localhost', 'a:99999'),
      400,
      'malformed_request',
    ],
    ['an invalid URL', head('GET http://[/join', ...upgrade, key), 400, 'malformed_request'],
    ['an upgrade to something else', head('GET /join', 'Connection: Upgrade', 'Upgrade: h2c'), 401, 'missing_token'],
    ['upgrade headers elsewhere', head('GET /healthz', ...upgrade, key), 200, undefined],
    ['upgrade headers with a method of no use', head('DELETE /join', ...upgrade, key), 405, 'method_not_allowed'],
    ['no key', head('GET /join', ...upgrade), 400, 'malformed_handshake'],
    ['a key that is too short', head('GET /join', ...upgrade, 'Sec-WebSocket-Key: abc'), 400, 'malformed_handshake'],
    [
      'a subprotocol twice',
      head('GET /join', ...upgrade, key, 'Sec-WebSocket-Protocol: a, a'),
      400,
      'malformed_handshake',
    ],
    [
      'an invalid subprotocol',
      head('GET /join', ...upgrade, key, 'Sec-WebSocket-Protocol: a b'),
      400,
      'malformed_handshake',
    ],
    [
      'an empty list of subprotocols',
      head('GET /join', ...upgrade, key, 'Sec-WebSocket-Protocol:'),
      400,
      'malformed_handshake',
    ],
    ['a body', `${head('GET /join', ...upgrade, key, 'Content-Length: 5')}12345`, 400, 'body_not_allowed'],
    [
      'a chunked body',
      `${head('POST /join', ...upgrade, key, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      400,
      'body_not_allowed',
    ],
    ['two lengths', `${head('POST /login', 'Content-Length: 2', 'Content-Length: 3')}{}`, 400, 'malformed_request'],
    [
      'a length and chunks',
      `${head('POST /login', 'Content-Length: 2', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      400,
      'malformed_request',
    ],
    ['garbage', 'hello\r\n\r\n', 400, 'malformed_request'],
    ['no host', 'GET /join HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', 400, 'malformed_request'],
  ];
  it.each(cases)('%s is answered, and the server keeps running', async (_, bytes, status, code) => {
    await using server = await startTestServer();
    const answer = await exchange(server, [bytes], code === 'malformed_request' ? undefined : askedBy(bytes));
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect((await request(server, 'GET', '/healthz')).status).toBe(200);
  });
});

describe('a path has one spelling, with and without the headers of a handshake', () => {
  const spellings = [
    '/%6Aoin',
    '/joi%6e',
    '/./join',
    '/x/../join',
    '/x/%2e%2e/join',
    '/%2E/join',
    '/join/.',
    '//join',
    '/join/',
    '/JOIN',
    '/join;x',
    '/join%3F',
  ];
  it.each([...spellings, 'http://localhost/x/../join', 'http://localhost//join'])('%s is not found', async (target) => {
    await using server = await startTestServer();
    const authorization = `Authorization: Bearer ${await mint(igor)}`;
    const asked = askedBy(`GET ${target}`);
    for (const lines of [[...upgrade, key], []]) {
      const answer = await exchange(server, [head(`GET ${target}`, ...lines, authorization)], asked);
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
    }
  });

  it.each(['/join', '/join?', '/join?a=%zz', 'http://localhost/join', 'https://elsewhere:1/join?a'])(
    '%s means /join',
    async (target) => {
      await using server = await startTestServer();
      const authorization = `Authorization: Bearer ${await mint(igor)}`;
      const asked = { method: 'GET', path: '/join' };
      expect((await exchange(server, [head(`GET ${target}`, authorization)], asked)).status).toBe(426);
      const socket = dial({ host: server.host, port: server.port });
      onTestFinished(() => void socket.destroy());
      socket.write(head(`GET ${target}`, ...upgrade, key, authorization));
      const [bytes] = (await within(once(socket, 'data'), 'an answer')) as [Buffer];
      expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    },
  );
});

describe('bytes after a handshake', () => {
  it('are read as frames, in order, also when they arrive byte by byte', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const say = (text: string) => frame(opcodes.text, JSON.stringify({ type: 'chat_message', msg: { text } }));
    const bytes = Buffer.concat([
      Buffer.from(head('POST /join', ...upgrade, key, `Authorization: Bearer ${await mint(igor)}`)),
      say('one'),
      say('two'),
    ]);
    const socket = dial({ host: server.host, port: server.port, noDelay: true });
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    for (const byte of bytes) socket.write(Buffer.of(byte));
    const texts = [await bob.next('chat_message'), await bob.next('chat_message')].map(({ msg }) => msg.text);
    expect(texts).toEqual(['one', 'two']);
    // A half-closed connection ends the session.
    socket.end();
    await bob.next('user_left');
    await bob.close();
  });
});

describe('a flood of handshakes', () => {
  const flood = async (address: Address, first: string, count: number): Promise<void> => {
    const lane = async (): Promise<void> => {
      for (let done = 0; done < count / 20; done += 1) {
        const socket = dial({ host: address.host, port: address.port });
        socket.on('error', () => {});
        socket.write(head(first, ...upgrade));
        await within(once(socket, 'data'), 'an answer');
        socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
  };

  it.each(['GET /join', 'POST /join'])('%s without a key, 2,000 times, leaves nothing behind', async (first) => {
    await using server = await startTestServer();
    const collect = globalThis.gc!;
    await flood(server, first, 200);
    collect();
    const before = process.memoryUsage().heapUsed;
    await flood(server, first, 2_000);
    collect();
    const perHandshake = (process.memoryUsage().heapUsed - before) / 2_000;
    // A leak here once took 6 KB for each.
    expect(perHandshake).toBeLessThan(1_500);
    expect((await request(server, 'GET', '/healthz')).status).toBe(200);
  });
});

it('a refused handshake that goes on sending is cut off, and does not delay a shutdown', async () => {
  const { server, address } = await serverProcess();
  // The client does not end its side when the server ends its own.
  const socket = dial({ host: address.host, port: address.port, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(head('GET /join', ...upgrade, key));
  await within(once(socket, 'data'), 'the refusal');
  const cut = drip(socket);
  server.child.kill('SIGTERM');
  expect(await server.exited()).toBe(0);
  await within(cut, 'the cut');
});
