/**
 * Floods of streams. Meanwhile the server serves its other clients, and afterwards it holds no more memory, sockets or
 * seats.
 */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { expect, it } from 'vitest';
import { connect } from '../harness/chat.ts';
import { within } from '../harness/deadline.ts';
import { eventRequest, openEvents } from '../harness/event-stream.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';

/** Ways to drop a stream, taken in turn. */
const ways = ['reset after the head', 'FIN after the head', 'reset at once', 'FIN at once'] as const;

/** Opens this many streams, 20 at once, and drops each. Returns the statuses. */
async function flood({ host, port }: TestServer, bytes: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  const lane = async (lane: number): Promise<void> => {
    for (let done = 0; done < count / 20; done += 1) {
      const way = ways[(lane + done) % ways.length]!;
      const socket = dial({ host, port });
      socket.on('error', () => {});
      const closed = new Promise((resolve) => socket.once('close', resolve));
      await within(new Promise((resolve) => socket.write(bytes, resolve)), 'the request to leave');
      if (way.endsWith('the head')) {
        const [answer] = (await within(once(socket, 'data'), 'an answer')) as [Buffer];
        seen.add(answer.toString('latin1').slice(9, 12));
      }
      if (way.startsWith('reset')) socket.resetAndDestroy();
      else socket.end();
      socket.resume();
      await within(closed, 'the end');
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => lane(n)));
  return seen;
}

it('ten thousand streams that are opened and dropped leave nothing behind, and delay nobody', async () => {
  const lines: string[] = [];
  await using server = await startTestServer({
    env: { MAX_SESSIONS_PER_USER: '1000', LOG_LEVEL: 'warn' },
    onLogLine: (line) => lines.push(line),
  });
  const ann = { id: '1', username: 'Ann' };
  const bytes = eventRequest({ token: await mint(ann) });
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  await flood(server, bytes, 400);
  globalThis.gc!();
  const before = process.memoryUsage().heapUsed;
  let over = false;
  const attack = flood(server, bytes, 10_000).finally(() => {
    over = true;
  });
  let said = 0;
  for (; !over; said += 1) {
    bob.say('still here', `${said}`);
    while ((await bob.next('chat_message')).msg.nonce !== `${said}`);
  }
  expect(await attack).toEqual(new Set(['200']));
  expect(said).toBeGreaterThan(10);
  // No seat stays: the user has left, and may open as many streams as at first.
  const roster = async (): Promise<readonly string[]> => {
    const cleo = await openEvents(server, { token: await mint({ id: '3', username: 'Cleo' }) });
    const { list } = (await cleo.next('users_online')).msg;
    await cleo.leave();
    return list;
  };
  while ((await roster()).includes('Ann'));
  const { closed } = server.counts.events;
  const ended = (): number =>
    [...Object.values(closed.client), ...Object.values(closed.server)].reduce((a, b) => a + b);
  await until(() => ended() >= 10_000 / 2, 'the streams to be counted');
  expect(lines).toEqual([]);
  globalThis.gc!();
  expect((process.memoryUsage().heapUsed - before) / 10_000).toBeLessThan(1_000);
}, 120_000);
