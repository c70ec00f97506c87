/**
 * Bytes that two parsers could read as different requests. The server refuses each, or reads it in the one valid way.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, handshakeLines } from '../harness/chat.ts';
import { conversation, head, untilClosed } from '../harness/conversation.ts';
import { frame, opcodes } from '../harness/frame.ts';
import type { Answer } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';
const login = { method: 'POST', path: '/login' };
/** The smuggled request. It also ends the connection, so that all answers have arrived. */
const smuggled = head('GET /healthz', 'Connection: close');
const healthz = { method: 'GET', path: '/healthz' };
const post = (...lines: string[]): string => head('POST /login', json, ...lines);
const body = '{"email":"a@b.c","password":"x"}';
const told = (answers: readonly Answer[]): string[] =>
  answers.map(({ status, json }) => (json.code === undefined ? `${status}` : `${status} ${json.code}`));

describe('refuses once and ends the connection', () => {
  const cases: [name: string, bytes: string][] = [
    ['a length, then chunks', `${post('Content-Length: 5', chunked)}0\r\n\r\n`],
    ['chunks, then a length', `${post(chunked, 'Content-Length: 5')}0\r\n\r\n`],
    ['two lengths that differ', `${post('Content-Length: 2', 'Content-Length: 3')}{}`],
    ['two lengths that agree', `${post('Content-Length: 2', 'Content-Length: 2')}{}`],
    ['a list of lengths', `${post('Content-Length: 2, 2')}{}`],
    ['a length with a sign', `${post('Content-Length: +2')}{}`],
    ['a length below zero', `${post('Content-Length: -1')}{}`],
    ['a length in hexadecimal', `${post('Content-Length: 0x2')}{}`],
    ['a length with a space in it', `${post('Content-Length: 1 2')}{}`],
    ['a length beyond numbers', `${post(`Content-Length: ${'9'.repeat(40)}`)}{}`],
    ['an empty length', post('Content-Length:')],
    ['a space before the colon of a length', `${post('Content-Length : 2')}{}`],
    ['a space before the colon of an encoding', `${post('Transfer-Encoding : chunked')}0\r\n\r\n`],
    ['an unknown encoding', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`],
    ['chunks that are not the last encoding', `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n`],
    ['chunks, and another encoding in a header of its own', `${post(chunked, 'Transfer-Encoding: identity')}0\r\n\r\n`],
    ['a vertical tab before the encoding', `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`],
    ['an encoding in quotes', `${post('Transfer-Encoding: "chunked"')}0\r\n\r\n`],
    ['an encoding on a folded line', `${post('Transfer-Encoding:\r\n chunked')}0\r\n\r\n`],
    ['a folded line', head('GET /healthz', 'X-A: b\r\n c')],
    ['chunks in HTTP/1.0', `${post(chunked).replace('HTTP/1.1', 'HTTP/1.0')}0\r\n\r\n`],
    ['lines that end with a bare line feed', 'GET /healthz HTTP/1.1\nHost: localhost\n\n'],
    ['one line that does', head('GET /healthz', 'X-A: b\nContent-Length: 5')],
    ['a bare carriage return', head('GET /healthz', 'X-A: b\rContent-Length: 5')],
    ['a NUL in a header', head('GET /healthz', 'X-A: b\0c')],
    ['a control character in a header', head('GET /healthz', 'X-A: b\x01c')],
    ['a header without a name', head('GET /healthz', ': x')],
    ['a header without a colon', head('GET /healthz', 'Content-Length')],
    ['a space within the target', 'GET /healthz x HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a byte beyond ASCII in the target', 'GET /\x9bhealthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a target that is a host alone', 'GET localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an invalid chunk size', `${post(chunked)}ZZ\r\n{}\r\n0\r\n\r\n`],
    ['a size of a chunk below zero', `${post(chunked)}-2\r\n{}\r\n0\r\n\r\n`],
    ['a size of a chunk beyond numbers', `${post(chunked)}${'F'.repeat(18)}\r\n{}\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${post(chunked)}2\r\n{}XX\r\n0\r\n\r\n`],
    ['chunks that end with a bare line feed', `${post(chunked)}2\n{}\n0\n\n`],
    ['a chunk extension with a line feed', `${post(chunked)}2;a\nb\r\n{}\r\n0\r\n\r\n`],
    ['a chunk extension without end', `${post(chunked)}2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`],
    ['a length among the trailers', `${post(chunked)}2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n`],
  ];
  it.each(cases)('%s', async (_, bytes) => {
    expect(told(await conversation(server, bytes + smuggled))).toEqual(['400 malformed_request']);
  });

  it.each<[string, string]>([
    ['a URL that is too long', head(`GET /${'a'.repeat(17_000)}`)],
    ['a header that is too long', head('GET /healthz', `X-A: ${'a'.repeat(17_000)}`)],
    ['too many headers', head('GET /healthz', ...Array.from({ length: 3_000 }, (_, n) => `a${n}:b`))],
    ['trailers without end', `${post(chunked)}2\r\n{}\r\n0\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s', async (_, bytes) => {
    expect(told(await conversation(server, bytes + smuggled))).toEqual(['431 head_too_large']);
  });

  it('a second Host', async () => {
    const twice = head('GET /healthz', 'Host: elsewhere', 'Connection: close');
    expect(told(await conversation(server, twice))).toEqual(['400 malformed_request']);
    const handshake = head(
      'GET /join',
      ...handshakeLines,
      'Host: localhost',
      `Authorization: Bearer ${await mint({})}`,
    );
    expect(told(await conversation(server, handshake.replace('Upgrade\r\n', 'Upgrade, close\r\n')))).toEqual([
      '400 malformed_request',
    ]);
  });

  it('a tunnel', async () => {
    expect(await conversation(server, head('CONNECT localhost:80') + smuggled)).toEqual([]);
  });
});

describe('reads one request, and the bytes after it as the next one', () => {
  const refused = '401 invalid_credentials';
  const cases: [name: string, bytes: string, want: string][] = [
    ['a body by its length', post(`Content-Length: ${body.length}`) + body, refused],
    ['a length with zeros before it', post(`Content-Length: 000${body.length}`) + body, refused],
    ['chunks', `${post(chunked)}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, refused],
    ['chunks in capitals', `${post('TRANSFER-ENCODING: CHUNKED')}2\r\n{}\r\n0\r\n\r\n`, '400 invalid_body'],
    ['a tab before the encoding', `${post('Transfer-Encoding:\tchunked')}2\r\n{}\r\n0\r\n\r\n`, '400 invalid_body'],
    ['a chunk extension', `${post(chunked)}2;a=b;c="d"\r\n{}\r\n0\r\n\r\n`, '400 invalid_body'],
    ['a trailer', `${post(chunked)}2\r\n{}\r\n0\r\nX-A: b\r\n\r\n`, '400 invalid_body'],
    ['an empty chunked body', `${post(chunked)}0\r\n\r\n`, '400 malformed_body'],
    [
      'one too long in chunks',
      `${post(chunked)}${'4000\r\n'.concat('x'.repeat(0x4000), '\r\n').repeat(3)}0\r\n\r\n`,
      '413 body_too_large',
    ],
    [
      'a body that the server does not read',
      `${head('POST /login', 'Content-Type: text/plain', 'Content-Length: 30')}${'x'.repeat(30)}`,
      '415 unsupported_media_type',
    ],
    ['a body that looks like a request', post(`Content-Length: ${smuggled.length}`) + smuggled, '400 malformed_body'],
  ];
  it.each(cases)('%s', async (_, bytes, want) => {
    expect(told(await conversation(server, bytes + smuggled, [login, healthz]))).toEqual([want, '200']);
  });

  it.each([
    ['a body to GET', `${head('GET /healthz', 'Content-Length: 5')}12345`],
    ['a URL with a scheme and a host', head('GET http://elsewhere/healthz')],
    ['a header named __proto__, and one named constructor', head('GET /healthz', '__proto__: x', 'constructor: y')],
    ['an unknown expectation', head('GET /healthz', 'Expect: everything')],
  ])('%s', async (_, bytes) => {
    expect(told(await conversation(server, bytes + smuggled, [healthz, healthz]))).toEqual(['200', '200']);
  });

  it('a hundred at once are answered in order', async () => {
    const paths = Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? '/healthz' : `/nothing/${n}`));
    const bytes = paths.map((path) => head(`GET ${path}`)).join('') + smuggled;
    const asked = [...paths, '/healthz'].map((path) => ({ method: 'GET', path }));
    const wanted = asked.map(({ path }) => (path === '/healthz' ? '200' : '404 not_found'));
    expect(told(await conversation(server, bytes, asked))).toEqual(wanted);
  });

  it.each(['Host: localhost\r\n', 'Host:\r\n', ''])(
    'HTTP/1.0 with "%s" is answered, and its connection ends',
    async (host) => {
      const bytes = `GET /healthz HTTP/1.0\r\n${host}\r\n`;
      expect(told(await conversation(server, bytes, [healthz]))).toEqual(['200']);
    },
  );

  it.each(['', 'Host:\r\n', 'Host: a b\r\n', 'Host: a/b\r\n'])(
    'HTTP/1.1 with "%s" for a Host is refused',
    async (host) => {
      const bytes = `GET /healthz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`;
      expect(told(await conversation(server, bytes))).toEqual(['400 malformed_request']);
    },
  );

  it('a body that announces too many bytes is refused unread, and ends its connection', async () => {
    const answers = await conversation(server, post('Content-Length: 20000') + 'x'.repeat(20_000) + smuggled, [login]);
    expect(told(answers)).toEqual(['413 body_too_large']);
    expect(answers[0]!.headers.connection).toBe('close');
  });
});

describe('bytes after a handshake belong to its socket', () => {
  it('closes the WebSocket if a request follows, because RFC 6455 has no such frame', async () => {
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const bytes = head(
      'GET /join',
      ...handshakeLines,
      `Authorization: Bearer ${await mint({ id: '1', username: 'Ann' })}`,
    );
    const raw = (await untilClosed(server, bytes + smuggled)).toString('latin1');
    expect(raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 101']);
    // 1002, in a close frame.
    expect(raw.endsWith('\x88\x02\x03\xea')).toBe(true);
    await bob.next('user_joined');
    expect((await bob.next('user_joined')).msg.username).toBe('Ann');
    await bob.next('user_left');
    await bob.close();
  });

  it('reads nothing after a refused handshake', async () => {
    const answers = await conversation(server, head('GET /join', ...handshakeLines) + smuggled, [
      { method: 'GET', path: '/join' },
    ]);
    expect(told(answers)).toEqual(['401 missing_token']);
  });

  it('does not read a frame as a request after a body that no handshake may have', async () => {
    const say = frame(opcodes.text, JSON.stringify({ type: 'chat_message', msg: { text: 'a' } })).toString('latin1');
    const withBody = head('GET /join', ...handshakeLines, `Content-Length: ${say.length}`) + say + smuggled;
    expect(told(await conversation(server, withBody, [{ method: 'GET', path: '/join' }]))).toEqual([
      '400 body_not_allowed',
    ]);
  });

  it('reads nothing, not even half, after an ignored upgrade', async () => {
    const asking = (token = '') =>
      head('GET /join', 'Connection: Upgrade', 'Upgrade: h2c', ...(token ? [`Authorization: Bearer ${token}`] : []));
    const cases: [bytes: string, want: string, method: string, path: string][] = [
      [head('GET /healthz', ...handshakeLines), '200', 'GET', '/healthz'],
      [asking(), '401 missing_token', 'GET', '/join'],
      [asking(await mint({ id: '1', username: 'Ann' })), '426 upgrade_required', 'GET', '/join'],
      [`${head('POST /login', json, ...handshakeLines, 'Content-Length: 2')}{}`, '400 invalid_body', 'POST', '/login'],
    ];
    for (const [bytes, want, method, path] of cases) {
      // Node drops the rest of the same packet, and would take the bytes after that for a request.
      const halved = [`${bytes}POST /login HTTP/1.1\r\nContent-Length: 9\r\n`, smuggled];
      expect([bytes, told(await conversation(server, halved, [{ method, path }]))]).toEqual([bytes, [want]]);
    }
  });
});
