import { describe, expect, it, vi } from 'vitest';
import { type Chat, connect } from '../../../test/harness/chat.ts';
import { within } from '../../../test/harness/deadline.ts';
import { startSdkWorld } from '../../../test/harness/sdk-world.ts';
import type { Peer } from '../../../test/harness/tcp-proxy.ts';
import { mint } from '../../../test/harness/tokens.ts';
import { until } from '../../../test/harness/until.ts';
import { Palaver } from '../src/index.ts';

// No pause between attempts.
vi.mock('../src/timing.ts', async (original) => ({ ...(await original<object>()), backoffMs: () => 0 }));

const textsIn = ({ frames }: Chat): string[] =>
  frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
const isIn = (name: string, { frames }: Chat): boolean => {
  const last = frames.findLast(
    (frame) => (frame.type === 'user_joined' || frame.type === 'user_left') && frame.msg.username === name,
  );
  return last?.type === 'user_joined';
};

/** A server, a user whose network to it fails, and a witness with a stable connection. */
async function setUp(grace: string) {
  const world = await startSdkWorld({ PRESENCE_GRACE: grace });
  const witness = await connect(world.server, { token: await mint({ id: 'witness', username: 'Witness' }) });
  const token = await mint({ id: 'ann', username: 'Ann' });
  const palaver = new Palaver({ url: world.url, maxRetries: 5 });

  /**
   * Joins, sends two messages at once, and leaves. Returns how many bytes each side had received over its last
   * connection.
   */
  async function exchange(name: string, cut?: { after: number; received: Peer }): Promise<Record<Peer, number>> {
    const broken = cut && world.proxy.cutAfter(cut.after, cut.received);
    const room = await within(palaver.join({ token }), 'the room');
    const heard: string[] = [];
    room.on('chat_message', ({ msg }) => heard.push(msg.text));
    const said = [`${name} one`, `${name} two`];
    const echoes = await within(Promise.all(said.map((text) => room.send(text))), `what became of ${name}`);
    const received = world.proxy.received();
    await within(broken ?? Promise.resolve(), 'the cut');
    expect(echoes.map(({ msg }) => msg.text)).toEqual(said);
    expect(heard).toEqual(said);
    await room.close();
    // The next one then finds the room as this one did.
    await until(() => !isIn('Ann', witness), 'the end of it');
    const seen = textsIn(witness).filter((text) => said.includes(text));
    expect(seen).toEqual(said);
    return received;
  }
  return {
    exchange,
    async [Symbol.asyncDispose]() {
      await witness.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

const nameOf = (n: number): string => String(n).padStart(4, '0');

describe.concurrent('a connection that is cut', () => {
  // One of two neighbours reconnects within its grace period, and the other after it has left.
  it.each([
    ['server', '0s', 0],
    ['server', '10s', 1],
    ['client', '0s', 0],
    ['client', '10s', 1],
  ] as const)(
    'loses and doubles nothing: after every second byte that the %s receives, with a presence of %s, from byte %i on',
    {
      timeout: 120_000,
    },
    async (received, grace, first) => {
      await using room = await setUp(grace);
      const bytes = (await room.exchange('none'))[received];
      expect(bytes).toBeGreaterThan(500);
      for (let after = first; after < bytes; after += 2) await room.exchange(nameOf(after), { after, received });
    },
  );
});
