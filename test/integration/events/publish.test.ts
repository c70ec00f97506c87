/** Messages that are published over HTTP, beside those over WebSockets. */
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../generated/chat/index.ts';
import { type Chat, connect, messagesOf } from '../../harness/chat.ts';
import { type EventReader, openEvents } from '../../harness/event-stream.ts';
import { type Answer, type RequestOptions, request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';
import { sharedRooms } from '../../harness/worlds.ts';

const shared = await sharedRooms();

const tokenOf = (username: string, claims = {}): Promise<string> =>
  mint({ id: `id of ${username}`, username, ...claims });
const chat = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await tokenOf(username) });
const stream = async (server: TestServer, username: string): Promise<EventReader> =>
  openEvents(server, { token: await tokenOf(username) });

/** Posts with a token, and the headers of JSON. */
const send = (server: TestServer, token: string, options: RequestOptions): Promise<Answer> =>
  request(server, 'POST', '/messages', {
    ...options,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, ...options.headers },
  });
const post = async (server: TestServer, username: string, json: object): Promise<Answer> =>
  send(server, await tokenOf(username), { json });
const outcome = ({ status, json }: Answer): string => `${status} ${json.code ?? ''}`.trim();

const worlds: [name: string, isShared: boolean, env: () => Record<string, string>][] = [
  ['on one node', false, () => ({})],
  ['over Redis', true, () => shared!.env()],
];

describe.each(worlds)('a message that is posted %s', (_, isShared, world) => {
  const start = (env: Record<string, string> = {}): Promise<TestServer> =>
    startTestServer({ env: { ...world(), ...env } });
  const runs = describe.skipIf(isShared && shared === undefined);

  runs('is answered', () => {
    it('with 201 and the frame that everybody receives, and its sender does not enter the room', async () => {
      await using server = await start();
      const [bob, cleo] = [await chat(server, 'Bob'), await stream(server, 'Cleo')];
      const text = '\u2028 "Hello!"\n\0 👩‍👩‍👧';
      const { status, json } = await post(server, 'Ann', { text, nonce: 'n-1' });
      expect(status).toBe(201);
      expect(json).toMatchObject({
        type: 'chat_message',
        msg: { from_user: 'Ann', from_user_id: 'id of Ann', text, nonce: 'n-1' },
      });
      for (const reader of [bob, cleo]) expect(await reader.next('chat_message')).toEqual(json);
      expect((await (await chat(server, 'Dan')).next('users_online')).msg.list).toEqual(['Bob', 'Cleo']);
      expect(bob.frames.filter((frame) => frame.type === 'user_joined' && frame.msg.username === 'Ann')).toEqual([]);
    });

    it('under the name that its sender has in the room', async () => {
      await using server = await start();
      const ann = await stream(server, 'Ann');
      const renamed = await mint({ id: 'id of Ann', username: 'Anna' });
      expect((await send(server, renamed, { json: { text: 'a' } })).json).toMatchObject({ msg: { from_user: 'Ann' } });
      await ann.leave();
      expect((await send(server, renamed, { json: { text: 'b' } })).json).toMatchObject({ msg: { from_user: 'Anna' } });
    });

    it('with 200 and the first frame if its nonce was sent before, over either transport', async () => {
      await using server = await start();
      const [ann, reader] = [await chat(server, 'Ann'), await stream(server, 'Bob')];
      ann.say('over a WebSocket', 'one');
      const first = await ann.next('chat_message');
      const repeat = await post(server, 'Ann', { text: 'again', nonce: 'one' });
      expect([repeat.status, repeat.json]).toEqual([200, first]);
      const posted = await post(server, 'Ann', { text: 'over HTTP', nonce: 'two' });
      expect(posted.status).toBe(201);
      expect(await ann.next('chat_message')).toEqual(posted.json);
      ann.say('again', 'two');
      expect(await ann.next('chat_message')).toEqual(posted.json);
      expect((await post(server, 'Ann', { text: 'again', nonce: 'two' })).status).toBe(200);
      // A nonce is its user's.
      expect((await post(server, 'Cleo', { text: 'mine', nonce: 'two' })).status).toBe(201);
      while ((await reader.next('chat_message')).msg.text !== 'mine');
      expect(messagesOf(reader).map(({ msg }) => msg.text)).toEqual(['over a WebSocket', 'over HTTP', 'mine']);
    });

    it('with 200 even if another user has taken the name meanwhile', async () => {
      await using server = await start();
      const first = await post(server, 'Ann', { text: 'a', nonce: 'n' });
      const other = await connect(server, { token: await mint({ id: 'another id', username: 'ann' }) });
      await other.next('users_online');
      expect(outcome(await post(server, 'Ann', { text: 'b', nonce: 'm' }))).toBe('409 name_in_use');
      const repeat = await post(server, 'Ann', { text: 'a', nonce: 'n' });
      expect([repeat.status, repeat.json]).toEqual([200, first.json]);
    });
  });

  runs('by many at once, over both transports,', () => {
    it('has one place in one order, and is neither lost nor doubled', async () => {
      const env = world();
      const nodes = await Promise.all(Array.from({ length: isShared ? 3 : 1 }, () => startTestServer({ env })));
      const nodeOf = (n: number): TestServer => nodes[n % nodes.length]!;
      const readers = await Promise.all(
        Array.from({ length: 3 }, async (__, n) => [await chat(nodeOf(n), `W${n}`), await stream(nodeOf(n), `R${n}`)]),
      );
      const answered: ChatMessage[] = [];
      /** Sends each message twice, from different nodes, over different transports. */
      const talk = async (n: number): Promise<void> => {
        const name = `Talker ${n}`;
        const tab = await chat(nodeOf(n + 1), name);
        for (let said = 0; said < 15; said += 1) {
          const [text, nonce] = [`${name}: ${said}`, `n-${said}`];
          tab.say(text, nonce);
          const answers = await Promise.all([
            post(nodeOf(n), name, { text, nonce }),
            post(nodeOf(n + 2), name, { text, nonce }),
          ]);
          for (const { status, json } of answers) {
            expect([200, 201]).toContain(status);
            expect(json).toEqual(answers[0]!.json);
          }
          answered.push(answers[0]!.json as unknown as ChatMessage);
        }
      };
      await Promise.all(Array.from({ length: 6 }, (__, n) => talk(n)));
      const end = await post(nodeOf(0), 'Last', { text: 'the end', nonce: 'last' });
      for (const reader of readers.flat()) while ((await reader.next('chat_message')).msg.nonce !== 'last');
      const [whole, ...others] = readers.flat().map(messagesOf);
      for (const messages of others) expect(messages).toEqual(whole);
      const sorted = [...answered, end.json as unknown as ChatMessage].sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(whole).toEqual(sorted);
      expect(new Set(whole!.map(({ msg }) => msg.text)).size).toBe(6 * 15 + 1);
      await Promise.all(nodes.map((node) => node.stop()));
    });
  });
});

describe('a message is refused', () => {
  it('with 401, 403 and 409, in this order', async () => {
    await using server = await startTestServer();
    expect(outcome(await send(server, 'no token', { json: { text: 'a' } }))).toBe('401 invalid_token');
    expect(outcome(await request(server, 'POST', '/messages', { json: { text: 'a' } }))).toBe('401 missing_token');
    const other = await connect(server, { token: await mint({ id: 'another id', username: 'Ann' }) });
    await other.next('users_online');
    expect(outcome(await post(server, 'Ann', { text: 'a' }))).toBe('409 name_in_use');
    await request(server, 'POST', '/admin/users/id%20of%20Ann/disable', {
      headers: { Authorization: `Bearer ${testAdminToken}` },
    });
    expect(outcome(await post(server, 'Ann', { text: 'a' }))).toBe('403 user_disabled');
    // The body comes before the token.
    expect(outcome(await send(server, 'no token', { json: {} }))).toBe('400 invalid_body');
  });

  it.each<[name: string, options: RequestOptions, want: string]>([
    ['no text', { json: {} }, '400 invalid_body'],
    ['an empty text', { json: { text: '' } }, '400 invalid_body'],
    ['a text that is too long', { json: { text: 'x'.repeat(4_097) } }, '400 invalid_body'],
    ['a text that is none', { json: { text: 1 } }, '400 invalid_body'],
    ['an empty nonce', { json: { text: 'a', nonce: '' } }, '400 invalid_body'],
    ['a nonce that is too long', { json: { text: 'a', nonce: 'x'.repeat(129) } }, '400 invalid_body'],
    ['a list', { json: [] }, '400 invalid_body'],
    ['broken JSON', { body: '{"text":' }, '400 malformed_body'],
    ['no body', { body: '' }, '400 malformed_body'],
    ['bytes that are not UTF-8', { body: Buffer.from('{"text":"\xff"}', 'latin1') }, '400 malformed_body'],
    [
      'a form',
      { body: 'text=a', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      '415 unsupported_media_type',
    ],
    [
      'another charset',
      { json: { text: 'a' }, headers: { 'Content-Type': 'application/json; charset=latin1' } },
      '415 unsupported_media_type',
    ],
    [
      'a compressed body',
      { json: { text: 'a' }, headers: { 'Content-Encoding': 'gzip' } },
      '415 unsupported_media_type',
    ],
  ])('for %s', async (_, options, want) => {
    await using server = await startTestServer();
    expect(outcome(await send(server, await tokenOf('Ann'), options))).toBe(want);
    const reader = await stream(server, 'Bob');
    await post(server, 'Ann', { text: 'after it' });
    expect((await reader.next('chat_message')).msg.text).toBe('after it');
  });

  it('for a body of 65,537 bytes, and taken with 65,536, with its length or in chunks', async () => {
    await using server = await startTestServer();
    const token = await tokenOf('Ann');
    const of = (length: number): string => `{"text":"Hello!"${' '.repeat(length - 17)}}`;
    const [fits, tooLong] = [of(65_536), of(65_537)];
    expect([fits.length, tooLong.length]).toEqual([65_536, 65_537]);
    const halves = (body: string): string[] => [body.slice(0, 40_000), body.slice(40_000)];
    const sent = async (options: RequestOptions): Promise<string> => outcome(await send(server, token, options));
    expect(await sent({ body: fits })).toBe('201');
    expect(await sent({ chunks: halves(fits) })).toBe('201');
    expect(await sent({ body: tooLong })).toBe('413 body_too_large');
    expect(await sent({ chunks: halves(tooLong) })).toBe('413 body_too_large');
    // The longest text fits, with every character escaped.
    const escaped = '\\ud83d\\ude00'.repeat(4_096);
    expect(await sent({ body: `{"text":"${escaped}"}` })).toBe('201');
  });

  it('with 429 and Retry-After beyond the frame limit of its user, over both transports together', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '5' } });
    const ann = await chat(server, 'Ann');
    for (let n = 0; n < 5; n += 1) {
      ann.say(`${n}`);
      await ann.next('chat_message');
    }
    const answers: Answer[] = [];
    while (answers.at(-1)?.status !== 429) {
      expect(answers.length).toBeLessThan(100);
      answers.push(await post(server, 'Ann', { text: 'more' }));
    }
    const last = answers.at(-1)!;
    expect([last.json.code, Number(last.headers['retry-after'])]).toEqual([
      'rate_limited',
      expect.toSatisfy((s) => s >= 1),
    ]);
    ann.say('too many', 'n');
    expect(await ann.next('error')).toMatchObject({ msg: { code: 'rate_limited' } });
    // The limit is its user's.
    expect((await post(server, 'Bob', { text: 'hi' })).status).toBe(201);
  });

  it.skipIf(!shared)('with 503 while Redis is unavailable, and published once when it is sent again', async () => {
    await using server = await startTestServer({ env: shared!.env() });
    const reader = await stream(server, 'Bob');
    await reader.next('user_joined');
    const lastEventId = reader.lastEventId();
    await shared!.redis.hang();
    try {
      const refused = await post(server, 'Ann', { text: 'once', nonce: 'n' });
      expect([outcome(refused), refused.headers['retry-after']]).toEqual(['503 unavailable', '1']);
      expect((await request(server, 'GET', '/readyz')).status).toBe(503);
    } finally {
      shared!.redis.wake();
    }
    let answer = await post(server, 'Ann', { text: 'once', nonce: 'n' });
    while (answer.status === 503) answer = await post(server, 'Ann', { text: 'once', nonce: 'n' });
    expect([200, 201]).toContain(answer.status);
    expect((await post(server, 'Ann', { text: 'once', nonce: 'n' })).json).toEqual(answer.json);
    const back = await openEvents(server, { token: await tokenOf('Bob'), lastEventId });
    expect((await post(server, 'Ann', { text: 'the end' })).status).toBe(201);
    while ((await back.next('chat_message')).msg.text !== 'the end');
    expect(messagesOf(back).map(({ msg }) => msg.text)).toEqual(['once', 'the end']);
  });
});
