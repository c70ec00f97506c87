/** Slow consumers among sessions that read. */
import { once } from 'node:events';
import pLimit from 'p-limit';
import { expect, it, onTestFinished } from 'vitest';
import { type Chat, connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { joinRaw } from '../../harness/raw-session.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { asyncapi, component } from '../../harness/spec.ts';
import { mint } from '../../harness/tokens.ts';

const join = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await mint({ id: `id of ${username}`, username }) });

const longest = '€'.repeat(component(asyncapi, 'Text').maxLength!);

/** Sends messages, each after the echo of the last one, until this many have left. Returns the number of messages. */
async function talkUntilLeft(talker: Chat, users: number): Promise<number> {
  const left = (): number => talker.frames.filter(({ type }) => type === 'user_left').length;
  let said = 0;
  for (; left() < users; said += 1) {
    if (said === 4_000) throw new Error(`${left()} of ${users} left after ${said} messages`);
    talker.say(longest);
    await talker.next('chat_message');
  }
  return said;
}

const messages = ({ frames }: Chat): string[] =>
  frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.id] : []));

it('closes a slow consumer, and the others miss no message', async () => {
  await using server = await startTestServer();
  const [talker, listener, slow] = [await join(server, 'Ann'), await join(server, 'Bob'), await join(server, 'Slow')];
  slow.pause();
  const said = await talkUntilLeft(talker, 1);
  await listener.next('user_left');
  expect(messages(talker)).toHaveLength(said);
  expect(messages(listener)).toEqual(messages(talker).slice(0, messages(listener).length));
  expect(messages(listener).length).toBeGreaterThanOrEqual(said - 1);
  expect(server.counts.websocket.slowConsumers).toBe(1);
  slow.resume();
  expect(await slow.closed()).toBe(1013);
});

it('closes a thousand slow consumers that share one buffer, and the others miss no message', async () => {
  const count = 1_000;
  // Slow consumers answer no ping. On a busy machine, the heartbeat must not close them first.
  await using server = await startTestServer({ env: { HEARTBEAT_INTERVAL: '1h' } });
  const [talker, listener] = [await join(server, 'Ann'), await join(server, 'Bob')];
  // In batches: a handshake behind a thousand others waits too long on a busy machine.
  const atOnce = pLimit(50);
  const stalled = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      atOnce(async () => joinRaw(server, await mint({ id: `slow ${n}`, username: `Slow ${n}` }))),
    ),
  );
  onTestFinished(() => {
    for (const socket of stalled) socket.destroy();
  });
  for (const socket of stalled) socket.pause();
  globalThis.gc!();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 10);
  const said = await talkUntilLeft(talker, count);
  clearInterval(watch);
  expect(server.counts.websocket.slowConsumers).toBe(count);
  expect(messages(talker)).toHaveLength(said);
  const last = messages(talker).at(-1);
  const caughtUp = async (): Promise<void> => {
    while (messages(listener).at(-1) !== last) await listener.next('chat_message');
  };
  await within(caughtUp(), 'the last message');
  expect(messages(listener)).toEqual(messages(talker));
  // Each session alone may have 1 MiB in its queue. Together they share the same bytes.
  expect(most).toBeLessThan((count * 1_048_576) / 8);
  // Megabytes are on the way to each session. A few readers show that all of it arrives.
  for (const socket of stalled.splice(50)) socket.destroy();
  for (const socket of stalled) socket.resume();
  await within(Promise.all(stalled.map((socket) => socket.destroyed || once(socket, 'close'))), 'the ends');
}, 120_000);
