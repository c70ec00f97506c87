import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { copyStores } from '../../../src/commands/copy-stores.ts';
import { databaseFile } from '../../../src/database/database-file.ts';
import type { StoredMessage } from '../../../src/history/message-store.ts';
import { foldedKey } from '../../../src/lib/case-fold.ts';
import { openStores, type Stores } from '../../../src/stores.ts';
import { connect, messagesOf } from '../../harness/chat.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { readPages } from '../../harness/history.ts';
import { request, signUp, type TestUser } from '../../harness/http.ts';
import { anyMongo, type Mongo, noMongo } from '../../harness/mongo.ts';
import { manyStartsMs, palaver } from '../../harness/palaver.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { serve } from '../../system/process.ts';

const say = async (server: TestServer, { token }: TestUser, count: number): Promise<string[]> => {
  const chat = await connect(server, { token });
  for (let n = 1; n <= count; n += 1) chat.say(`message ${n}`, `nonce ${n}`);
  for (let n = 1; n <= count; n += 1) await chat.next('chat_message');
  await chat.close();
  return messagesOf(chat).map(({ id }) => id);
};
const message = (n: number): StoredMessage => ({
  id: `1-${String(n).padStart(6, '0')}`,
  sentAt: new Date(n).toISOString(),
  userId: 'ann',
  msg: { from_user: 'Ann', text: `m${n}`, ...(n % 2 === 0 && { nonce: `n${n}` }) },
});

async function stores(): Promise<Stores> {
  const opened = await openStores({ mongodbUri: undefined, dataDir: temporaryFolder() });
  onTestFinished(() => opened.database.close());
  return opened;
}

/** More than a page of each kind of record, and gaps at the start of pages. */
async function filled(users = 600): Promise<Stores> {
  const all = await stores();
  for (let n = 1; n <= users; n += 1)
    await all.users.insert({ id: `id-${n}`, email: `u${n}@x`, username: `U ${n}`, passwordHash: `hash ${n}` });
  const numbers = Array.from({ length: 1_200 }, (_, index) => index + 1);
  await all.messages.append(
    numbers.map(message),
    [1, 200, 201, 700, 701, 702, 1_200, 1_300].map((n) => message(n).id),
  );
  for (const epoch of ['1', '2']) await all.messages.putRun({ epoch, lastId: epoch === '1' ? '1-~' : undefined });
  await all.revoked.addUser('id-1');
  await all.revoked.addToken('key', Date.now() + 3_600_000, 0);
  return all;
}
const counts = { users: 600, revokedTokens: 1, disabledUsers: 1, messages: 1_200, gaps: 8, runs: 2 };

async function content({ users, revoked, messages }: Stores) {
  return {
    users: await users.list(undefined, 10_000),
    revoked: await revoked.load(),
    messages: await messages.before(undefined, 10_000),
    runs: await messages.runs(),
  };
}

/** The same store, until this call of it fails. */
function failingAt(whole: Stores, call: number): Stores {
  let calls = 0;
  const failing = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, name, self) => {
        const method: unknown = Reflect.get(target, name, self);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls > call) throw new Error('planted');
          return method.apply(target, args);
        };
      },
    });
  const { database, users, revoked, messages } = whole;
  return { database, users: failing(users), revoked: failing(revoked), messages: failing(messages) };
}

describe('copyStores', { timeout: manyStartsMs }, () => {
  it('copies all records, page by page, and removes none', async () => {
    const [from, to] = [await filled(), await stores()];
    const before = await content(from);
    expect(await copyStores(from, to)).toEqual(counts);
    expect(await content(to)).toEqual(before);
    expect(await content(from)).toEqual(before);
  });

  it('completes a copy that was interrupted anywhere', async () => {
    const from = await filled(3);
    const whole = await content(from);
    const want = { ...counts, users: 3 };
    let first: unknown = 'planted';
    for (let call = 0; first === 'planted'; call += 1) {
      const to = await stores();
      first = await copyStores(from, failingAt(to, call)).catch((error: Error) => error.message);
      expect(await copyStores(from, to)).toEqual(want);
      expect(await content(to)).toEqual(whole);
    }
    expect(first).toEqual(want);
  });

  it('copies the changes since an earlier copy', async () => {
    const [from, to] = [await filled(), await stores()];
    await copyStores(from, to);
    const one = (await from.users.findById('id-7'))!;
    await from.users.replaceHash(one, 'renewed');
    await from.messages.prune(message(899).id, 10_000);
    await from.messages.append([message(1_250)], []);
    await from.messages.putRun({ epoch: '2', lastId: message(1_250).id });
    expect(await copyStores(from, to)).toMatchObject({ users: 600, messages: 302 });
    expect((await content(to)).users).toEqual((await content(from)).users);
    expect(await to.messages.before(undefined, 302)).toMatchObject({
      messages: (await content(from)).messages.messages,
    });
    expect(await to.messages.runs()).toEqual(await from.messages.runs());
  });

  it('copies users of version 0.1 whose names look the same', async () => {
    const [from, to] = [await stores(), await stores()];
    const users = ['Igor\ufe0f', 'Igor', 'IGOR\u034f'].map((username, n) => ({
      id: `${n}`,
      email: `${n}@x`,
      username,
      passwordHash: 'hash',
    }));
    for (const user of users) expect(await from.users.insert(user, foldedKey(user.username))).toBe('inserted');
    for (let run = 0; run < 2; run += 1) expect((await copyStores(from, to)).users).toBe(3);
    expect(await to.users.list(undefined, 10)).toEqual(users);
    expect(await to.users.insert({ ...users[1]!, id: 'new', email: 'new@x' })).toBe('username_taken');
  });

  it('refuses a used target, a taken name, and a copy that differs', async () => {
    const from = await filled(6);
    const used = await stores();
    await used.messages.putRun({ epoch: '9', lastId: undefined });
    await expect(copyStores(from, used)).rejects.toThrow(/A server has run on the target database/);
    expect(await used.users.list(undefined, 1)).toEqual([]);

    const taken = await stores();
    await taken.users.insert({ id: 'another', email: 'other@x', username: 'u 5', passwordHash: 'hash' });
    await expect(copyStores(from, taken)).rejects.toThrow(
      /User u5@x cannot be copied: another user of the target has that name/,
    );

    const lossy = async (change: (to: Stores) => Stores) => copyStores(from, change(await stores()));
    const cases: ((to: Stores) => Stores)[] = [
      (to) => ({
        ...to,
        users: {
          ...to.users,
          insert: (user) => to.users.insert({ ...user, passwordHash: '' }),
          replaceHash: async () => {},
        },
      }),
      (to) => ({
        ...to,
        messages: { ...to.messages, append: (batch, gaps) => to.messages.append(batch.slice(1), gaps) },
      }),
      (to) => ({ ...to, messages: { ...to.messages, append: (batch) => to.messages.append(batch, []) } }),
      (to) => ({ ...to, messages: { ...to.messages, putRun: async () => {} } }),
      (to) => ({ ...to, revoked: { ...to.revoked, addUser: async () => {} } }),
      (to) => ({ ...to, revoked: { ...to.revoked, addToken: async () => {} } }),
    ];
    for (const change of cases)
      await expect(lossy(change)).rejects.toThrow(/^The copy of .+ differs from the original$/);
  });
});

/** Returns how many messages a running server has stored there. */
function storedIn(dataDir: string): number {
  using db = new DatabaseSync(databaseFile(dataDir), { readOnly: true });
  return Number(db.prepare('SELECT count(*) AS count FROM messages').get()!.count);
}

describe.skipIf(noMongo)('palaver to-mongodb', { timeout: manyStartsMs }, () => {
  let mongo: Pick<Mongo, 'uri' | 'remove'>;
  beforeAll(async () => {
    mongo = await anyMongo();
  });
  afterAll(() => mongo.remove());

  it('copies users, tokens and history to a server on MongoDB', async () => {
    const env = {
      DATA_DIR: temporaryFolder(),
      ADMIN_TOKEN: 'the-secret-of-the-operator-of-this-server',
      ...{ RATE_LIMIT_FRAMES: '0', RATE_LIMIT_LOGIN: '0', RATE_LIMIT_SIGNUP: '0', DRAIN_WINDOW: '0s' },
    };
    // A kill ends the first life, so it leaves a gap.
    const killed = serve(env);
    const first = (await killed.address()) as TestServer;
    const users = [await signUp(first), await signUp(first), await signUp(first)];
    const [ann, bob, out] = users as [TestUser, TestUser, TestUser];
    await say(first, ann, 250);
    await expect.poll(() => storedIn(env.DATA_DIR)).toBe(250);
    await killed.kill();
    await using server = await startTestServer({ env: { ...env, JWT_SECRET: '' } });
    const ids = await say(server, bob, 50);
    await request(server, 'POST', '/logout', { headers: { authorization: `Bearer ${bob.token}` } });
    await request(server, 'POST', `/admin/users/${out.id}/disable`, {
      headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` },
    });
    // Each server has a position of its own.
    const readHistory = async (from: TestServer) =>
      (await readPages(from, ann.token, 70)).map(({ as_of, ...page }) => page);
    const pages = await readHistory(server);

    const target = { ...env, MONGODB_URI: mongo.uri() };
    const running = await palaver(['to-mongodb'], target);
    expect([running.code, running.errors]).toEqual([
      1,
      expect.stringMatching(/palaver\.db is in use: stop the server/),
    ]);
    await server.stop();
    for (const _ of ['once', 'and again']) {
      const { code, out: said, errors } = await palaver(['to-mongodb'], target);
      expect([code, errors]).toEqual([0, '']);
      expect(said).toMatch(/^users: 3\nrevokedTokens: 1\ndisabledUsers: 1\nmessages: \d+\ngaps: 1\nruns: 2\n$/);
    }

    await using moved = await startTestServer({ env: { ...target, JWT_SECRET: '' } });
    expect(await readHistory(moved)).toEqual(pages);
    for (const { email, password, id } of users) {
      const { status, json } = await request(moved, 'POST', '/login', { json: { email, password } });
      expect([status, json.id ?? json.code]).toEqual(id === out.id ? [403, 'user_disabled'] : [200, id]);
    }
    const refused = await request(moved, 'GET', '/messages', { headers: { authorization: `Bearer ${bob.token}` } });
    expect(refused.json.code).toBe('invalid_token');
    const chat = await connect(moved, { token: ann.token, lastEventId: ids.at(-11)! });
    expect(await chat.next('users_online')).toMatchObject({ msg: { recovered: true } });
    for (const id of ids.slice(-10)) expect((await chat.next('chat_message')).id).toBe(id);
    chat.say('after');
    expect((await chat.next('chat_message')).id > ids.at(-1)!).toBe(true);
    await chat.close();

    const late = await palaver(['to-mongodb'], target);
    expect([late.code, late.errors]).toEqual([1, expect.stringMatching(/A server has run on the target database/)]);
  });

  it('reports a missing source or target', async () => {
    const empty = { DATA_DIR: temporaryFolder() };
    const nowhere = await palaver(['to-mongodb'], empty);
    expect([nowhere.code, nowhere.errors]).toEqual([
      1,
      expect.stringMatching(/^MONGODB_URI is not set: it names the database/),
    ]);
    const nothing = await palaver(['to-mongodb'], { ...empty, MONGODB_URI: mongo.uri() });
    expect([nothing.code, nothing.errors]).toEqual([1, expect.stringMatching(/^DATA_DIR .* has no database/)]);
    expect((await palaver(['to-mongodb', 'now'], empty)).code).toBe(2);
  });
});
