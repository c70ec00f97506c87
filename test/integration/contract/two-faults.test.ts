import { describe, expect, it } from 'vitest';
import { handshakeHeaders } from '../../harness/chat.ts';
import { request, signUp } from '../../harness/http.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';

type Options = NonNullable<Parameters<typeof request>[3]>;
const text = { 'Content-Type': 'text/plain' };
const json = { 'Content-Type': 'application/json' };
const foreign = { Origin: 'http://elsewhere.example' };
const as = (token: string) => ({ Authorization: `Bearer ${token}` });
const plain = { Upgrade: undefined, Connection: 'close' };
const longId = `/admin/users/${'x'.repeat(129)}/disable`;
const ann = await mint({ id: '1', username: 'Ann' });

describe('reports the first of several faults in the order of the contract', () => {
  const cases: [want: string, before: string, method: string, path: string, Options][] = [
    ['not_found', 'body_too_large', 'POST', '/nothing', { headers: text, body: 'x'.repeat(16_385) }],
    ['method_not_allowed', 'body_too_large', 'PUT', '/login', { headers: text, body: 'x'.repeat(16_385) }],
    ['method_not_allowed', 'missing_token', 'GET', '/admin/users/1/disable', {}],
    ['body_too_large', 'unsupported_media_type', 'POST', '/login', { headers: text, body: 'x'.repeat(16_385) }],
    ['unsupported_media_type', 'malformed_body', 'POST', '/login', { headers: text, body: '{' }],
    ['unsupported_media_type', 'invalid_body', 'POST', '/createUser', { headers: text, body: '{}' }],
    ['invalid_parameter', 'body_not_allowed', 'POST', '/join?last_event_id=', { body: 'x' }],
    ['invalid_parameter', 'malformed_handshake', 'GET', '/join?last_event_id=', { headers: handshakeHeaders }],
    ['body_not_allowed', 'origin_not_allowed', 'POST', '/join', { headers: foreign, body: 'x' }],
    ['origin_not_allowed', 'missing_token', 'GET', '/join', { headers: { ...handshakeHeaders, ...foreign } }],
    ['origin_not_allowed', 'upgrade_required', 'GET', '/join', { headers: { ...as(ann), ...foreign } }],
    ['missing_token', 'upgrade_required', 'GET', '/join', { headers: plain }],
    ['invalid_parameter', 'missing_token', 'GET', '/messages?limit=0', {}],
    ['unsupported_media_type', 'missing_token', 'POST', '/messages', { headers: text, body: '{}' }],
    ['invalid_body', 'missing_token', 'POST', '/messages', { headers: json, body: '{}' }],
    ['missing_token', 'unsupported_media_type', 'POST', '/messages', {}],
    ['invalid_token', 'unsupported_media_type', 'POST', '/messages', { headers: as('no.real.token') }],
    ['unsupported_media_type', 'rate_limited', 'POST', '/messages', { headers: as(ann) }],
    ['body_not_allowed', 'missing_token', 'POST', '/logout', { body: 'x' }],
    ['missing_token', 'invalid_parameter', 'POST', longId, { body: 'x' }],
    ['invalid_parameter', 'body_not_allowed', 'POST', longId, { headers: as(testAdminToken), body: 'x' }],
  ];
  const named = cases.map(([want, before, method, path, options]) => ({ want, before, method, path, options }));
  it.each(named)('$want before $before: $method $path', async ({ want, method, path, options }) => {
    await using server = await startTestServer();
    expect((await request(server, method, path, options)).json.code).toBe(want);
  });

  it('malformed_handshake before origin_not_allowed and missing_token', async () => {
    await using server = await startTestServer();
    const headers = { ...handshakeHeaders, ...foreign, 'Sec-WebSocket-Key': 'x' };
    expect((await request(server, 'GET', '/join', { headers })).json.code).toBe('malformed_handshake');
  });

  it('malformed_request before not_found', async () => {
    await using server = await startTestServer();
    expect((await exchange(server, ['GET /nothing HTTP/1.1\r\n\r\n'])).json.code).toBe('malformed_request');
  });

  it('user_disabled before upgrade_required, but behind invalid_token', async () => {
    await using server = await startTestServer();
    await request(server, 'POST', '/admin/users/1/disable', { headers: as(testAdminToken) });
    const codeFor = async (token: string) => (await request(server, 'GET', '/join', { headers: as(token) })).json.code;
    expect(await codeFor(ann)).toBe('user_disabled');
    expect(await codeFor(await mint({ id: '1', username: 'Ann', exp: 1 }))).toBe('invalid_token');
  });

  it('too_many_attempts before invalid_credentials and email_taken, but behind what is wrong with the body', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_LOGIN: '1', RATE_LIMIT_SIGNUP: '1' } });
    const { email, password, username } = await signUp(server);
    const codeOf = async (path: string, body: object) =>
      (await request(server, 'POST', path, { headers: json, json: body })).json.code;
    expect(await codeOf('/login', { email, password: 'another' })).toBe('too_many_attempts');
    expect(await codeOf('/createUser', { email, password, username })).toBe('too_many_attempts');
    expect(await codeOf('/login', { email })).toBe('invalid_body');
  });
});
