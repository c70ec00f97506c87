/** Many concurrent joins and leaves: every session sees each once, in one order. */
import { expect, it } from 'vitest';
import type { ServerMessage } from '../../../generated/chat/index.ts';
import { type Chat, connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const count = 150;

/** The stream that a session saw after its roster. */
const ordered = ({ frames }: Chat): string[] => frames.slice(1).map((frame) => JSON.stringify(frame));

/** Returns the roster that a session has seen. @throws for a name that joins twice, or leaves without having joined */
function rosterOf(frames: readonly ServerMessage[]): string[] {
  const [first, ...rest] = frames;
  if (first?.type !== 'users_online') throw new Error(`The first frame is ${first?.type}`);
  const names = new Set(first.msg.list);
  expect(names.size).toBe(first.msg.list.length);
  for (const frame of rest) {
    expect(frame.type === 'users_online').toBe(false);
    if ('id' in frame && frame.id <= first.id) throw new Error(`${frame.id} is not after ${first.id}`);
    if (frame.type === 'user_joined') expect(names.has(frame.msg.username)).toBe(false);
    if (frame.type === 'user_joined') names.add(frame.msg.username);
    if (frame.type === 'user_left') expect(names.delete(frame.msg.username)).toBe(true);
  }
  return [...names];
}

it('keeps all rosters right during a storm of joins and leaves', async () => {
  await using server = await startTestServer();
  const join = async (name: string): Promise<Chat> =>
    connect(server, { token: await mint({ id: name, username: name }) });
  const witness = await join('Witness');
  const talking = setInterval(() => witness.say('Welcome!'), 1);
  const names = Array.from({ length: count }, (_, n) => `User ${n}`);
  const chats = await Promise.all(
    names.map(async (name, n) => {
      const chat = await join(name);
      // Every third one leaves at once, and half of these reconnect.
      if (n % 3 !== 0) return chat;
      if (n % 2 === 0) await chat.close();
      else chat.drop();
      return n % 2 === 0 ? join(name) : undefined;
    }),
  );
  clearInterval(talking);
  const staying = chats.filter((chat) => chat !== undefined);
  const there = ['Witness', ...names.filter((_, n) => n % 3 !== 0 || n % 2 === 0)].sort();
  const settled = async (): Promise<void> => {
    while (rosterOf(witness.frames).sort().join() !== there.join()) await witness.next();
    witness.say('The end');
    for (const chat of [witness, ...staying]) {
      for (let frame = await chat.next(); frame.type !== 'chat_message' || frame.msg.text !== 'The end'; )
        frame = await chat.next();
    }
  };
  await within(settled(), 'everybody to have seen everything');
  const whole = ordered(witness);
  for (const chat of staying) {
    expect(rosterOf(chat.frames).sort()).toEqual(there);
    const own = ordered(chat);
    expect(own).toEqual(whole.slice(-own.length));
  }
  for (const [n, name] of names.entries()) {
    const joined = witness.frames.filter((frame) => frame.type === 'user_joined' && frame.msg.username === name).length;
    // A user that reconnected before the server noticed the loss never left.
    expect([name, n % 6 === 0 && joined === 2 ? 1 : joined]).toEqual([name, 1]);
  }
});
