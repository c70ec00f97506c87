/** Bodies, frames and tokens that try to be more than data: database operators, prototypes, deep or huge JSON. */
import { CompactSign } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, handshake } from '../harness/chat.ts';
import { type Answer, request, signUp, type TestUser } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, nowS, testIssuer, testSecret } from '../harness/tokens.ts';

let server: TestServer;
let ann: TestUser;
beforeAll(async () => {
  server = await startTestServer();
  ann = await signUp(server, 'Ann');
});
afterAll(() => server.stop());
// The server runs in this process, so pollution would show here.
afterEach(() => {
  for (const key in {}) throw new Error(`Every object has ${key} now`);
});

let users = 0;
/** A valid sign-up. */
const fresh = () => {
  users += 1;
  return { email: `fresh${users}@example.com`, username: `Fresh ${users}`, password: 'correct horse' };
};
const post = (path: string, body: string | object, token?: string): Promise<Answer> =>
  request(server, 'POST', path, {
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const told = ({ status, json }: Answer): string => (json.code === undefined ? `${status}` : `${status} ${json.code}`);
/** Returns the object's JSON with this text added as further members. */
const adding = (value: object, text: string): string => JSON.stringify(value).replace(/\}$/, `,${text}}`);

const operators: unknown[] = [
  { $gt: '' },
  { $ne: null },
  { $exists: true },
  { $regex: '.*' },
  { $where: 'sleep(5000)' },
  { $in: ['ann@example.com'] },
  { $or: [{}, {}] },
  [{ $gt: '' }],
  ['ann@example.com'],
  { toString: 'x', valueOf: 'y' },
  { _bsontype: 'ObjectId', id: 'x' },
];

describe('database operators', () => {
  const places = ['email', 'username', 'password'].flatMap((field) =>
    operators.map((operator): [string, string, unknown] => [field, JSON.stringify(operator), operator]),
  );
  it.each(places)('refuses one in place of a text: %s: %s', async (field, _, operator) => {
    expect(told(await post('/createUser', { ...fresh(), [field]: operator }))).toBe('400 invalid_body');
    if (field === 'username') return;
    const { email, password } = ann;
    expect(told(await post('/login', { email, password, [field]: operator }))).toBe('400 invalid_body');
  });

  const message = { text: 'hi', nonce: 'n' };
  it.each(operators.map((operator) => [JSON.stringify(operator), operator]))(
    'refuses one in place of a text or nonce: %s',
    async (_, operator) => {
      for (const field of Object.keys(message))
        expect(told(await post('/messages', { ...message, [field]: operator }, ann.token))).toBe('400 invalid_body');
    },
  );

  it.each([
    '{"$gt":""}',
    '{"$ne":null}',
    '$where',
    '$gt',
    "' OR '1'='1",
    'a@b.c"}); db.dropDatabase(); ({"',
    '.*',
    '%',
  ])('stores and compares one inside a text as plain text: %s', async (text) => {
    const email = /@/.test(text) ? text.replaceAll(' ', '') : `${text}@x`.replaceAll(' ', '');
    expect(told(await post('/login', { email, password: text }))).toBe('401 invalid_credentials');
    expect(told(await post('/login', { email: ann.email, password: text }))).toBe('401 invalid_credentials');
    const user = { email, username: text, password: text.padEnd(8, 'x') };
    expect(await post('/createUser', user)).toMatchObject({ status: 201, json: { email, username: text } });
    expect(told(await post('/login', user))).toBe('200');
    expect(told(await post('/login', ann))).toBe('200');
  });

  it('ignores them in members that the schema doesn’t declare', async () => {
    const more = '"$where":"sleep(5000)","$or":[{}],"_id":{"$gt":""},"id":"1","passwordHash":"x","emailKey":{"$gt":""}';
    const user = fresh();
    const { status, json } = await post('/createUser', adding(user, more));
    expect([status, Object.keys(json).sort()]).toEqual([201, ['email', 'id', 'username']]);
    expect(json.id).not.toBe('1');
    expect(told(await post('/login', adding({ email: ann.email, password: 'wrong' }, more)))).toBe(
      '401 invalid_credentials',
    );
    expect(told(await post('/login', adding({ email: user.email, password: user.password }, more)))).toBe('200');
  });
});

const pollution = [
  '"__proto__":{"polluted":1}',
  '"constructor":{"prototype":{"polluted":1}}',
  '"prototype":{"polluted":1}',
  '"__proto__":null',
  '"__proto__":{"__proto__":{"polluted":1},"toString":1}',
  '"toString":1,"valueOf":2,"hasOwnProperty":3,"toJSON":4,"then":5',
];

describe('a member with a name of the prototype', () => {
  it.each(pollution)('is ignored like any other unknown member: %s', async (more) => {
    expect(told(await post('/createUser', adding(fresh(), more)))).toBe('201');
    expect(told(await post('/login', adding({ email: ann.email, password: ann.password }, more)))).toBe('200');
    expect(told(await post('/login', `{${more}}`))).toBe('400 invalid_body');

    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(`{${more}}`);
    expect((await chat.next('error')).msg.code).toBe('invalid_message');
    chat.sendRaw(`{"type":"chat_message",${more},"msg":{${more},"text":"a"}}`);
    expect((await chat.next('chat_message')).msg).toEqual({ from_user: 'Ann', from_user_id: ann.id, text: 'a' });
    await chat.close();

    const posted = await post('/messages', adding({ text: 'b' }, more), ann.token);
    expect(told(posted)).toBe('201');
    expect(posted.json.msg).toEqual({ from_user: 'Ann', from_user_id: ann.id, text: 'b' });
    expect(told(await post('/messages', `{${more}}`, ann.token))).toBe('400 invalid_body');

    const claims = adding({ id: 'p', username: 'Pat', iss: testIssuer, exp: nowS() + 60 }, more);
    expect((await handshake(server, { token: await signed(claims) })).status).toBe(101);
  });

  it('does not stand in for a missing member', async () => {
    const inherited = (value: object): string => `{"__proto__":${JSON.stringify(value)}}`;
    expect(told(await post('/createUser', inherited(fresh())))).toBe('400 invalid_body');
    expect(told(await post('/login', inherited(ann)))).toBe('400 invalid_body');
    expect(told(await post('/messages', inherited({ text: 'hi' }), ann.token))).toBe('400 invalid_body');
    const claims = inherited({ id: 'p', username: 'Pat', iss: testIssuer, exp: nowS() + 60 });
    expect(told(await handshake(server, { token: await signed(claims) }))).toBe('401 invalid_token');
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(inherited({ type: 'chat_message', msg: { text: 'a' } }));
    chat.sendRaw('{"type":"chat_message","msg":{"__proto__":{"text":"a"}}}');
    for (let n = 0; n < 2; n += 1) expect((await chat.next('error')).msg.code).toBe('invalid_message');
    for (const type of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      chat.send({ type, msg: { text: 'a' } });
      expect((await chat.next('error')).msg.code).toBe('unknown_type');
    }
    await chat.close();
  });
});

/** Returns a token signed by this server whose claims are these bytes. */
const signed = (claims: string): Promise<string> =>
  new CompactSign(Buffer.from(claims)).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(testSecret));

/** Returns JSON nested as deeply as fits into this many bytes. */
const nested = (open: string, close: string, bytes: number): string => {
  const depth = Math.floor(bytes / (open.length + close.length));
  return open.repeat(depth) + close.repeat(depth);
};
const nests: [name: string, open: string, close: string][] = [
  ['lists', '[', ']'],
  ['lists never closed', '[', ''],
  ['objects', '{"a":', '}'],
  ['lists of objects', '[{"":', '}]'],
];

describe('JSON up to the size limit', () => {
  it.each(nests)('is handled at any depth: %s in a body', async (_, open, close) => {
    const deep = nested(open, close, 16_000).replace('{"a":}', '{"a":1}').replace('{"":}', '{"":1}');
    const isJson = close !== '';
    for (const path of ['/createUser', '/login'])
      expect(told(await post(path, deep))).toBe(isJson ? '400 invalid_body' : '400 malformed_body');
    const inside = adding(fresh(), `"deep":${deep.slice(0, -1_000)}`);
    expect((await post('/createUser', inside)).status).toBe(400);
  });

  it.each(nests)('is handled at any depth: %s in the body of a message', async (_, open, close) => {
    const deep = nested(open, close, 65_400).replace('{"a":}', '{"a":1}').replace('{"":}', '{"":1}');
    const isJson = close !== '';
    const refused = isJson ? '400 invalid_body' : '400 malformed_body';
    expect(told(await post('/messages', deep, ann.token))).toBe(refused);
    expect(told(await post('/messages', `{"text":${deep}}`, ann.token))).toBe(refused);
    expect(told(await post('/messages', `{"text":"deep","a":${deep}}`, ann.token))).toBe(
      isJson ? '201' : '400 malformed_body',
    );
  });

  it.each(nests)('is handled at any depth: %s in a frame', async (_, open, close) => {
    const deep = nested(open, close, 65_400).replace('{"a":}', '{"a":1}').replace('{"":}', '{"":1}');
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(deep);
    expect((await chat.next('error')).msg.code).toBe(close === '' ? 'malformed_json' : 'invalid_message');
    if (close !== '') {
      chat.sendRaw(`{"type":"chat_message","a":${deep},"msg":{"text":"deep"}}`);
      expect((await chat.next('chat_message')).msg.text).toBe('deep');
      chat.sendRaw(`{"type":"chat_message","msg":{"text":${deep}}}`);
      expect((await chat.next('error')).msg.code).toBe('invalid_message');
    }
    await chat.close();
  });

  it('is handled with as many members as fit', async () => {
    const keys = Array.from({ length: 1_500 }, (_, n) => `"k${n}":0`).join();
    expect(told(await post('/createUser', adding(fresh(), keys)))).toBe('201');
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(adding({ type: 'chat_message', msg: { text: 'a' } }, keys));
    await chat.next('chat_message');
    await chat.close();
  });
});

describe('a number in place of a text', () => {
  const numbers = ['0', '-0', '1e999', '-1e999', '1e-999', '9007199254740993', '0.1e1', '1'.repeat(400)];
  it.each(numbers)('is refused: %s', async (number) => {
    for (const field of ['email', 'username', 'password'])
      expect(told(await post('/createUser', adding(fresh(), `"${field}":${number}`)))).toBe('400 invalid_body');
    for (const fields of [`"text":${number}`, `"text":"a","nonce":${number}`])
      expect(told(await post('/messages', `{${fields}}`, ann.token))).toBe('400 invalid_body');
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(`{"type":"chat_message","msg":{"text":${number}}}`);
    chat.sendRaw(`{"type":"chat_message","msg":{"text":"a","nonce":${number}}}`);
    chat.sendRaw(`{"type":${number},"msg":{"text":"a"}}`);
    for (let n = 0; n < 3; n += 1) expect((await chat.next('error')).msg.code).toBe('invalid_message');
    await chat.close();
  });

  it.each(['01', '+1', '1.', '.5', '0x1', 'NaN', 'Infinity', '1_000', '1n'])(
    'is malformed JSON: %s',
    async (number) => {
      expect(told(await post('/login', `{"email":${number}}`))).toBe('400 malformed_body');
    },
  );
});

describe('the last of two members with one name counts', () => {
  it('in a body', async () => {
    const user = fresh();
    const twice = `{"email":"other@example.com","username":"Other",${JSON.stringify(user).slice(1)}`;
    expect((await post('/createUser', twice)).json).toMatchObject({ email: user.email, username: user.username });
    expect(told(await post('/login', adding(user, '"password":"wrong"')))).toBe('401 invalid_credentials');
    expect(told(await post('/login', adding(user, '"password":{"$gt":""}')))).toBe('400 invalid_body');
  });

  it('in a frame', async () => {
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw('{"type":"x","type":"chat_message","msg":{"text":1},"msg":{"text":"one","text":"two"}}');
    expect((await chat.next('chat_message')).msg.text).toBe('two');
    await chat.close();
  });

  it('in a token', async () => {
    const claims = (more: string): Promise<string> =>
      signed(adding({ id: 'one', username: 'One', iss: testIssuer, exp: nowS() + 60 }, more));
    const chat = await connect(server, { token: await claims('"id":"two","username":"Two"') });
    expect((await chat.next('user_joined')).msg.username).toBe('Two');
    await chat.close();
    for (const more of [
      '"exp":1',
      '"iss":"elsewhere"',
      '"id":7',
      '"username":""',
      '"sub":"other"',
      '"nbf":99999999999',
    ])
      expect(told(await handshake(server, { token: await claims(more) }))).toBe('401 invalid_token');
  });
});

it('refuses half a surrogate pair in every text field', async () => {
  for (const half of ['\\ud83d', '\\ude00', '\\ude00\\ud83d', 'a\\ud83da']) {
    for (const field of ['username', 'password'])
      expect(told(await post('/createUser', adding(fresh(), `"${field}":"abcdefgh${half}"`)))).toBe('400 invalid_body');
    expect(told(await post('/createUser', adding(fresh(), `"email":"a${half}@b"`)))).toBe('400 invalid_body');
    expect(told(await post('/login', `{"email":"a${half}@b","password":"x"}`))).toBe('400 invalid_body');
    for (const fields of [`"text":"${half}"`, `"text":"a","nonce":"${half}"`])
      expect(told(await post('/messages', `{${fields}}`, ann.token))).toBe('400 invalid_body');
    const chat = await connect(server, { token: ann.token });
    chat.sendRaw(`{"type":"chat_message","msg":{"text":"${half}"}}`);
    chat.sendRaw(`{"type":"chat_message","msg":{"text":"a","nonce":"${half}"}}`);
    for (let n = 0; n < 2; n += 1) expect((await chat.next('error')).msg.code).toBe('invalid_message');
    await chat.close();
  }
  expect(told(await handshake(server, { token: await mint({ id: '\ud83d', username: 'A' }) }))).toBe(
    '401 invalid_token',
  );
});
