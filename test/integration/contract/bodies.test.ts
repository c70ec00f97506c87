import { describe, expect, it } from 'vitest';
import { type Answer, type RequestOptions, request, signUp } from '../../harness/http.ts';
import { brokenSamples, edgeSamples } from '../../harness/samples.ts';
import { startTestServer } from '../../harness/server.ts';
import { deref, openapi, paths } from '../../harness/spec.ts';
import { mint } from '../../harness/tokens.ts';

/** The user routes ignore a token. */
const authorization = { Authorization: `Bearer ${await mint({ id: '1', username: 'Ann' })}` };

const operations = [...paths].flatMap(([path, methods]) =>
  [...methods.values()].flatMap(({ id, body }) =>
    body ? [{ id, path, schema: deref(openapi, body.schema), example: body.example }] : [],
  ),
);

const pointersOf = ({ json }: Answer): string[] =>
  ((json.errors ?? []) as { pointer: string }[]).map(({ pointer }) => pointer);
const told = ({ status, json }: Answer): string => [status, json.code].filter((part) => part !== undefined).join(' ');

it('three operations take a body', () => {
  expect(operations.map(({ id }) => id)).toEqual(['createUser', 'login', 'publish']);
});

describe.each(operations)('$id', ({ path, schema, example }) => {
  /** Answer to a valid body. The e-mail is unknown, so it is a new user or a failed login. */
  const welcome = path === '/login' ? '401 invalid_credentials' : '201';

  const maxBytes = path === '/messages' ? 65_536 : 16_384;

  async function answerTo({ headers, ...options }: RequestOptions): Promise<Answer> {
    await using server = await startTestServer();
    return await request(server, 'POST', path, { ...options, headers: { ...authorization, ...headers } });
  }

  describe('refuses a body that breaks one keyword, and says where', () => {
    it.each(brokenSamples(schema, example))('$name', async ({ pointer, value }) => {
      const answer = await answerTo({ json: value });
      expect(told(answer)).toBe('400 invalid_body');
      expect(new Set(pointersOf(answer))).toEqual(new Set([pointer]));
    });
  });

  const properties = Object.keys(schema.properties!);
  it.each([
    ['wrong', Object.fromEntries(properties.map((name) => [name, 7])), properties],
    ['missing', {}, schema.required!],
  ])('lists all at once that is %s', async (_, json, names) => {
    const answer = await answerTo({ json });
    expect(told(answer)).toBe('400 invalid_body');
    expect(pointersOf(answer).sort()).toEqual(names.map((name) => `/${name}`).sort());
  });

  describe('accepts values at the bounds', () => {
    const samples = edgeSamples(schema, example);
    it.each(samples)('$name', async ({ value }) => {
      expect(told(await answerTo({ json: value }))).toBe(welcome);
    });
    it('the example of the spec', async () => {
      expect(told(await answerTo({ json: example }))).toBe(welcome);
    });
  });

  const deep = JSON.stringify(example).replace(/\}$/, `,"deep":${'['.repeat(2_000)}${']'.repeat(2_000)}}`);
  it.each([
    ['some', JSON.stringify({ ...example, id: 'mine', from_user: 'Bob', admin: true, '': null, toString: 1 })],
    [
      '__proto__',
      JSON.stringify(example).replace(/\}$/, ',"__proto__":{"email":7,"username":7,"password":7,"text":7}}'),
    ],
    ['deep ones', deep],
  ])('ignores unknown properties: %s', async (_, body) => {
    expect(told(await answerTo({ body, headers: { 'content-type': 'application/json' } }))).toBe(welcome);
  });

  const body = JSON.stringify(example);
  describe('accepts only JSON in UTF-8, by its content type', () => {
    it.each([
      ['application/json', welcome],
      ['Application/JSON', welcome],
      ['application/json;charset=utf-8', welcome],
      ['application/json; charset=UTF-8', welcome],
      ['application/json; charset="utf-8"', welcome],
      ['application/json ; charset=utf-8', welcome],
      ['application/json; profile=x', welcome],
      ['application/json; charset=latin1', '415 unsupported_media_type'],
      ['application/json; charset=utf-16', '415 unsupported_media_type'],
      ['application/json; charset=utf-8-not', '415 unsupported_media_type'],
      ['application/json; profile=x; charset=latin1', '415 unsupported_media_type'],
      ['application/problem+json', '415 unsupported_media_type'],
      ['application/jsonp', '415 unsupported_media_type'],
      ['application/x-www-form-urlencoded', '415 unsupported_media_type'],
      ['multipart/form-data; boundary=json', '415 unsupported_media_type'],
      ['text/json', '415 unsupported_media_type'],
      ['json', '415 unsupported_media_type'],
      [undefined, '415 unsupported_media_type'],
    ])('%s → %s', async (type, want) => {
      expect(told(await answerTo({ body, headers: { 'content-type': type } }))).toBe(want);
    });
  });

  describe('refuses a compressed body, by its content encoding', () => {
    it.each([
      ['identity', welcome],
      ['Identity', welcome],
      ['', welcome],
      ['gzip', '415 unsupported_media_type'],
      ['x-gzip', '415 unsupported_media_type'],
      ['identity, gzip', '415 unsupported_media_type'],
      ['nobody-knows', '415 unsupported_media_type'],
    ])('%s → %s', async (encoding, want) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      const answer = await answerTo({ body, headers });
      expect(told(answer)).toBe(want);
      expect(answer.headers['accept-encoding']).toBe(want === welcome ? undefined : 'identity');
    });
  });

  describe('refuses a body that is not JSON in UTF-8', () => {
    /** The body with these bytes within its first text. */
    const holding = (bytes: number[]): Uint8Array =>
      Buffer.concat([Buffer.from(body.slice(0, 10)), Buffer.from(bytes), Buffer.from(body.slice(10))]);
    it.each<[string, string | Uint8Array]>([
      ['nothing', ''],
      ['half of it', body.slice(0, -1)],
      ['more than one', `${body}${body}`],
      ['a comment', `${body}//`],
      ['a byte that UTF-8 does not have', holding([0xff])],
      ['an overlong form', holding([0xc0, 0x80])],
      ['a surrogate', holding([0xed, 0xa0, 0x80])],
      ['half a character', holding([0xf0, 0x9f, 0x98])],
      ['UTF-16', Buffer.from(body, 'utf16le')],
    ])('%s', async (_, bytes) => {
      const answer = await answerTo({ body: bytes, headers: { 'content-type': 'application/json' } });
      expect(told(answer)).toBe('400 malformed_body');
    });
  });

  describe(`accepts at most ${maxBytes.toLocaleString('en')} bytes`, () => {
    const padded = (length: number): string => body.padEnd(length);
    const type = { 'content-type': 'application/json' };
    it.each<[string, RequestOptions, string]>([
      ['just enough', { body: padded(maxBytes) }, welcome],
      ['one too many', { body: padded(maxBytes + 1) }, '413 body_too_large'],
      ['just enough in chunks', { chunks: [body, padded(maxBytes).slice(body.length)] }, welcome],
      ['one too many in chunks', { chunks: [body, padded(maxBytes + 1).slice(body.length)] }, '413 body_too_large'],
    ])('%s', async (_, options, want) => {
      expect(told(await answerTo({ ...options, headers: type }))).toBe(want);
    });
  });
});

it('login returns the user that was created with the same body', async () => {
  await using server = await startTestServer();
  const { id, username, email, password } = await signUp(server);
  const { status, json } = await request(server, 'POST', '/login', { json: { email: email.toUpperCase(), password } });
  expect([status, json.id, json.username]).toEqual([200, id, username]);
});
