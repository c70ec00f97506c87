import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { createPasswords } from '../../../src/users/passwords.ts';
import { request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';

const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
const ask = (server: TestServer, path: string) => request(server, 'POST', path, { json: igor });

/** The stored hash of the only user, and a way to change it. */
function kept({ dataDir }: TestServer) {
  const db = new DatabaseSync(join(dataDir, 'palaver.db'));
  return {
    hash: () => String(db.prepare('SELECT password_hash AS hash FROM users').get()!.hash),
    set: (hash: string) => db.prepare('UPDATE users SET password_hash = ?').run(hash),
    close: () => db.close(),
  };
}

it('a login renews a hash with outdated parameters once', async () => {
  await using server = await startTestServer();
  await ask(server, '/createUser');
  const old = await createPasswords({ params: { logN: 9, r: 8, p: 2 } }).hash(igor.password);
  const user = kept(server);
  user.set(old);
  expect((await ask(server, '/login')).status).toBe(200);
  const renewed = user.hash();
  expect(renewed).not.toBe(old);
  expect((await ask(server, '/login')).status).toBe(200);
  expect(user.hash()).toBe(renewed);
  user.close();
});

it('a login succeeds even if the hash cannot be renewed', async () => {
  await using server = await startTestServer();
  await ask(server, '/createUser');
  const old = await createPasswords({ params: { logN: 9, r: 8, p: 2 } }).hash(igor.password);
  const user = kept(server);
  user.set(old);
  const other = new DatabaseSync(join(server.dataDir, 'palaver.db'));
  other.exec('BEGIN IMMEDIATE');
  expect((await ask(server, '/login')).status).toBe(200);
  other.exec('ROLLBACK');
  other.close();
  expect(user.hash()).toBe(old);
  user.close();
});

it('a login with an unknown e-mail costs the same hash as one with a wrong password', async () => {
  const verified: boolean[] = [];
  const passwords = createPasswords({ params: { logN: 10, r: 8, p: 1 } });
  const counting: typeof passwords = {
    ...passwords,
    verify: async (password, hash) => {
      verified.push(hash !== undefined);
      return passwords.verify(password, hash);
    },
  };
  await using server = await startTestServer({ passwords: counting });
  await ask(server, '/createUser');
  const [unknown, wrong] = await Promise.all([
    request(server, 'POST', '/login', { json: { email: 'nobody@example.com', password: 'x' } }),
    request(server, 'POST', '/login', { json: { email: igor.email, password: 'x' } }),
  ]);
  expect(unknown.status).toBe(401);
  expect(unknown.json).toEqual(wrong.json);
  expect(verified.toSorted()).toEqual([false, true]);
});
