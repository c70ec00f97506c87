/** Streams that resume, by the rules that a reader of Server-Sent Events knows. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Chat, connect, lastId, messagesOf } from '../../harness/chat.ts';
import { type EventRequest, openEvents } from '../../harness/event-stream.ts';
import { keeping, startTestServer, type TestServer } from '../../harness/server.ts';
import { startTcpProxy } from '../../harness/tcp-proxy.ts';
import { mint } from '../../harness/tokens.ts';
import { sharedRooms } from '../../harness/worlds.ts';

const shared = await sharedRooms();

const tokenOf = (username: string): Promise<string> => mint({ id: `id of ${username}`, username });
const chat = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await tokenOf(username) });
const stream = async (server: Pick<TestServer, 'host' | 'port'>, username: string, more: EventRequest = {}) =>
  openEvents(server, { token: await tokenOf(username), ...more });
const texts = (reader: Pick<Chat, 'frames'>): string[] => messagesOf(reader).map(({ msg }) => msg.text);

/** Sends messages, and waits for each. */
async function say(talker: Chat, ...said: string[]): Promise<void> {
  for (const text of said) {
    talker.say(text);
    while ((await talker.next('chat_message')).msg.text !== text);
  }
}

const worlds: [name: string, isShared: boolean, env: () => Record<string, string>][] = [
  ['on one node', false, () => ({})],
  ['over Redis', true, () => shared!.env()],
];
describe.each(worlds)('a stream that resumes %s', (_, isShared, world) => {
  const runs = it.skipIf(isShared && shared === undefined);
  const start = (): Promise<TestServer> => startTestServer({ env: { ...world(), PRESENCE_GRACE: '60s' } });

  runs('gets what it missed behind a users_online without an id line, by either parameter', async () => {
    await using server = await start();
    const bob = await chat(server, 'Bob');
    const before = await stream(server, 'Ann');
    await say(bob, 'one');
    await before.next('chat_message');
    await before.leave();
    const id = before.lastEventId();
    expect(id).toBe(lastId(bob));
    await say(bob, 'two', 'three');
    for (const more of [{ lastEventId: id }, { query: `?last_event_id=${id}` }]) {
      const back = await stream(server, 'Ann', more);
      await say(bob, 'four');
      while ((await back.next('chat_message')).msg.text !== 'four');
      expect((back.frames[0] as { msg: object }).msg).toMatchObject({ list: ['Bob', 'Ann'], recovered: true });
      expect(back.events[0]).toMatchObject({ type: 'users_online', hasId: false, lastEventId: '' });
      expect(texts(back).slice(0, 3)).toEqual(['two', 'three', 'four']);
      await back.leave();
    }
  });

  runs('takes the query before the header', async () => {
    await using server = await start();
    const bob = await chat(server, 'Bob');
    await say(bob, 'one');
    const first = lastId(bob);
    await say(bob, 'two');
    const back = await stream(server, 'Ann', { lastEventId: lastId(bob), query: `?last_event_id=${first}` });
    await back.next('chat_message');
    expect(texts(back)).toEqual(['two']);
  });

  runs('is told so if messages may be missing, and may resume behind that', async () => {
    await using server = await start();
    const bob = await chat(server, 'Bob');
    await say(bob, 'one');
    const back = await stream(server, 'Ann', { lastEventId: 'unknown' });
    const online = await back.next('users_online');
    expect([online.msg.recovered, back.events[0]!.lastEventId]).toEqual([false, online.id]);
    await back.leave();
    await say(bob, 'two');
    const again = await stream(server, 'Ann', { lastEventId: online.id });
    await again.next('chat_message');
    expect(texts(again)).toEqual(['two']);
  });

  runs('loses and doubles nothing, wherever in a replay it is cut', async () => {
    await using server = await start();
    const bob = await chat(server, 'Bob');
    const before = await stream(server, 'Ann');
    await before.next('user_joined');
    await before.leave();
    const missed = Array.from({ length: 60 }, (__, n) => `missed ${n} ${'€'.repeat(n)}`);
    await say(bob, ...missed);
    const proxy = await startTcpProxy(server.port);
    onTestFinished(() => proxy.close());
    const whole = await stream(server, 'Ann', { lastEventId: before.lastEventId() });
    while ((await whole.next('chat_message')).msg.text !== missed.at(-1));
    const total = whole.socket.bytesRead;
    await whole.leave();
    const steps = Array.from({ length: 20 }, (__, n) => Math.floor((total * (n + 1)) / 21) + n);
    for (const bytes of [1, ...steps, total - 2, total - 1]) {
      const broken = proxy.cutAfter(bytes, 'client');
      const opening = stream({ ...proxy, host: '127.0.0.1' }, 'Ann', { lastEventId: before.lastEventId() });
      // The cut may be in the head.
      const first = await opening.catch(() => undefined);
      await broken;
      await first?.closed();
      const second = await stream(server, 'Ann', { lastEventId: first?.lastEventId() || before.lastEventId() });
      while ((await second.next('chat_message')).msg.text !== missed.at(-1));
      expect([...(first ? texts(first) : []), ...texts(second)]).toEqual(missed);
      await second.leave();
    }
  });
});

it('resumes over a restart of the server, also what a WebSocket has read, and the other way', async () => {
  const env = { ...keeping(), PRESENCE_GRACE: '60s' };
  let ids: string[];
  {
    await using server = await startTestServer({ env });
    const [bob, ann] = [await chat(server, 'Bob'), await stream(server, 'Ann')];
    await say(bob, 'one');
    await ann.next('chat_message');
    ids = [ann.lastEventId(), lastId(bob)];
    await say(bob, 'two');
  }
  await using server = await startTestServer({ env });
  const [overHttp, overWebSocket] = [
    await stream(server, 'Bob', { lastEventId: ids[1]! }),
    await connect(server, { token: await tokenOf('Ann'), lastEventId: ids[0]! }),
  ];
  for (const reader of [overHttp, overWebSocket]) {
    expect((await reader.next('users_online')).msg.recovered).toBe(true);
    await reader.next('chat_message');
    expect(texts(reader)).toEqual(['two']);
  }
});
