import { describe, expect, it } from 'vitest';
import { recordClose, recordCloseEvent, recordFrame, recordResponse, type SeenResponse, seen } from './recorder.ts';

const problem = (code: string, status: number, title: string, more = {}): string =>
  JSON.stringify({ type: `urn:palaver:problem:${code}`, title, status, code, ...more });
const json = { 'content-type': 'application/json' };
const problemJson = { 'content-type': 'application/problem+json' };

const created: SeenResponse = {
  method: 'POST',
  path: '/createUser',
  status: 201,
  headers: json,
  text: '{"id":"4","username":"Ann","email":"ann@example.com"}',
};
const refused: SeenResponse = {
  method: 'GET',
  path: '/join?a=1',
  status: 401,
  headers: { ...problemJson, 'www-authenticate': 'Bearer' },
  text: problem('missing_token', 401, 'Token missing'),
};
const switched: SeenResponse = {
  method: 'POST',
  path: '/join',
  status: 101,
  headers: { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' },
  text: '',
};
const streamed: SeenResponse = {
  method: 'GET',
  path: '/events?last_event_id=1',
  status: 200,
  headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  text: '',
};
const notAllowed = { ...problemJson, allow: 'GET, HEAD' };

describe('the recorder takes what the specs declare, and remembers it', () => {
  it.each<[name: string, SeenResponse]>([
    ['createUser 201', created],
    ['createUser 201', { ...created, headers: { 'content-type': 'application/json; charset=UTF-8', 'x-more': '1' } }],
    ['join 401 missing_token', refused],
    ['joinByPost 101', switched],
    ['events 200', streamed],
    ['events 200', { ...streamed, method: 'HEAD' }],
    ['healthz 200', { method: 'HEAD', path: '/healthz', status: 200, headers: json, text: '' }],
    [
      'unmatched 404 not_found',
      { method: 'GET', path: '/x', status: 404, headers: problemJson, text: problem('not_found', 404, 'Not found') },
    ],
    [
      'unmatched 405 method_not_allowed',
      {
        method: 'PUT',
        path: '/healthz',
        status: 405,
        headers: notAllowed,
        text: problem('method_not_allowed', 405, 'Method not allowed'),
      },
    ],
    [
      'unreadable 400 malformed_request',
      { status: 400, headers: problemJson, text: problem('malformed_request', 400, 'Malformed request') },
    ],
  ])('%s', (name, response) => {
    seen.answers.clear();
    recordResponse(response);
    expect([...seen.answers]).toEqual([name]);
  });
});

describe('the recorder throws at a response with', () => {
  it.each<[name: string, SeenResponse, message: RegExp]>([
    ['a status that is not declared', { ...created, status: 200 }, /POST \/createUser → 200 .*not declared/],
    ['a status of another path', { ...refused, path: '/nothing' }, /401 is not declared/],
    ['404 at a known path', { ...refused, path: '/healthz', status: 404 }, /404 is not declared/],
    [
      '404 for an unknown method',
      { method: 'PUT', path: '/healthz', status: 404, headers: problemJson, text: '' },
      /404 is not declared/,
    ],
    ['a content type that is not declared', { ...created, headers: problemJson }, /content type/],
    ['no content type', { ...created, headers: {} }, /content type undefined/],
    ['no JSON', { ...created, text: '{' }, /not JSON/],
    ['a property that is missing', { ...created, text: '{"id":"4"}' }, /must have required property 'username'/],
    [
      'a property that is not declared',
      { ...created, text: created.text.replace('{', '{"passwordHash":"x",') },
      /additional properties/,
    ],
    [
      'a value that breaks a pattern',
      { ...created, text: created.text.replace('Ann', 'An\u200bn') },
      /username must match pattern/,
    ],
    ['a required header missing', { ...refused, headers: problemJson }, /www-authenticate is missing/],
    [
      'a header that is wrong',
      { ...refused, headers: { ...problemJson, 'www-authenticate': 'Basic' } },
      /www-authenticate: .*pattern/,
    ],
    [
      'an optional header that is wrong',
      { ...switched, headers: { ...switched.headers, 'sec-websocket-protocol': 'x' } },
      /sec-websocket-protocol/,
    ],
    ['a code of another response', { ...refused, text: problem('name_in_use', 401, 'Name in use') }, /allowed values/],
    ['another status in its problem', { ...refused, text: problem('missing_token', 403, 'Token missing') }, /constant/],
    ['another title', { ...refused, text: problem('missing_token', 401, 'Token lost') }, /title/],
    [
      'another type',
      { ...refused, text: problem('missing_token', 401, 'Token missing', { type: 'urn:palaver:problem:token' }) },
      /type/,
    ],
    [
      'a member that is null',
      { ...refused, text: problem('missing_token', 401, 'Token missing', { detail: null }) },
      /detail must be string/,
    ],
    [
      'a stack',
      { ...refused, text: problem('missing_token', 401, 'Token missing', { detail: 'x\n    at f (/a/src/b.ts:1:2)' }) },
      /tells of the inside/,
    ],
    [
      'a version',
      { ...refused, text: problem('missing_token', 401, 'Token missing', { detail: 'Node 24.21.0' }) },
      /tells of the inside: 24\.21\.0/,
    ],
    [
      'a header that tells what answers',
      { ...created, headers: { ...created.headers, 'x-powered-by': 'Hono' } },
      /x-powered-by tells/,
    ],
    [
      'a body to HEAD',
      { method: 'HEAD', path: '/healthz', status: 200, headers: json, text: '{"status":"ok"}' },
      /a body where there is none/,
    ],
    [
      'a stream that a proxy may keep back',
      { ...streamed, headers: { ...streamed.headers, 'x-accel-buffering': undefined } },
      /x-accel-buffering is missing/,
    ],
    [
      'a stream of another type',
      { ...streamed, headers: { ...streamed.headers, 'content-type': 'text/plain' } },
      /content type text\/plain/,
    ],
    ['a body to 101', { ...switched, text: 'x' }, /a body where there is none/],
  ])('%s', (_, response, message) => {
    expect(() => recordResponse(response)).toThrow(message);
  });
});

describe('the recorder throws at a frame with', () => {
  const joined = { type: 'user_joined', id: '1', sent_at: '2024-03-04T07:47:45.139Z', msg: { username: 'Ann' } };
  const said = { ...joined, type: 'chat_message', msg: { from_user: 'Ann', text: 'a' } };
  it.each<[name: string, frame: unknown, message: RegExp]>([
    ['a type that is not declared', { ...joined, type: 'pong' }, /no frame of the server/],
    ['no object', null, /no frame of the server/],
    ['a property that is not declared', { ...joined, seq: 1 }, /additional properties/],
    ['a property too many within', { ...said, msg: { ...said.msg, id: '1' } }, /additional properties/],
    ['a property that is missing', { ...joined, id: undefined }, /required property 'id'/],
    ['a time in another form', { ...joined, sent_at: '2024-03-04T07:47:45Z' }, /sent_at must match pattern/],
    ['a text that is too long', { ...said, msg: { ...said.msg, text: 'a'.repeat(4_097) } }, /more than 4096/],
    [
      'a code that is not declared',
      { type: 'error', sent_at: joined.sent_at, msg: { code: 'x', detail: 'y' } },
      /allowed values/,
    ],
  ])('%s', (_, frame, message) => {
    expect(recordFrame(JSON.stringify(joined))).toEqual(joined);
    expect(() => recordFrame(JSON.stringify(frame))).toThrow(message);
  });

  it('no JSON', () => {
    expect(() => recordFrame('{')).toThrow(/not JSON/);
  });
});

it('the recorder throws at a close code that nobody declares', () => {
  for (const code of [1000, 1001, 1002, 1005, 1006, 4001]) recordClose(code);
  for (const code of [1004, 1010, 3000, 4000]) expect(() => recordClose(code)).toThrow(`Close ${code}`);
});

describe('the recorder throws at a close event with', () => {
  const close = { code: 4001, reason: 'token_expired' };
  it.each<[name: string, close: unknown, message: RegExp]>([
    ['a code that no stream has', { ...close, code: 1008 }, /code/],
    ['no reason', { code: 4001 }, /required property 'reason'/],
    ['a property that is not declared', { ...close, id: '1' }, /additional properties/],
  ])('%s', (_, broken, message) => {
    seen.closes.clear();
    expect(recordCloseEvent(JSON.stringify(close))).toEqual(close);
    expect([...seen.closes]).toEqual([4001]);
    expect(() => recordCloseEvent(JSON.stringify(broken))).toThrow(message);
  });
});
