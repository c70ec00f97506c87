/** A stream whose client does not read. */
import { connect as dial } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { type Chat, connect, messagesOf } from '../../harness/chat.ts';
import { type EventReader, eventRequest, openEvents, readEvents } from '../../harness/event-stream.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { asyncapi, component } from '../../harness/spec.ts';
import { mint } from '../../harness/tokens.ts';

const tokenOf = (username: string): Promise<string> => mint({ id: `id of ${username}`, username });
const chat = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await tokenOf(username) });
const stream = async (server: TestServer, username: string): Promise<EventReader> =>
  openEvents(server, { token: await tokenOf(username) });

const longest = '€'.repeat(component(asyncapi, 'Text').maxLength!);

/** Sends messages, each after the echo of the last one, until this many sessions were ended as too slow. */
async function talkUntilSlow(server: TestServer, talker: Chat, count: number): Promise<number> {
  let said = 0;
  for (; server.counts.events.slowConsumers < count; said += 1) {
    if (said === 4_000) throw new Error(`${server.counts.events.slowConsumers} of ${count} after ${said} messages`);
    talker.say(longest);
    await talker.next('chat_message');
  }
  return said;
}

it('ends a client that has read nothing with 1013 at MAX_BUFFERED_BYTES, and the others miss no frame', async () => {
  const slowLines: Record<string, unknown>[] = [];
  await using server = await startTestServer({
    env: { MAX_BUFFERED_BYTES: '300000', LOG_LEVEL: 'info' },
    onLogLine: (line) => {
      const entry = JSON.parse(line);
      if (entry.event === 'slow_consumer') slowLines.push(entry);
    },
  });
  const [talker, tab, reader] = [await chat(server, 'Ann'), await chat(server, 'Bob'), await stream(server, 'Cleo')];
  const socket = dial({ host: server.host, port: server.port });
  onTestFinished(() => void socket.destroy());
  socket.write(eventRequest({ token: await tokenOf('Slow') }));
  while ((await talker.next('user_joined')).msg.username !== 'Slow');
  const said = await talkUntilSlow(server, talker, 1);
  expect(slowLines).toHaveLength(1);
  const { buffered } = slowLines[0] as { buffered: number };
  expect(buffered).toBeLessThanOrEqual(300_000);
  expect(buffered).toBeGreaterThan(300_000 - 2 * Buffer.byteLength(longest));
  const slow = await readEvents(socket);
  expect(await slow.closed()).toBe(1013);
  expect(JSON.parse(slow.events.at(-1)!.data).reason).toBe('too_slow');
  talker.say('the end', 'last');
  for (const each of [talker, tab, reader]) {
    while ((await each.next('chat_message')).msg.nonce !== 'last');
    expect(messagesOf(each)).toHaveLength(said + 1);
  }
  expect(messagesOf(reader)).toEqual(messagesOf(tab));
  // The slow one has read a beginning, without a hole.
  expect(messagesOf(slow)).toEqual(messagesOf(tab).slice(0, messagesOf(slow).length));
});
