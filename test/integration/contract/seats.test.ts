/** Checks which close codes make a user leave the roster. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Chat, connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint, nowS, testAdminToken } from '../../harness/tokens.ts';

/** Long against what a test takes. */
const room = (env: Record<string, string> = {}) => startTestServer({ env: { PRESENCE_GRACE: '60s', ...env } });
const ann = { id: '1', username: 'Ann' };

/** Bob, who is in the room and has seen Ann come. */
async function observer(server: TestServer): Promise<Chat> {
  return connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
}

/** Returns the joins and leaves that this session has received until now. */
async function seen(chat: Chat): Promise<string[]> {
  chat.say('up to here', `${chat.frames.length}`);
  await chat.next('chat_message');
  return chat.frames.flatMap((frame) =>
    frame.type === 'user_joined' || frame.type === 'user_left' ? [`${frame.type} ${frame.msg.username}`] : [],
  );
}
const came = ['user_joined Bob', 'user_joined Ann'];

describe('a close code after which the client reconnects', () => {
  it('4001 keeps the user in the room, so that nobody notices a late renewal', async () => {
    await using server = await room();
    const bob = await observer(server);
    const late = await connect(server, { token: await mint({ ...ann, exp: nowS() - 3 }) });
    expect(await late.closed()).toBe(4001);
    const back = await connect(server, { token: await mint(ann) });
    expect((await back.next('users_online')).msg.list).toEqual(['Bob', 'Ann']);
    expect(await seen(bob)).toEqual(came);
  });

  it('1013 keeps the user in the room', async () => {
    await using server = await room({ MAX_BUFFERED_BYTES: '1024', RATE_LIMIT_FRAMES: '0' });
    const bob = await observer(server);
    const slow = await connect(server, { token: await mint(ann) });
    slow.pause();
    for (let said = 0; server.counts.websocket.slowConsumers === 0; said += 1) {
      expect(said).toBeLessThan(5_000);
      bob.say('€'.repeat(4_096));
      await bob.next('chat_message');
    }
    slow.resume();
    expect(await slow.closed()).toBe(1013);
    await connect(server, { token: await mint(ann) });
    expect(await seen(bob)).toEqual(came);
  });
});

describe('a close code that is final', () => {
  it('4003 removes the user at once', async () => {
    await using server = await room();
    const bob = await observer(server);
    const out = await connect(server, { token: await mint(ann) });
    await request(server, 'POST', '/admin/users/1/disable', { headers: { Authorization: `Bearer ${testAdminToken}` } });
    expect(await out.closed()).toBe(4003);
    expect((await bob.next('user_left')).msg.username).toBe('Ann');
  });

  it('1008 removes the user at once', async () => {
    await using server = await room();
    const bob = await observer(server);
    const loud = await connect(server, { token: await mint(ann) });
    for (let n = 0; n < 30; n += 1) loud.sendRaw('*');
    expect(await loud.closed()).toBe(1008);
    expect((await bob.next('user_left')).msg.username).toBe('Ann');
  });

  it.each([1000, 1001, 1011, 3000, 4001, 4999])(
    '%d of a client leaves at once, as every code of a client does',
    async (code) => {
      await using server = await room();
      const bob = await observer(server);
      const socket = new WebSocket(`ws://${server.host}:${server.port}/join`, {
        headers: { Authorization: `Bearer ${await mint(ann)}` },
      });
      await within(once(socket, 'open'), 'the connection to open');
      socket.close(code);
      expect((await bob.next('user_left')).msg.username).toBe('Ann');
    },
  );
});
