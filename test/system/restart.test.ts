/** Restarts a server while dozens of clients chat. They notice nothing but a pause. */
import { once, setMaxListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ChatMessage, Palaver, type Room } from '../../sdk/typescript/src/index.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { readHistory } from './history.ts';
import { serve } from './process.ts';

const names = Array.from({ length: 36 }, (_, n) => `Client ${n}`);
const restarts = 2;
/** Number of echoes that each client receives before a restart, and after the last one. */
const perLife = 8;
/**
 * Echoes by which a client may be ahead of the slowest, approximately. So each has to reconnect in each life, and more
 * is stored for it.
 */
const maxLead = perLife - 2;

interface Talker {
  readonly room: Room;
  readonly heard: readonly ChatMessage[];
  /** Echoes of its messages, in the order of sending. */
  readonly resolved: readonly ChatMessage[];
  /** The `recovered` field of every `users_online` but the first. */
  readonly recovered: readonly (boolean | undefined)[];
}

const idsOf = (messages: readonly ChatMessage[]): string[] => messages.map(({ id }) => id);
const textsOf = (messages: readonly ChatMessage[]): string[] => messages.map(({ msg }) => msg.text);

async function joined(palaver: Palaver, name: string): Promise<Talker & { say(text: string): Promise<number> }> {
  const room = await palaver.join({ getToken: () => mint({ id: `id of ${name}`, username: name }) });
  const heard: ChatMessage[] = [];
  const resolved: ChatMessage[] = [];
  const recovered: (boolean | undefined)[] = [];
  room.on('chat_message', (message) => heard.push(message));
  room.on('users_online', ({ msg }) => recovered.push(msg.recovered));
  return { room, heard, resolved, recovered, say: async (text) => resolved.push(await room.send(text)) };
}

describe('a server that is restarted under load', () => {
  it('delivers every message once to every client', async () => {
    const env = {
      DATA_DIR: temporaryFolder(),
      JWT_SECRET: testSecret,
      JWT_ISSUER: testIssuer,
      RATE_LIMIT_FRAMES: '0',
      DRAIN_WINDOW: '1s',
    };
    let server = serve(env);
    const { port } = await server.address();
    const palaver = new Palaver({ url: `http://127.0.0.1:${port}` });
    const talkers = await Promise.all(names.map((name) => joined(palaver, name)));
    onTestFinished(async () => {
      await Promise.all(talkers.map(({ room }) => room.close()));
    });

    const progress = new EventTarget();
    setMaxListeners(0, progress);
    const least = (): number => Math.min(...talkers.map(({ resolved }) => resolved.length));
    let stopped = false;
    const talking = Promise.all(
      talkers.map(async ({ room, resolved, say }) => {
        for (let said = 1; !stopped; said += 1) {
          while (!stopped && resolved.length > least() + maxLead) await once(progress, 'said');
          // A send that is refused, or that has an unknown outcome, fails the test.
          await say(`${room.username} ${said}`);
          progress.dispatchEvent(new Event('said'));
        }
      }),
    );
    const allSay = async (count: number): Promise<void> => {
      const enough = least() + count;
      while (least() < enough) await Promise.race([once(progress, 'said'), talking]);
    };

    for (let n = 0; n < restarts; n += 1) {
      await allSay(perLife);
      server.child.kill('SIGTERM');
      expect(await server.exited()).toBe(0);
      server = serve({ ...env, PORT: `${port}` });
      await server.address();
    }
    await allSay(perLife);
    stopped = true;
    progress.dispatchEvent(new Event('said'));
    await talking;

    const { messages: kept, gaps } = await readHistory(palaver);
    expect(gaps).toEqual([]);
    const resolved = talkers.flatMap((talker) => talker.resolved);
    expect(idsOf(kept)).toEqual(idsOf(resolved).sort());
    expect(new Set(textsOf(kept)).size).toBe(kept.length);
    for (const { room, heard, recovered, resolved: own } of talkers) {
      expect(recovered).toEqual(Array(restarts).fill(true));
      // The last echoes may still be on their way.
      await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(kept.length);
      expect(heard).toEqual(kept);
      expect(textsOf(own)).toEqual(own.map((_, n) => `${room.username} ${n + 1}`));
    }
  }, 180_000);
});
