import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openMongo } from '../../../src/database/mongo.ts';
import { mongoMessageStore } from '../../../src/history/mongo.ts';
import { mongoRevocationStore } from '../../../src/revocations/mongo.ts';
import { mongoUserStore } from '../../../src/users/mongo.ts';
import { connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { request } from '../../harness/http.ts';
import { anyMongo, canStop, type Mongo, noMongo, startMongo } from '../../harness/mongo.ts';
import { startTestServer } from '../../harness/server.ts';
import { messageStoreSuite } from '../../suites/message-store.ts';
import { revocationStoreSuite } from '../../suites/revocation-store.ts';
import { userStoreSuite } from '../../suites/user-store.ts';

const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };

async function dropped({ db, close }: ReturnType<typeof openMongo>): Promise<void> {
  await db.dropDatabase();
  await close();
}

/** Against hanging only: a busy machine takes its time for thousands of messages. */
const patient = { answerTimeoutMs: 25_000 };

describe.skipIf(noMongo)('MongoDB', () => {
  let mongo: Pick<Mongo, 'uri' | 'remove'>;
  beforeAll(async () => {
    mongo = await anyMongo();
  });
  afterAll(() => mongo.remove());

  userStoreSuite('MongoDB', async () => {
    const database = openMongo(mongo.uri(), patient);
    return { store: await mongoUserStore(database), close: () => dropped(database) };
  });
  messageStoreSuite('MongoDB', async () => {
    const database = openMongo(mongo.uri(), patient);
    return { store: await mongoMessageStore(database), close: () => dropped(database) };
  });
  revocationStoreSuite('MongoDB', async () => {
    const database = openMongo(mongo.uri(), patient);
    return { store: mongoRevocationStore(database), close: () => dropped(database) };
  });

  it('keeps users over a restart, with existing indexes', async () => {
    const uri = mongo.uri();
    const user = { id: '4', email: 'igor@example.com', username: 'Igor', passwordHash: 'hash' };
    const first = openMongo(uri, patient);
    await (await mongoUserStore(first)).insert(user);
    await first.close();
    const second = openMongo(uri, patient);
    const store = await mongoUserStore(second);
    expect(await store.findByEmail(user.email)).toEqual(user);
    expect(await store.insert({ ...user, id: '5' })).toBe('email_taken');
    await dropped(second);
  });

  it('keeps users of version 0.1 whose names look the same, and reserves both names', async () => {
    const uri = mongo.uri();
    const first = openMongo(uri, patient);
    const kept = ['Igor\ufe0f', 'Igor', 'Straße', 'User  Name', 'Ann'].map((username, n) => ({
      id: `${n}`,
      email: `${n}@example.com`,
      username,
      passwordHash: 'hash',
    }));
    // Keys of version 0.1: NFKC and lower case.
    await first.db.collection<{ _id: string }>('users').insertMany(
      kept.map(({ id, ...user }) => ({
        _id: id,
        ...user,
        emailKey: user.email,
        usernameKey: user.username.normalize('NFKC').toLowerCase(),
      })),
    );
    await first.close();
    for (let start = 0; start < 2; start += 1) {
      const database = openMongo(uri, patient);
      const store = await mongoUserStore(database);
      for (const user of kept) expect(await store.findByEmail(user.email)).toEqual(user);
      for (const username of ['IGOR', 'igor\ufe0f', 'Strasse', 'User Name', 'ANN\u3164'])
        expect(await store.insert({ id: 'new', email: 'new@example.com', username, passwordHash: 'hash' })).toBe(
          'username_taken',
        );
      await (start === 0 ? database.close() : dropped(database));
    }
  });
});

it('names an unavailable MongoDB at the start, without its password', async () => {
  const opened = mongoUserStore(openMongo('mongodb://igor:canary@127.0.0.1:1/palaver'));
  const error = await within(opened, 'the refusal').catch((error: Error) => error);
  expect(error).toMatchObject({ message: expect.stringMatching(/^MongoDB at 127\.0\.0\.1:1 cannot be used/) });
  expect((error as Error).message).not.toContain('canary');
});

describe.skipIf(noMongo || !canStop)('a server whose MongoDB becomes unavailable', () => {
  it('does not wait for a MongoDB that does not answer', async () => {
    const mongo = await startMongo();
    const database = openMongo(mongo.uri(), { answerTimeoutMs: 2_000 });
    const store = await mongoUserStore(database);
    await expect(database.ping()).resolves.toBeUndefined();
    await mongo.hang();
    await expect(within(database.ping(), 'a verdict')).rejects.toThrow(StoreUnavailable);
    await expect(within(store.findByEmail(igor.email), 'a verdict')).rejects.toThrow(StoreUnavailable);
    await mongo.remove();
    await database.close();
  });

  it('answers 503 during the outage, keeps the chat running, and recovers on its own', async () => {
    const mongo = await startMongo();
    await using server = await startTestServer({ env: { MONGODB_URI: mongo.uri() } });
    const ask = (path: string) => request(server, 'POST', path, { json: igor });
    expect((await ask('/createUser')).status).toBe(201);
    const { json } = await ask('/login');
    const chat = await connect(server, { token: String(json.token) });
    await chat.next('user_joined');

    await mongo.stop();
    const away = await ask('/login');
    expect([away.status, away.json.code]).toEqual([503, 'store_unavailable']);
    expect(away.headers['retry-after']).toMatch(/^\d+$/);
    const unready = await request(server, 'GET', '/readyz');
    expect([unready.status, unready.json.code]).toEqual([503, 'store_unavailable']);
    expect(unready.json.detail).toMatch(/store/i);
    chat.say('still here');
    expect(await chat.next()).toMatchObject({ type: 'chat_message', msg: { text: 'still here' } });
    const late = await connect(server, { token: String(json.token) });
    expect(await late.next()).toMatchObject({ type: 'users_online', msg: { list: ['Igor'] } });

    await mongo.start();
    const back = async (): Promise<void> => {
      while ((await request(server, 'GET', '/readyz')).status !== 200);
    };
    await within(back(), 'the server to be ready again');
    expect((await ask('/login')).status).toBe(200);
    await Promise.all([chat.close(), late.close()]);
    await server.stop();
    await mongo.remove();
  });
});
