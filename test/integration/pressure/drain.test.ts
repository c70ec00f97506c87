/** A server that stops while everybody chats. */
import { describe, expect, it } from 'vitest';
import { type Chat, connect, handshake } from '../../harness/chat.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { request } from '../../harness/http.ts';
import type { TestServer } from '../../harness/server.ts';
import { mint, testIssuer, testSecret } from '../../harness/tokens.ts';
import { type ServerProcess, serve } from '../../system/process.ts';

const start = (env: Record<string, string>): ServerProcess =>
  serve({
    DATA_DIR: temporaryFolder(),
    JWT_SECRET: testSecret,
    JWT_ISSUER: testIssuer,
    RATE_LIMIT_FRAMES: '0',
    ...env,
  });

const tokenOf = (name: string): Promise<string> => mint({ id: name, username: name });
const messages = ({ frames }: Chat): string[] => frames.flatMap((f) => (f.type === 'chat_message' ? [f.id] : []));

describe('a server that drains', () => {
  it('is unready at once, refuses joins, delivers acknowledged messages, closes sessions one by one with 1001, and exits with 0', async () => {
    const server = start({ DRAIN_WINDOW: '2s' });
    const address = (await server.address()) as TestServer;
    const names = Array.from({ length: 20 }, (_, n) => `User ${n}`);
    const chats = await Promise.all(names.map(async (name) => connect(address, { token: await tokenOf(name) })));
    // Each client sends the next message after the echo of the last one, as long as it can.
    const talks = Promise.allSettled(
      chats.map(async (chat, index) => {
        for (let n = 0; ; n += 1) {
          chat.say(`${n}`, `${index}-${n}`);
          for (;;) {
            const frame = await chat.next('chat_message');
            if (frame.msg.nonce === `${index}-${n}`) break;
          }
        }
      }),
    );
    const closes = Promise.all(chats.map((chat) => chat.closed()));
    await chats[0]!.next('chat_message');
    server.child.kill('SIGTERM');
    const ready = async (): Promise<number> => (await request(address, 'GET', '/readyz')).status;
    while ((await ready()) === 200);
    expect(await ready()).toBe(503);
    const late = await handshake(address, { token: await tokenOf('Late') });
    expect([late.status, late.json.code]).toEqual([503, 'shutting_down']);
    expect(new Set(await closes)).toEqual(new Set([1001]));
    await talks;
    expect(await server.exited()).toBe(0);

    // The session that was closed last has seen the whole stream since it joined.
    const whole = chats.map(messages).reduce((a, b) => (a.at(-1)! > b.at(-1)! ? a : b));
    const lengths = chats.map((chat) => messages(chat).length);
    for (const chat of chats) {
      const own = messages(chat);
      const from = whole.indexOf(own[0]!);
      expect(own).toEqual(whole.slice(from, from + own.length));
      // It saw the others leave first, then its own end.
      const left = chat.frames.flatMap((frame) => (frame.type === 'user_left' ? [frame.msg.username] : []));
      expect(new Set(left).size).toBe(left.length);
    }
    // Not all at one time: the chat went on between the closes.
    expect(new Set(lengths).size).toBeGreaterThan(1);
  });

  it('exits at once after a second signal', async () => {
    const server = start({ DRAIN_WINDOW: '1h' });
    const address = (await server.address()) as TestServer;
    const ann = await connect(address, { token: await tokenOf('Ann') });
    server.child.kill('SIGTERM');
    while ((await request(address, 'GET', '/readyz')).status === 200);
    server.child.kill('SIGTERM');
    expect(await server.exited()).toBe(1);
    expect(await ann.closed()).toBe(1006);
  });
});
