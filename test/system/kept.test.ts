/** Stored messages and gaps of a real process, after kills and clean stops. */
import { afterAll, describe, expect, it } from 'vitest';
import { connect } from '../harness/chat.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { placesIn, readPages } from '../harness/history.ts';
import { anyMongo, noMongo } from '../harness/mongo.ts';
import { manyStartsMs } from '../harness/palaver.ts';
import type { TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { serve } from './process.ts';

let mongo: Promise<Awaited<ReturnType<typeof anyMongo>>> | undefined;
afterAll(async () => (await mongo)?.remove());
const inMongo = async (): Promise<Record<string, string>> => {
  mongo ??= anyMongo();
  return { MONGODB_URI: (await mongo).uri() };
};

/** Starts a server, works with it, and stops it. */
async function life(
  env: Record<string, string>,
  signal: 'SIGTERM' | 'SIGKILL',
  work: (server: TestServer, token: string) => Promise<void>,
): Promise<void> {
  const server = serve({ JWT_SECRET: testSecret, JWT_ISSUER: testIssuer, DRAIN_WINDOW: '0s', ...env });
  await work((await server.address()) as TestServer, await mint({ id: 'ann', username: 'Ann' }));
  server.child.kill(signal);
  await server.exited();
}
const say = (text: string) => async (server: TestServer, token: string) => {
  const chat = await connect(server, { token });
  chat.say(text);
  await chat.next('chat_message');
};

const stores = [
  { name: 'SQLite', skip: undefined, more: async () => ({}) },
  { name: 'MongoDB', skip: noMongo, more: inMongo },
];

describe.each(stores)('a killed server over $name', ({ skip, more }) => {
  it.skipIf(skip)(
    'leaves a gap that later starts keep',
    async () => {
      const env = { DATA_DIR: temporaryFolder(), ...(await more()) };
      await life(env, 'SIGKILL', say('one'));
      await life(env, 'SIGTERM', say('two'));
      for (let again = 0; again < 2; again += 1)
        await life(env, 'SIGTERM', async (server, token) => {
          const { ids, gaps } = placesIn(await readPages(server, token));
          // Nobody knows whether "one" was stored before the kill, so there is a gap in both cases.
          expect(gaps).toEqual([expect.stringMatching(/-~$/)]);
          expect(gaps[0]! < ids.at(-1)!).toBe(true);
        });
    },
    manyStartsMs,
  );
});
