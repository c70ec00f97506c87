import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../../generated/chat/index.ts';
import type { Backplane } from '../../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { type Chat, connect } from '../../harness/chat.ts';
import { request, signUp } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const idOf = (username: string): string => `id of ${username}`;
const tokenOf = (username: string): Promise<string> => mint({ id: idOf(username), username });
const join = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await tokenOf(username) });

/** A frame in one word or two: `online Ann,Bob`, `joined Ann`, `left Ann`, `Ann: hi`. */
function inShort({ type, msg }: ServerMessage): string {
  if (type === 'users_online') return `online ${msg.list}`;
  if (type === 'chat_message') return `${msg.from_user}: ${msg.text}`;
  if (type === 'token_refreshed') return type;
  return type === 'error' ? `error ${msg.code}` : `${type.slice('user_'.length)} ${msg.username}`;
}

/** Returns all frames that a session receives up to this message. */
async function seenUntil(chat: Chat, text: string): Promise<string[]> {
  for (;;) {
    const frame = await chat.next();
    if (frame.type === 'chat_message' && frame.msg.text === text) return chat.frames.map(inShort);
  }
}

describe('presence', () => {
  it("sends the roster to a user's first session, then its own user_joined", async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    const bob = await join(server, 'Bob');
    bob.say('hi');
    expect(await seenUntil(bob, 'hi')).toEqual(['online Ann', 'joined Bob', 'Bob: hi']);
    expect(await seenUntil(ann, 'hi')).toEqual(['online ', 'joined Ann', 'joined Bob', 'Bob: hi']);
  });

  it('names users by their ids in the roster, as they join and leave, and in messages', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    const [cleo, bob] = [await join(server, 'Cleo'), await join(server, 'Bob')];
    expect((await bob.next('users_online')).msg).toEqual({
      list: ['Ann', 'Cleo'],
      users: [
        { username: 'Ann', user_id: idOf('Ann') },
        { username: 'Cleo', user_id: idOf('Cleo') },
      ],
    });
    expect((await bob.next('user_joined')).msg).toEqual({ username: 'Bob', user_id: idOf('Bob') });
    cleo.say('hi');
    expect((await bob.next('chat_message')).msg).toEqual({
      from_user: 'Cleo',
      from_user_id: idOf('Cleo'),
      text: 'hi',
    });
    await ann.close();
    expect((await bob.next('user_left')).msg).toEqual({ username: 'Ann', user_id: idOf('Ann') });
  });

  it('announces nothing for a further session, which is in the roster; user_left follows the last one', async () => {
    await using server = await startTestServer();
    const [ann, first] = [await join(server, 'Ann'), await join(server, 'Bob')];
    const second = await join(server, 'Bob');
    await second.next('users_online');
    await first.close();
    second.say('one tab left');
    expect(await seenUntil(second, 'one tab left')).toEqual(['online Ann,Bob', 'Bob: one tab left']);
    await second.close();
    await ann.next('user_left');
    expect(ann.frames.map(inShort)).toEqual(['online ', 'joined Ann', 'joined Bob', 'Bob: one tab left', 'left Bob']);
  });

  it('sends the roster in join order', async () => {
    await using server = await startTestServer();
    const zoe = await join(server, 'Zoe');
    const bob = await join(server, 'Bob');
    await join(server, 'Ann');
    await zoe.close();
    await bob.next('user_left');
    await join(server, 'Zoe');
    expect(inShort(await (await join(server, 'Eve')).next())).toBe('online Bob,Ann,Zoe');
  });

  it("takes a user's name from the token of its first session", async () => {
    await using server = await startTestServer();
    await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
    const second = await connect(server, { token: await mint({ id: '1', username: 'Anna' }) });
    second.say('hi');
    expect(await seenUntil(second, 'hi')).toEqual(['online Ann', 'Ann: hi']);
  });

  it('sends user_left for a broken connection', async () => {
    await using server = await startTestServer();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    bob.drop();
    expect((await ann.next('user_left')).msg).toEqual({ username: 'Bob', user_id: idOf('Bob') });
  });

  it('frees a name when its user has left', async () => {
    await using server = await startTestServer();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    await bob.close();
    await ann.next('user_left');
    const other = await connect(server, { token: await mint({ id: 'other', username: 'BOB' }) });
    expect(inShort(await other.next('user_joined'))).toBe('joined BOB');
  });

  it('admits users with and without a stored account', async () => {
    await using server = await startTestServer();
    const { token, username } = await signUp(server);
    await join(server, 'Stranger');
    expect(inShort(await (await connect(server, { token })).next())).toBe('online Stranger');
    expect(inShort(await (await join(server, 'Third')).next())).toBe(`online Stranger,${username}`);
  });
});

describe('order', () => {
  it('is the same for all: ids rise, times never go back, no frame is missing or repeated', async () => {
    await using server = await startTestServer();
    const chats: Chat[] = [];
    for (const name of ['Ann', 'Bob', 'Cleo', 'Dan']) {
      const chat = await join(server, name);
      chats.push(chat);
      for (const each of chats) each.say(`of ${each.frames.length} when ${name} came`);
    }
    chats[0]!.say('end');
    for (const chat of chats) await seenUntil(chat, 'end');
    const all = chats[0]!.frames;
    for (const { frames } of chats) {
      const ordered = frames.filter((frame) => 'id' in frame);
      const ids = ordered.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort());
      const times = ordered.map(({ sent_at }) => sent_at);
      expect(times).toEqual([...times].sort());
      const [online, ...rest] = ordered;
      expect(rest).toEqual(all.filter((frame) => 'id' in frame && frame.id > online!.id));
    }
  });

  it('continues across a restart', async () => {
    const dataDir = await mkdtemp(pathOf(tmpdir(), 'palaver-'));
    const lastId = async (): Promise<string> => {
      await using server = await startTestServer({ env: { DATA_DIR: dataDir } });
      return (await (await join(server, 'Ann')).next('user_joined')).id;
    };
    try {
      const ids = [await lastId(), await lastId(), await lastId()];
      expect(ids).toEqual([...new Set(ids)].sort());
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });
});

describe('messages that a client sends', () => {
  const say = (text: string) => ({ type: 'chat_message', msg: { text } });

  it.each(['GET', 'POST'] as const)('in one packet with its handshake (%s) are delivered in order', async (method) => {
    await using server = await startTestServer();
    const early = ['1', '2', '3', '4', '5'];
    const ann = await connect(server, { method, token: await tokenOf('Ann'), early: early.map(say) });
    ann.say('6');
    expect(await seenUntil(ann, '6')).toEqual(['online ', 'joined Ann', ...early.map((n) => `Ann: ${n}`), 'Ann: 6']);
  });

  it('while it is joining are delivered in order', async () => {
    const inner = createLocalBackplane({ epoch: Date.now() });
    const [asked, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const admit: Backplane['admit'] = async (member) => {
      asked.resolve();
      await held.promise;
      return inner.admit(member);
    };
    await using server = await startTestServer({ backplane: { ...inner, admit } });
    const joining = connect(server, { token: await tokenOf('Ann'), early: ['1', '2', '3'].map(say) });
    await asked.promise;
    // Another whole connection has come and gone: what travelled with the handshake is here.
    await request(server, 'GET', '/healthz');
    held.resolve();
    expect(await seenUntil(await joining, '3')).toEqual(['online ', 'joined Ann', 'Ann: 1', 'Ann: 2', 'Ann: 3']);
  });

  it('as soon as its socket opens are delivered in order', async () => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    const texts = Array.from({ length: 200 }, (_, n) => String(n));
    for (const text of texts) ann.say(text);
    expect((await seenUntil(ann, '199')).slice(2)).toEqual(texts.map((text) => `Ann: ${text}`));
  });

  it('before its close are published', async () => {
    await using server = await startTestServer();
    const [ann, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    for (const text of ['1', '2', '3']) bob.say(text);
    await bob.close();
    await ann.next('user_left');
    expect(ann.frames.slice(3).map(inShort)).toEqual(['Bob: 1', 'Bob: 2', 'Bob: 3', 'left Bob']);
  });
});
