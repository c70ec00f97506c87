import { resultCode } from '../database/result-codes.ts';
import type { SqliteDatabase } from '../database/sqlite.ts';
import { foldedKey, nameKey } from '../lib/case-fold.ts';
import type { StoredUser, UserStore } from './user-store.ts';

const constraintUnique = 2067;

/** Users in the embedded database. */
export function sqliteUserStore({ db, run }: SqliteDatabase): UserStore {
  const insert = db.prepare(
    'INSERT INTO users (id, email, email_key, username, username_key, password_hash) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const columns = 'id, email, username, password_hash AS passwordHash';
  const findByEmail = db.prepare(`SELECT ${columns} FROM users WHERE email_key = ?`);
  const findById = db.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const list = db.prepare(`SELECT ${columns} FROM users WHERE email_key > ? ORDER BY email_key LIMIT ?`);
  const replaceHash = db.prepare('UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?');

  return {
    insert: (user, usernameKey = nameKey(user.username)) =>
      run(() => {
        const emailKey = foldedKey(user.email);
        try {
          insert.run(user.id, user.email, emailKey, user.username, usernameKey, user.passwordHash);
          return 'inserted';
        } catch (error) {
          if (resultCode(error) !== constraintUnique) throw error;
          return findByEmail.get(emailKey) ? 'email_taken' : 'username_taken';
        }
      }),
    findByEmail: (email) => run(() => findByEmail.get(foldedKey(email)) as StoredUser | undefined),
    findById: (id) => run(() => findById.get(id) as StoredUser | undefined),
    // An empty key sorts before all others.
    list: (after, limit) => run(() => list.all(foldedKey(after ?? ''), limit) as unknown as StoredUser[]),
    replaceHash: (user, passwordHash) =>
      run(() => {
        replaceHash.run(passwordHash, user.id, user.passwordHash);
      }),
  };
}
