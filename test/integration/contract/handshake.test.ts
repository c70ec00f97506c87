import { describe, expect, it } from 'vitest';
import { connect, handshake, handshakeHeaders } from '../../harness/chat.ts';
import { type Answer, request } from '../../harness/http.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

type Options = NonNullable<Parameters<typeof handshake>[1]>;
const token = await mint({ id: '1', username: 'Ann' });
const other = await mint({ id: '2', username: 'Bob' });

/** `101 palaver.v1`, `401 missing_token`. */
const told = ({ status, headers, json }: Answer): string =>
  [status, json.code ?? headers['sec-websocket-protocol'] ?? ''].join(' ').trim();

const knock = async (options: Options): Promise<Answer> => {
  await using server = await startTestServer();
  return await handshake(server, options);
};
const authorization = (value: string | string[], beside: Options = {}): Options => ({
  ...beside,
  headers: { Authorization: value },
});
const bearer = `bearer.${token}`;

describe('credentials', () => {
  it.each<[name: string, Options, want: string]>([
    ['in the header', { token }, '101'],
    ['in the header, with the subprotocol', { token, protocols: ['palaver.v1'] }, '101 palaver.v1'],
    ['in the header, with an unknown subprotocol', { token, protocols: ['chat.v9'] }, '101'],
    ['the scheme in small letters', authorization(`bearer ${token}`), '101'],
    ['the scheme in capitals', authorization(`BEARER ${token}`), '101'],
    ["the header's name in capitals", { headers: { AUTHORIZATION: `Bearer ${token}` } }, '101'],
    ['two spaces', authorization(`Bearer  ${token}`), '101'],
    ['in a subprotocol', { protocols: ['palaver.v1', bearer] }, '101 palaver.v1'],
    ['in a subprotocol, the other way round', { protocols: [bearer, 'palaver.v1'] }, '101 palaver.v1'],
    ['in a subprotocol, alone', { protocols: [bearer] }, '101'],
    ['in a subprotocol, with another', { protocols: ['chat.v9', 'palaver.v1', bearer] }, '101 palaver.v1'],
    ['both, the same', { token, protocols: ['palaver.v1', bearer] }, '101 palaver.v1'],
    ['both, different', { token: other, protocols: ['palaver.v1', bearer] }, '401 invalid_token'],
    ['two subprotocols', { protocols: ['palaver.v1', bearer, `bearer.${other}`] }, '401 invalid_token'],
    ['two headers', authorization([`Bearer ${token}`, `Bearer ${other}`]), '401 invalid_token'],
    ['two headers, the same', authorization([`Bearer ${token}`, `Bearer ${token}`]), '401 invalid_token'],
    ['two headers, of two schemes', authorization(['Basic YTpi', `Bearer ${token}`]), '401 invalid_token'],
    ['two tokens in one header', authorization(`Bearer ${token} ${other}`), '401 invalid_token'],
    ['a scheme without its token', authorization('Bearer'), '401 invalid_token'],
    ['none', {}, '401 missing_token'],
    ['none, with the subprotocol', { protocols: ['palaver.v1'] }, '401 missing_token'],
    ['with another scheme', authorization('Basic YTpi'), '401 missing_token'],
    ['with a scheme whose name begins alike', authorization(`Bearers ${token}`), '401 missing_token'],
    ['a token without its scheme', authorization(token), '401 missing_token'],
    ['in the URL', { path: `/join?token=${token}&access_token=${token}` }, '401 missing_token'],
    ['in a cookie', { headers: { Cookie: `token=${token}` } }, '401 missing_token'],
  ])('%s', async (_, options, want) => {
    const answer = await knock(options);
    expect(told(answer)).toBe(want);
    if (want === '401 missing_token') expect(answer.headers['www-authenticate']).toBe('Bearer');
    if (want === '401 invalid_token') expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    const plain = await knock({ ...options, headers: { ...options.headers, Upgrade: undefined, Connection: 'close' } });
    expect(told(plain)).toBe(want.startsWith('101') ? '426 upgrade_required' : want);
  });
});

describe('a handshake', () => {
  const headers = (given: Options['headers'], beside: Options = {}): Options => ({ token, ...beside, headers: given });
  it.each<[name: string, Options, want: string]>([
    ['with Connection as a browser sends it', headers({ Connection: 'keep-alive, Upgrade' }), '101'],
    ['with Upgrade in other letters', headers({ Upgrade: 'WebSocket' }), '101'],
    ['with unknown query parameters', { token, path: '/join?room=1&x' }, '101'],
    ['with an empty body', headers({ 'Content-Length': '0' }, { method: 'POST' }), '101'],
    ['without a key', headers({ 'Sec-WebSocket-Key': undefined }), '400 malformed_handshake'],
    ['with an empty key', headers({ 'Sec-WebSocket-Key': '' }), '400 malformed_handshake'],
    ['with a key of 15 bytes', headers({ 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAA' }), '400 malformed_handshake'],
    ['with a key of 17 bytes', headers({ 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }), '400 malformed_handshake'],
    [
      'with a key in no base64',
      headers({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZ!==' }),
      '400 malformed_handshake',
    ],
    ['with a subprotocol twice', { token, protocols: ['palaver.v1', 'palaver.v1'] }, '400 malformed_handshake'],
    ['with a subprotocol that has a space', { token, protocols: ['pa laver'] }, '400 malformed_handshake'],
    ['with an empty list of subprotocols', headers({ 'Sec-WebSocket-Protocol': '' }), '400 malformed_handshake'],
    [
      'with empty elements among its subprotocols',
      headers({ 'Sec-WebSocket-Protocol': ',palaver.v1, ,' }),
      '101 palaver.v1',
    ],
    ['of version 8', headers({ 'Sec-WebSocket-Version': '8' }), '426 upgrade_required'],
    ['of version 14', headers({ 'Sec-WebSocket-Version': '14' }), '426 upgrade_required'],
    ['of no version', headers({ 'Sec-WebSocket-Version': undefined }), '426 upgrade_required'],
    ['of version 8, without a token', { headers: { 'Sec-WebSocket-Version': '8' } }, '401 missing_token'],
    ['for another protocol', headers({ Upgrade: 'h2c' }), '426 upgrade_required'],
    ['elsewhere', { token, path: '/elsewhere' }, '404 not_found'],
    ['a slash further', { token, path: '/join/' }, '404 not_found'],
    ['at /healthz', { path: '/healthz' }, '200'],
  ])('%s', async (_, options, want) => {
    expect(told(await knock(options))).toBe(want);
  });

  it.each<[name: string, method: 'GET' | 'POST', Parameters<typeof request>[3]]>([
    ['a body', 'POST', { body: 'x' }],
    ['a chunked body', 'POST', { chunks: ['x'] }],
    ['an empty chunked body', 'POST', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a body', 'GET', { body: 'x' }],
  ])('with %s (%s) is refused, its bytes never read as frames', async (_, method, options) => {
    await using server = await startTestServer();
    const usual = { ...handshakeHeaders, Authorization: `Bearer ${token}` };
    for (const headers of [usual, { ...usual, Upgrade: undefined, Connection: 'close' }]) {
      const answer = await request(server, method, '/join', {
        ...options,
        headers: { ...headers, ...options?.headers },
      });
      expect(told(answer)).toBe('400 body_not_allowed');
    }
  });

  const lines = (given: readonly string[]): string => `${given.join('\r\n')}\r\n\r\n`;
  const upgrade = Object.entries(handshakeHeaders).map(([name, value]) => `${name}: ${value}`);
  const whole = lines(['GET /join HTTP/1.1', 'Host: localhost', ...upgrade]);
  it.each<[name: string, bytes: Iterable<string>, want: string]>([
    ['byte by byte', whole, '401 missing_token'],
    ['without Host', [lines(['GET /join HTTP/1.1', ...upgrade])], '400 malformed_request'],
    ['with an invalid Host', [lines(['GET /join HTTP/1.1', 'Host: a b', ...upgrade])], '400 malformed_request'],
    [
      'with an invalid header',
      [lines(['GET /join HTTP/1.1', 'Host: a', 'No colon', ...upgrade])],
      '400 malformed_request',
    ],
    [
      'with two lengths',
      [lines(['GET /join HTTP/1.1', 'Host: a', 'Content-Length: 0', 'Content-Length: 1'])],
      '400 malformed_request',
    ],
  ])('on the wire: %s', async (_, bytes, want) => {
    await using server = await startTestServer();
    expect(told(await exchange(server, bytes, { method: 'GET', path: '/join' }))).toBe(want);
  });
});

describe('answers a plain request that could join with 426, and changes nothing', () => {
  it.each(['GET', 'POST'])('%s', async (method) => {
    await using server = await startTestServer();
    const ask = (bearerToken: string) =>
      request(server, method, '/join', { headers: { Authorization: `Bearer ${bearerToken}` } });
    expect(told(await ask(token))).toBe('426 upgrade_required');
    const bob = await connect(server, { token: other });
    expect((await bob.next('users_online')).msg.list).toEqual([]);
    expect(told(await ask(other))).toBe('426 upgrade_required');
    expect(told(await ask(await mint({ id: '3', username: 'ＢＯＢ' })))).toBe('409 name_in_use');
  });
});

it('answers a browser with its subprotocol, and opens a chat with both ways to authenticate', async () => {
  await using server = await startTestServer();
  const ann = await connect(server, { method: 'POST', protocols: ['palaver.v1', bearer] });
  const bob = await connect(server, { token: other });
  expect([ann.protocol, bob.protocol]).toEqual(['palaver.v1', '']);
  bob.say('hi');
  expect((await ann.next('chat_message')).msg).toEqual({ from_user: 'Bob', from_user_id: '2', text: 'hi' });
});
