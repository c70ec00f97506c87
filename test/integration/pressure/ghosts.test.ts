/** Dead connections, and a user who reconnects. */
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { ghostTimeoutMs } from '../../../src/chat/ghosts.ts';
import { connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { joinRaw } from '../../harness/raw-session.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

/** Answers no ping, like a phone in a tunnel. */
async function joinAndDie(server: TestServer, token: string) {
  const socket = await joinRaw(server, token);
  socket.resume();
  onTestFinished(() => void socket.destroy());
  return socket;
}

it('replaces one of ten dead connections after one ping, and sends no user_left', async () => {
  await using server = await startTestServer();
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  const token = await mint({ id: '1', username: 'Ann' });
  const oldest = await joinAndDie(server, token);
  const cut = once(oldest, 'close');
  const others = [];
  for (let n = 1; n < 10; n += 1) others.push(await joinAndDie(server, token));
  const startMs = performance.now();
  const back = await connect(server, { token });
  expect(performance.now() - startMs).toBeGreaterThan(ghostTimeoutMs - 100);
  await within(cut, 'the end of the oldest');
  expect(others.filter((socket) => socket.destroyed)).toEqual([]);
  // The next one joins without a wait, because the others have been silent for long enough.
  const again = await connect(server, { token });
  again.say('Here I am', 'n');
  await back.next('chat_message');
  expect(bob.frames.filter(({ type }) => type === 'user_left')).toEqual([]);
});

it('refuses one connection too many while the others are alive', async () => {
  await using server = await startTestServer({ env: { MAX_SESSIONS_PER_USER: '3' } });
  const token = await mint({ id: '1', username: 'Ann' });
  const sessions = await Promise.all(Array.from({ length: 3 }, () => connect(server, { token })));
  for (let n = 0; n < 2; n += 1) await expect(connect(server, { token })).rejects.toThrow('429 too_many_sessions');
  sessions[0]!.say('All here', 'n');
  await Promise.all(sessions.map((session) => session.next('chat_message')));
});

it('replaces a dead connection of the same user, not of another, when the server is full', async () => {
  await using server = await startTestServer({ env: { MAX_SESSIONS: '2' } });
  const [ann, bob, cleo] = await Promise.all(
    ['Ann', 'Bob', 'Cleo'].map((username) => mint({ id: `id of ${username}`, username })),
  );
  await joinAndDie(server, ann!);
  const other = await joinAndDie(server, bob!);
  await expect(connect(server, { token: cleo! })).rejects.toThrow('503 server_full');
  await connect(server, { token: ann! });
  expect(other.destroyed).toBe(false);
});
