import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../generated/chat/index.ts';
import type { MessagePage } from '../../../generated/http/index.ts';
import openapi from '../../../generated/http/openapi.json' with { type: 'json' };
import { type Chat, connect, lastId, messagesOf } from '../../harness/chat.ts';
import { request } from '../../harness/http.ts';
import { keeping, startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const join = async (server: TestServer, name: string, lastEventId?: string): Promise<Chat> =>
  connect(server, {
    token: await mint({ id: `id of ${name}`, username: name }),
    ...(lastEventId !== undefined && { lastEventId }),
  });

async function page(server: TestServer, query = ''): Promise<MessagePage> {
  const token = await mint({ id: 'reader', username: 'Reader' });
  const { status, text } = await request(server, 'GET', `/messages${query}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  expect(status).toBe(200);
  return JSON.parse(text);
}
const textsOf = (messages: readonly ChatMessage[]): string[] => messages.map(({ msg }) => msg.text);

/** Sends this many messages, and waits for the last. */
async function say(chat: Chat, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1) chat.say(`m${n}`);
  while ((await chat.next('chat_message')).msg.text !== `m${to}`);
}
const names = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `m${from + n}`);

describe('GET /messages', () => {
  it('pages back to the beginning: each message once, as delivered, including unstored ones', async () => {
    await using server = await startTestServer();
    expect(await page(server)).toEqual({ messages: [], gaps: [], as_of: expect.any(String) });
    const ann = await join(server, 'Ann');
    ann.say('first', 'n-1');
    await say(ann, 2, 120);
    const pages = [await page(server, '?limit=40')];
    while (pages[0]!.before !== undefined) pages.unshift(await page(server, `?limit=40&before=${pages[0]!.before}`));
    expect(pages.map(({ messages }) => messages.length)).toEqual([40, 40, 40]);
    expect(pages.flatMap(({ messages }) => messages)).toEqual(messagesOf(ann));
    expect(pages.flatMap(({ gaps }) => gaps)).toEqual([]);
    expect((await page(server)).messages).toHaveLength(50);
  });

  it('pages forwards to the end, and names its position there', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    await say(ann, 1, 120);
    const pages = [await page(server, '?limit=50&after=0')];
    for (let { after } = pages[0]!; after !== undefined; { after } = pages.at(-1)!)
      pages.push(await page(server, `?limit=50&after=${after}`));
    expect(pages.map(({ messages }) => messages.length)).toEqual([50, 50, 20]);
    expect(pages.flatMap(({ messages }) => messages)).toEqual(messagesOf(ann));
    for (const one of pages) expect(one).toMatchObject({ gaps: [], as_of: lastId(ann) });
    for (const one of pages) expect(one).not.toHaveProperty('before');
    expect(await page(server, `?after=${lastId(ann)}`)).toEqual({ messages: [], gaps: [], as_of: lastId(ann) });
  });

  it('names the position of the last frame, of any type, on pages backwards too', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    await ann.next('user_joined');
    expect((await page(server)).as_of).toBe(lastId(ann));
    await say(ann, 1, 2);
    await join(server, 'Bob');
    await ann.next('user_joined');
    expect((await page(server)).as_of).toBe(lastId(ann));
    expect((await page(server, `?before=${messagesOf(ann)[1]!.id}`)).as_of).toBe(lastId(ann));
  });

  it('gives a client that polls every message once, also over a restart', async () => {
    const env = keeping();
    const [polled, sent]: [ChatMessage[], ChatMessage[]] = [[], []];
    let at = '0';
    const poll = async (server: TestServer): Promise<void> => {
      const { messages, after, as_of } = await page(server, `?limit=7&after=${at}`);
      polled.push(...messages);
      at = after ?? as_of!;
    };
    for (const [from, to] of [
      [1, 60],
      [61, 100],
    ] as const) {
      await using server = await startTestServer({ env });
      const ann = await join(server, 'Ann');
      const said = say(ann, from, to);
      let isSaid = false;
      void said.finally(() => (isSaid = true));
      while (!isSaid) await poll(server);
      await said;
      sent.push(...messagesOf(ann));
      while (polled.at(-1)?.msg.text !== `m${to}`) await poll(server);
    }
    expect(polled).toEqual(sent);
  });

  it.each(['before=1&after=1', 'after=1&before=2&limit=3'])('refuses both positions at once: %s', async (query) => {
    await using server = await startTestServer();
    const { status, json } = await request(server, 'GET', `/messages?${query}`);
    const detail = 'must not be given together with before';
    expect([status, json.code, json.errors]).toEqual([400, 'invalid_parameter', [{ pointer: '/after', detail }]]);
  });

  it('answers HEAD like GET, without the page', async () => {
    await using server = await startTestServer();
    await say(await join(server, 'Ann'), 1, 3);
    const headers = { Authorization: `Bearer ${await mint({ id: 'reader', username: 'Reader' })}` };
    const ask = (method: string) => request(server, method, '/messages?after=0', { headers });
    const [head, get] = [await ask('HEAD'), await ask('GET')];
    expect([head.status, head.text, get.status]).toEqual([200, '', 200]);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
    expect((await request(server, 'HEAD', '/messages?after=0&before=1', { headers })).status).toBe(400);
  });

  it('accepts any position in the stream', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    await say(ann, 1, 3);
    const joined = ann.frames.find(({ type }) => type === 'user_joined') as { id: string };
    expect(textsOf((await page(server, `?before=${joined.id}`)).messages)).toEqual([]);
    expect(textsOf((await page(server, '?before=~')).messages)).toEqual(names(1, 3));
    expect(textsOf((await page(server, `?after=${joined.id}`)).messages)).toEqual(names(1, 3));
    expect(await page(server, '?after=~')).toEqual({ messages: [], gaps: [], as_of: '~' });
    const { example } = openapi.components.parameters.Before;
    expect(textsOf((await page(server, `?before=${example}`)).messages)).toEqual(names(1, 3));
  });

  it('survives a restart, and keeps HISTORY_MAX_COUNT messages', async () => {
    const env = { ...keeping(), HISTORY_MAX_COUNT: '5' };
    {
      await using server = await startTestServer({ env });
      await say(await join(server, 'Ann'), 1, 8);
    }
    {
      await using server = await startTestServer({ env });
      await expect.poll(async () => textsOf((await page(server)).messages)).toEqual(names(4, 8));
      await say(await join(server, 'Bob'), 9, 9);
      expect(textsOf((await page(server)).messages)).toEqual(names(4, 9));
    }
  });
});

it('stores every acknowledged message at a clean shutdown', async () => {
  const env = keeping();
  const said: ChatMessage[] = [];
  {
    await using server = await startTestServer({ env });
    const ann = await join(server, 'Ann');
    for (const text of names(1, 200)) ann.say(text);
    await ann.next('chat_message');
    await server.stop();
    expect(await ann.closed()).toBe(1001);
    said.push(...messagesOf(ann));
  }
  expect(said.length).toBeGreaterThan(0);
  await using server = await startTestServer({ env });
  const last = await page(server, '?limit=100');
  expect(last.gaps).toEqual([]);
  const before = last.before === undefined ? [] : (await page(server, `?limit=100&before=${last.before}`)).messages;
  expect([...before, ...last.messages]).toEqual(said);
});

describe('a client that reconnects', () => {
  it('receives the missed messages once, in order, before newer ones', async () => {
    await using server = await startTestServer();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    await say(ann, 1, 3);
    await bob.next('chat_message');
    const seen = messagesOf(bob).length;
    bob.drop();
    const at = lastId(bob);
    await say(ann, 4, 8);
    const back = await join(server, 'Bob', at);
    ann.say('live');
    while ((await back.next('chat_message')).msg.text !== 'live');
    const [online] = back.frames;
    expect(online).toMatchObject({ type: 'users_online', msg: { recovered: true } });
    expect([...messagesOf(bob).slice(0, seen), ...messagesOf(back)].map(({ id }) => id)).toEqual(
      messagesOf(ann)
        .map(({ id }) => id)
        .filter((id) => id > (bob.frames[0] as { id: string }).id),
    );
    const replayed = messagesOf(back).slice(0, -1);
    for (const { id } of replayed) expect(id > at && id <= (online as { id: string }).id).toBe(true);
  });

  it('has missed nothing if no message was sent', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    await say(ann, 1, 1);
    const back = await join(server, 'Ann', lastId(ann));
    expect((await back.next('users_online')).msg.recovered).toBe(true);
    await say(ann, 2, 2);
    await back.next('chat_message');
    expect(textsOf(messagesOf(back))).toEqual(['m2']);
  });

  it('receives no missed messages if they would be incomplete', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    const { id: first } = await ann.next('users_online');
    await say(ann, 1, 1_001);
    const far = [first, 'x', '~', '0'.repeat(16), `${first.slice(0, 17)}${'9'.repeat(16)}`, first.replace(/^./, '1')];
    for (const lastEventId of far) {
      const back = await join(server, 'Bob', lastEventId);
      expect((await back.next('users_online')).msg.recovered).toBe(false);
      expect(messagesOf(back)).toEqual([]);
      await back.close();
    }
    const [oldest] = messagesOf(ann);
    const back = await join(server, 'Bob', oldest!.id);
    while ((await back.next('chat_message')).msg.text !== 'm1001');
    expect(textsOf(messagesOf(back))).toEqual(names(2, 1_001));
  });

  it('receives no replay without last_event_id', async () => {
    await using server = await startTestServer();
    expect((await (await join(server, 'Ann')).next('users_online')).msg).toEqual({ list: [], users: [] });
  });

  it('recovers over an orderly restart', async () => {
    const env = keeping();
    let at: string;
    {
      await using server = await startTestServer({ env });
      const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
      await say(ann, 1, 2);
      await bob.next('chat_message');
      at = messagesOf(bob)[0]!.id;
      bob.drop();
      await say(ann, 3, 4);
    }
    await using server = await startTestServer({ env });
    const back = await join(server, 'Bob', at);
    await say(back, 5, 5);
    expect(back.frames[0]).toMatchObject({ msg: { recovered: true } });
    expect(textsOf(messagesOf(back))).toEqual(names(2, 5));
  });
});

describe('a nonce', () => {
  it('of a user is published once; the repeat is answered with the first frame, to its session only', async () => {
    await using server = await startTestServer();
    const [ann, tab, bob] = [await join(server, 'Ann'), await join(server, 'Ann'), await join(server, 'Bob')];
    ann.say('once', 'n-1');
    const first = await tab.next('chat_message');
    tab.say('twice', 'n-1');
    expect(await tab.next('chat_message')).toEqual(first);
    tab.say('fence');
    for (const chat of [ann, tab, bob]) while ((await chat.next('chat_message')).msg.text !== 'fence');
    expect([textsOf(messagesOf(ann)), textsOf(messagesOf(bob))]).toEqual([
      ['once', 'fence'],
      ['once', 'fence'],
    ]);
    // Delivered, and answered.
    expect(textsOf(messagesOf(tab))).toEqual(['once', 'once', 'fence']);
  });

  it('belongs to one user', async () => {
    await using server = await startTestServer();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    ann.say('hers', 'n-1');
    await ann.next('chat_message');
    bob.say('his', 'n-1');
    expect((await ann.next('chat_message')).msg).toMatchObject({ text: 'his', from_user: 'Bob' });
  });

  it('is known over a restart', async () => {
    const env = keeping();
    let first: ChatMessage;
    {
      await using server = await startTestServer({ env });
      const ann = await join(server, 'Ann');
      ann.say('once', 'n-1');
      first = await ann.next('chat_message');
    }
    await using server = await startTestServer({ env });
    const ann = await join(server, 'Ann');
    ann.say('twice', 'n-1');
    expect(await ann.next('chat_message')).toEqual(first);
  });
});

describe('a user whose connection broke', () => {
  const room = () => startTestServer({ env: { PRESENCE_GRACE: '1s', MAX_SESSIONS_PER_USER: '1' } });

  it('reconnects unnoticed, and leaves at once when it closes', async () => {
    await using server = await room();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    await ann.next('user_joined');
    bob.drop();
    // Its first session counts until the server has seen that it broke.
    let back: Chat | undefined;
    while (!back) back = await join(server, 'Bob').catch(() => undefined);
    expect((await back.next('users_online')).msg.list).toEqual(['Ann', 'Bob']);
    ann.say('fence');
    while ((await ann.next('chat_message')).msg.text !== 'fence');
    expect(ann.frames.map(({ type }) => type)).toEqual(['users_online', 'user_joined', 'user_joined', 'chat_message']);
    await back.close();
    expect((await ann.next('user_left')).msg.username).toBe('Bob');
  });

  it('leaves if it does not reconnect in time', async () => {
    await using server = await room();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    bob.drop();
    expect((await ann.next('user_left')).msg.username).toBe('Bob');
    const back = await join(server, 'Bob');
    expect((await back.next('users_online')).msg.list).toEqual(['Ann']);
  });
});
