/** Checks the messages of validation errors: the same over HTTP, in frames and on the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../../src/chat/frames.ts';
import { handshakeHeaders } from '../../harness/chat.ts';
import { request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

let server: TestServer;
let headers: Record<string, string>;
beforeAll(async () => {
  server = await startTestServer();
  headers = { Authorization: `Bearer ${await mint({ id: '1', username: 'Ann' })}` };
});
afterAll(() => server.stop());

const undecodable = 'must be percent-encoded UTF-8';
const once = 'must be given only once';

describe('names the fault and the place in an invalid query', () => {
  it.each<[path: string, want: Readonly<Record<string, string>>]>([
    ['/messages?limit=5&limit=7', { limit: once }],
    ['/messages?limit=5&limit=5', { limit: once }],
    ['/messages?limit=5&%6Cimit=7', { limit: once }],
    ['/messages?limit=', { limit: 'must be a whole number' }],
    ['/messages?limit=many', { limit: 'must be a whole number' }],
    ['/messages?limit=1.5', { limit: 'must be a whole number' }],
    ['/messages?limit=0', { limit: 'must be at least 1' }],
    ['/messages?limit=101', { limit: 'must be at most 100' }],
    ['/messages?limit=%zz', { limit: undecodable }],
    ['/messages?before=', { before: 'must not be empty' }],
    [`/messages?before=${'x'.repeat(65)}`, { before: 'must have at most 64 characters' }],
    ['/messages?before=%ff', { before: undecodable }],
    ['/messages?before=%ed%a0%80', { before: undecodable }],
    ['/messages?before=a%', { before: undecodable }],
    ['/messages?after=', { after: 'must not be empty' }],
    ['/messages?after=%ff', { after: undecodable }],
    ['/messages?after=a&after=a', { after: once }],
    ['/messages?after=a&before=a', { after: 'must not be given together with before' }],
    ['/messages?after=a&before=a&limit=0', { limit: 'must be at least 1' }],
    ['/messages?before=a&before=%ff&limit=0', { before: once, limit: 'must be at least 1' }],
    ['/join?last_event_id=%zz', { last_event_id: undecodable }],
    ['/join?last_event_id=a&last_event_id=b', { last_event_id: once }],
  ])('%s', async (path, want) => {
    const { status, json } = await request(server, 'GET', path, { headers });
    expect([status, json.code]).toEqual([400, 'invalid_parameter']);
    const errors = Object.entries(want);
    expect(json.errors).toEqual(errors.map(([name, detail]) => ({ pointer: `/${name}`, detail })));
    expect(json.detail).toBe(errors.map(([name, detail]) => `${name}: ${detail}`).join('; '));
  });

  it.each(['%ff', '%zz', 'a&last_event_id=a'])(
    'also with the headers of a handshake: last_event_id=%s',
    async (value) => {
      const answer = await request(server, 'GET', `/join?last_event_id=${value}`, {
        headers: { ...handshakeHeaders, ...headers },
      });
      expect([answer.status, answer.json.code]).toEqual([400, 'invalid_parameter']);
    },
  );

  it.each(['/messages?other=%ff', '/messages?%ff=1&%zz', '/messages?other=1&other=2'])(
    '%s is about nothing that anybody asks for',
    async (path) => {
      expect((await request(server, 'GET', path, { headers })).status).toBe(200);
    },
  );

  it('decodes a plus as a space, and percent-encoding', async () => {
    const { json } = await request(server, 'GET', '/messages?before=%7E&limit=%35', { headers });
    expect(json.messages).toEqual([]);
    const { json: refused } = await request(server, 'GET', '/messages?before=1+2', { headers });
    expect(refused.detail).toBe('before: must have only visible ASCII characters');
  });
});

describe('names the fault and the place in an invalid body', () => {
  it.each<[body: unknown, detail: string]>([
    [{}, 'email: is missing; username: is missing; password: is missing'],
    [
      { email: 1, username: ['a'], password: null },
      'email: must be a string; username: must be a string; password: must be a string',
    ],
    [{ email: 'a@b', username: '', password: 'short' }, '; password: must have at least 8 characters'],
    [
      { email: `a@${'b'.repeat(255)}`, username: 'Ann', password: 'long enough' },
      'email: must have at most 254 characters',
    ],
    [[], 'must be an object'],
    ['text', 'must be an object'],
  ])('%j', async (json, detail) => {
    const answer = await request(server, 'POST', '/createUser', { json });
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_body']);
    expect(String(answer.json.detail)).toContain(detail);
    expect(JSON.stringify(answer.json)).not.toMatch(/expected|received|Invalid|Too /);
  });
});

describe('names the fault of an invalid frame in the same words', () => {
  it.each([
    [{}, 'type: is missing'],
    [{ type: 1 }, 'type: must be a string'],
    [{ type: 'chat_message' }, 'msg: is missing'],
    [{ type: 'chat_message', msg: 'a' }, 'msg: must be an object'],
    [{ type: 'chat_message', msg: { text: '', nonce: 1 } }, 'msg.text: must not be empty; msg.nonce: must be a string'],
    [{ type: 'chat_message', msg: { text: 'a'.repeat(4_097) } }, 'msg.text: must have at most 4096 characters'],
  ])('%j', (frame, detail) => {
    expect(decode(JSON.stringify(frame))).toMatchObject({ refusal: { code: 'invalid_message', detail } });
  });
});
