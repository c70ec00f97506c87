/**
 * Floods of handshakes. Meanwhile the server serves its other clients, and afterwards it holds no more memory or
 * sockets.
 */
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { expect, it } from 'vitest';
import { connect, handshakeLines } from '../harness/chat.ts';
import { head } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { request } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, mintUnsigned } from '../harness/tokens.ts';

/**
 * Opens this many connections, 20 at once. Each sends the bytes, waits for the first piece of the answer, and is reset.
 */
async function flood({ host, port }: TestServer, bytes: string, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  const lane = async (): Promise<void> => {
    for (let done = 0; done < count / 20; done += 1) {
      const socket = dial({ host, port });
      socket.on('error', () => {});
      socket.write(bytes);
      const [answer] = (await within(once(socket, 'data'), 'an answer')) as [Buffer];
      seen.add(answer.toString('latin1').slice(9, 12));
      socket.resetAndDestroy();
    }
  };
  await Promise.all(Array.from({ length: 20 }, lane));
  return seen;
}

/** Sends messages until the attack is over, each after the echo of the last one. Returns their number. */
async function talkDuring<T>(server: TestServer, attack: Promise<T>): Promise<[T, number]> {
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  let over = false;
  const end = (): void => {
    over = true;
  };
  void attack.then(end, end);
  let said = 0;
  for (; !over; said += 1) {
    bob.say('still here', `${said}`);
    while ((await bob.next('chat_message')).msg.nonce !== `${said}`);
  }
  await bob.close();
  return [await attack, said];
}

const ann = { id: '1', username: 'Ann' };
const floods: [name: string, lines: () => Promise<string[]>, status: string][] = [
  ['without a token', async () => handshakeLines, '401'],
  ['with a forged token', async () => [...handshakeLines, `Authorization: Bearer ${mintUnsigned(ann)}x`], '401'],
  [
    'with a token that has expired',
    async () => [...handshakeLines, `Authorization: Bearer ${await mint({ exp: 1 })}`],
    '401',
  ],
  ['with a large token', async () => [...handshakeLines, `Authorization: Bearer ${'x'.repeat(12_000)}`], '401'],
  ['from a page elsewhere', async () => [...handshakeLines, 'Origin: https://evil.example'], '403'],
  ['with garbage in the head', async () => [...handshakeLines, 'a b'], '400'],
  ['that succeed, and are reset', async () => [...handshakeLines, `Authorization: Bearer ${await mint(ann)}`], '101'],
];

it.each(floods)(
  '2,000 handshakes %s leave nothing behind and delay nobody',
  async (_, lines, status) => {
    await using server = await startTestServer({ env: { MAX_SESSIONS_PER_USER: '1000' } });
    const bytes = head('GET /join', ...(await lines()));
    await flood(server, bytes, 400);
    globalThis.gc!();
    const before = process.memoryUsage().heapUsed;
    const [answers, said] = await talkDuring(server, flood(server, bytes, 2_000));
    expect(answers).toEqual(new Set([status]));
    expect(said).toBeGreaterThan(10);
    const left = await connect(server, { token: await mint(ann) });
    for (const name of (await left.next('users_online')).msg.list)
      if (name !== 'Ann') expect((await left.next('user_left')).msg.username).toBe(name);
    await left.close();
    expect((await request(server, 'GET', '/healthz')).status).toBe(200);
    globalThis.gc!();
    expect((process.memoryUsage().heapUsed - before) / 2_000).toBeLessThan(1_500);
  },
  60_000,
);
