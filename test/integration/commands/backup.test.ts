import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { type Chat, connect, handshake, lastId, messagesOf } from '../../harness/chat.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { placesIn, readPages } from '../../harness/history.ts';
import { request, signUp, type TestUser } from '../../harness/http.ts';
import { commandLine, manyStartsMs, palaver } from '../../harness/palaver.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { run, serve } from '../../system/process.ts';

const quick = { RATE_LIMIT_FRAMES: '0', RATE_LIMIT_LOGIN: '0', RATE_LIMIT_SIGNUP: '0', DRAIN_WINDOW: '0s' };
const done = { code: 0, out: '', errors: '' };

/** A folder that a server has used, its backup, and its user. */
async function backedUp() {
  const dataDir = temporaryFolder();
  const file = join(temporaryFolder(), 'backup');
  // The secret is the folder's own.
  const server = await startTestServer({ env: { DATA_DIR: dataDir, JWT_SECRET: '' } });
  const user = await signUp(server);
  const chat = await connect(server, { token: user.token });
  chat.say('before');
  const { id } = await chat.next('chat_message');
  await server.stop();
  expect(await palaver(['backup', file], { DATA_DIR: dataDir })).toEqual(done);
  return { dataDir, file, user, id };
}

/** Sends messages one after the other, as fast as their echoes arrive, until the test stops it. */
function talk(chat: Chat): () => Promise<void> {
  let talking = true;
  const all = async (): Promise<void> => {
    for (let n = 1; talking; n += 1) {
      chat.say(`message ${n}`);
      await chat.next('chat_message');
    }
  };
  const ended = all();
  return () => {
    talking = false;
    return ended;
  };
}

describe('palaver backup and restore', { timeout: manyStartsMs }, () => {
  it('restore all data of a backup under load, and show a gap after it', async () => {
    const env = { ...quick, DATA_DIR: temporaryFolder() };
    const file = join(temporaryFolder(), 'backup');
    const server = serve(env);
    const at = (await server.address()) as TestServer;
    const users: TestUser[] = [await signUp(at)];
    const { token } = users[0]!;
    const chat = await connect(at, { token });
    const stop = talk(chat);
    let signing = true;
    const signingUp = (async () => {
      while (signing) users.push(await signUp(at));
    })();
    const database = new DatabaseSync(join(env.DATA_DIR, 'palaver.db'), { readOnly: true });
    const count = database.prepare('SELECT max(id) AS id, count(*) AS count FROM messages');
    await expect.poll(() => count.get()!.count, { timeout: 20_000 }).toBeGreaterThan(500);
    await expect.poll(() => users.length, { timeout: 20_000 }).toBeGreaterThan(2);

    const known = [...users];
    const { id: storedId } = count.get() as { id: string };
    database.close();
    expect(await palaver(['backup', file], env)).toEqual(done);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const heardThen = lastId(chat);
    await expect.poll(() => lastId(chat) > heardThen).toBe(true);
    signing = false;
    await signingUp;
    await stop();
    const heard = messagesOf(chat).map(({ id }) => id);
    await server.kill();

    const restoredEnv = { ...quick, DATA_DIR: temporaryFolder() };
    expect(await palaver(['restore', file], restoredEnv)).toEqual(done);
    const again = (await serve(restoredEnv).address()) as TestServer;
    for (const { email, password, id } of known) {
      const { status, json } = await request(again, 'POST', '/login', { json: { email, password } });
      expect([status, json.id]).toEqual([200, id]);
    }
    // The restored secret still verifies the tokens that it signed.
    const { ids, gaps } = placesIn(await readPages(again, token));
    expect(ids).toEqual(heard.slice(0, ids.length));
    expect(ids.at(-1)! >= storedId).toBe(true);
    expect(ids.length).toBeLessThan(heard.length);
    expect(gaps.some((gap) => gap > heard.at(-1)!)).toBe(true);

    const back = await connect(again, { token, lastEventId: heard.at(-1)! });
    expect(await back.next('users_online')).toMatchObject({ msg: { recovered: false } });
    back.say('after');
    const { id } = await back.next('chat_message');
    expect([...heard, ...gaps].every((earlier) => id > earlier)).toBe(true);
    await back.close();
  });

  it('show a gap also after the backup of a stopped server', async () => {
    const { dataDir, file, user, id } = await backedUp();
    const { token } = user;
    const later = await startTestServer({ env: { DATA_DIR: dataDir, JWT_SECRET: '' } });
    const chat = await connect(later, { token, lastEventId: id });
    expect(await chat.next('users_online')).toMatchObject({ msg: { recovered: true } });
    chat.say('never seen again');
    const { id: lost } = await chat.next('chat_message');
    await request(later, 'POST', '/logout', { headers: { authorization: `Bearer ${token}` } });
    await later.stop();

    // In the same folder, where the server used later epochs.
    expect(await palaver(['restore', '--replace', file], { DATA_DIR: dataDir })).toEqual(done);
    await using server = await startTestServer({ env: { DATA_DIR: dataDir, JWT_SECRET: '' } });
    // Revoked after the backup that was restored.
    const { ids, gaps } = placesIn(await readPages(server, token));
    expect(ids).toEqual([id]);
    expect(gaps).toEqual([expect.stringMatching(/-~$/)]);
    expect(gaps[0]! > lost).toBe(true);
    for (const seen of [id, lost]) {
      const resumed = await connect(server, { token, lastEventId: seen });
      expect(await resumed.next('users_online')).toMatchObject({ msg: { recovered: false } });
      await resumed.close();
    }
  });

  it('refuse a running server, existing data and an incomplete backup, and change nothing', async () => {
    const { dataDir, file } = await backedUp();
    const restored = (path: string, folder: string, ...more: string[]) =>
      palaver(['restore', ...more, path], { DATA_DIR: folder });
    const content = (): string[] =>
      readdirSync(dataDir).map((name) => `${name} ${hash('sha256', readFileSync(join(dataDir, name)))}`);
    const before = content();
    const kept = await restored(file, dataDir);
    expect([kept.code, kept.errors]).toEqual([1, expect.stringMatching(/already exists: .*--replace/)]);
    expect(content()).toEqual(before);

    const server = await startTestServer({ env: { DATA_DIR: dataDir, JWT_SECRET: '' } });
    const running = await restored(file, dataDir, '--replace');
    expect([running.code, running.errors]).toEqual([
      1,
      expect.stringMatching(/palaver\.db is in use: stop the server/),
    ]);
    expect((await request(server, 'GET', '/readyz')).status).toBe(200);
    await server.stop();

    const there = await palaver(['backup', file], { DATA_DIR: dataDir });
    expect([there.code, there.errors]).toEqual([1, `${file} already exists\n`]);

    const folder = temporaryFolder();
    const broken = (name: string, change: (path: string) => void): string => {
      const path = join(folder, name);
      writeFileSync(path, readFileSync(file));
      change(path);
      return path;
    };
    const sql = (text: string) => (path: string) => {
      const db = new DatabaseSync(path);
      db.exec(text);
      db.close();
    };
    const cases: [path: string, says: RegExp][] = [
      [broken('cut', (path) => truncateSync(path, 20_000)), /malformed|damaged/],
      [broken('noise', (path) => writeFileSync(path, 'no database at all'.repeat(1_000))), /not a database/],
      [broken('newer', sql('PRAGMA user_version = 99')), /newer version/],
      [broken('other', sql('DROP TABLE beside')), /no such table/],
      [join(folder, 'absent'), /ENOENT/],
    ];
    const target = temporaryFolder();
    for (const [path, says] of cases) {
      const { code, errors } = await restored(path, target);
      expect([path, code, errors]).toEqual([path, 1, expect.stringMatching(says)]);
    }
    expect(readdirSync(target)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['cut', 'newer', 'noise', 'other']);
  });

  it('report a full disk, and change nothing', async () => {
    const dataDir = temporaryFolder();
    const env = { ...quick, DATA_DIR: dataDir };
    const server = serve(env);
    const at = (await server.address()) as TestServer;
    const { token } = await signUp(at);
    const chat = await connect(at, { token });
    for (let n = 1; n <= 50; n += 1) chat.say('x'.repeat(4_000));
    for (let n = 1; n <= 50; n += 1) await chat.next('chat_message');
    const stored = async (server: TestServer) => placesIn(await readPages(server, token)).ids;
    await expect.poll(async () => (await stored(at)).length).toBe(50);
    const folder = temporaryFolder();
    const [file, late] = [join(folder, 'backup'), join(folder, 'late')];
    expect(await palaver(['backup', file], env)).toEqual(done);
    await expect.poll(() => statSync(join(dataDir, 'palaver.db-wal')).size).toBeGreaterThan(100_000);
    // Most messages are in the log of the database alone.
    await server.kill();

    /** No file can grow beyond 16 KiB, as on a full disk. */
    const onFullDisk = async (...args: string[]) => {
      const command = commandLine(...args).join(' ');
      const ended = run('/bin/bash', ['-c', `ulimit -f 16; exec ${command}`], env);
      return [await ended.exited(), ended.output()];
    };
    expect(await onFullDisk('backup', late)).toEqual([
      1,
      expect.stringMatching(new RegExp(`^The backup ${late} cannot be written: `)),
    ]);
    expect(readdirSync(folder)).toEqual(['backup']);
    expect(await onFullDisk('restore', '--replace', file)).toEqual([
      1,
      expect.stringMatching(/(palaver\.db cannot be replaced|backup cannot be restored): /),
    ]);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('restore-'))).toEqual([]);
    // An interrupted backup removes nothing either.
    truncateSync(file, 20_000);
    expect((await palaver(['restore', '--replace', file], env)).code).toBe(1);
    expect(await stored((await serve(env).address()) as TestServer)).toHaveLength(50);
  });

  it('replace a damaged database', async () => {
    const { dataDir, file, user } = await backedUp();
    for (const name of ['palaver.db', 'palaver.db-wal']) writeFileSync(join(dataDir, name), 'noise'.repeat(10_000));
    expect(await palaver(['restore', '--replace', file], { DATA_DIR: dataDir })).toEqual(done);
    expect(readdirSync(dataDir).sort()).toEqual(['epoch', 'jwt-secret', 'palaver.db', 'server.lock']);
    await using server = await startTestServer({ env: { DATA_DIR: dataDir, JWT_SECRET: '' } });
    expect((await handshake(server, { token: user.token })).status).toBe(101);
  });

  it('refer to the tools of MongoDB and Redis, and report a missing database', async () => {
    const file = join(temporaryFolder(), 'backup');
    const env = { DATA_DIR: temporaryFolder(), MONGODB_URI: 'mongodb://igor:canary@127.0.0.1:1/palaver' };
    for (const [command, tool] of [
      ['backup', 'mongodump'],
      ['restore', 'mongorestore'],
    ] as const) {
      const { code, errors } = await palaver([command, file], env);
      expect([code, errors]).toEqual([1, expect.stringContaining(tool)]);
      expect(errors).not.toContain('canary');
      const elsewhere = { JWKS_URL: 'https://issuer.example', JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_SECRET: '' };
      const alone = { DATA_DIR: env.DATA_DIR, REDIS_URL: 'redis://:canary@127.0.0.1:1', ...elsewhere };
      const inRedis = await palaver([command, file], alone);
      expect([inRedis.code, inRedis.errors]).toEqual([1, expect.stringMatching(/^With REDIS_URL alone .*Redis/)]);
    }
    mkdirSync(join(env.DATA_DIR, 'empty'));
    const nothing = await palaver(['backup', file], { DATA_DIR: join(env.DATA_DIR, 'empty') });
    expect([nothing.code, nothing.errors]).toEqual([1, expect.stringMatching(/^Nothing is kept in /)]);
    expect(readdirSync(join(file, '..'))).toEqual([]);
    expect((await palaver(['backup'], env)).code).toBe(2);
    expect((await palaver(['restore', '--force', file], env)).code).toBe(2);
  });
});
