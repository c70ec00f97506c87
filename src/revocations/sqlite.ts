import type { SqliteDatabase } from '../database/sqlite.ts';
import type { RevocationStore } from './revocation-store.ts';

/** Revocations in the embedded database. */
export function sqliteRevocationStore({ db, run }: SqliteDatabase): RevocationStore {
  const tokens = db.prepare('SELECT key, expires_at_ms AS expiresAtMs FROM revoked_tokens');
  const users = db.prepare('SELECT id FROM disabled_users');
  const addToken = db.prepare('INSERT OR REPLACE INTO revoked_tokens (key, expires_at_ms) VALUES (?, ?)');
  const prune = db.prepare('DELETE FROM revoked_tokens WHERE expires_at_ms <= ?');
  const addUser = db.prepare('INSERT OR IGNORE INTO disabled_users (id) VALUES (?)');
  const removeUser = db.prepare('DELETE FROM disabled_users WHERE id = ?');

  const disabledUsers = (): string[] => users.all().map(({ id }) => String(id));

  return {
    load: () =>
      run(() => ({
        tokens: new Map(tokens.all().map(({ key, expiresAtMs }) => [String(key), Number(expiresAtMs)])),
        users: disabledUsers(),
      })),
    disabledUsers: () => run(disabledUsers),
    addToken: (key, expiresAtMs, nowMs) =>
      run(() => {
        addToken.run(key, expiresAtMs);
        prune.run(nowMs);
      }),
    addUser: (id) =>
      run(() => {
        addUser.run(id);
      }),
    removeUser: (id) =>
      run(() => {
        removeUser.run(id);
      }),
  };
}
