import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredUser, UserStore } from '../../src/users/user-store.ts';

let count = 0;
const user = (fields: Partial<StoredUser> = {}): StoredUser => {
  count += 1;
  return {
    id: `id-${count}`,
    email: `u${count}@example.com`,
    username: `User ${count}`,
    passwordHash: 'hash',
    ...fields,
  };
};

/** Declares the tests of the port. `open` returns an empty store. */
export function userStoreSuite(name: string, open: () => Promise<{ store: UserStore; close(): Promise<void> }>): void {
  describe(`user store: ${name}`, () => {
    let store: UserStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
    });
    afterEach(() => close());

    it('keeps a user as it was sent, and finds it by its e-mail', async () => {
      const igor = user({ email: 'Igor@Example.com', username: 'Ígor ｘ' });
      expect(await store.insert(igor)).toBe('inserted');
      expect(await store.findByEmail('Igor@Example.com')).toEqual(igor);
    });

    it('finds no user by an unknown e-mail', async () => {
      expect(await store.findByEmail('nobody@example.com')).toBeUndefined();
    });

    it('finds a user by its id, and none by an unknown id', async () => {
      const odd = user({ id: '{"$ne": ""}' });
      await store.insert(user());
      await store.insert(odd);
      expect(await store.findById(odd.id)).toEqual(odd);
      expect(await store.findById('nobody')).toBeUndefined();
      expect(await store.findById('')).toBeUndefined();
    });

    it('lists all users in pages, each once, by the keys of their e-mails', async () => {
      expect(await store.list(undefined, 10)).toEqual([]);
      // Sorted as bytes, not by a locale.
      const emails = ['A@x', 'B2@x', 'b@x', 'é@x', '\ue000@x', '\u{1f600}@x'].map((email) => user({ email }));
      for (const one of emails.toReversed()) await store.insert(one);
      expect(await store.list(undefined, 10)).toEqual(emails);
      expect(await store.list(undefined, 2)).toEqual(emails.slice(0, 2));
      expect(await store.list(emails[1]!.email, 2)).toEqual(emails.slice(2, 4));
      expect(await store.list(emails[5]!.email, 2)).toEqual([]);
      expect(await store.list('c@x', 10)).toEqual(emails.slice(3));
    });

    it('replaces a hash, unless it was replaced meanwhile', async () => {
      const igor = user({ passwordHash: 'old' });
      await store.insert(igor);
      await store.replaceHash(igor, 'new');
      await store.replaceHash(igor, 'late');
      expect(await store.findByEmail(igor.email)).toEqual({ ...igor, passwordHash: 'new' });
    });

    const sameEmail: [name: string, first: string, second: string][] = [
      ['the same', 'a@example.com', 'a@example.com'],
      ['other case', 'a@example.com', 'A@EXAMPLE.com'],
      ['full width', 'a@example.com', 'ａ@example.com'],
    ];
    it.each(sameEmail)('refuses an e-mail that is taken, %s', async (_, first, second) => {
      const kept = user({ email: first });
      await store.insert(kept);
      expect(await store.insert(user({ email: second }))).toBe('email_taken');
      expect(await store.findByEmail(second)).toEqual(kept);
    });

    const sameName: [name: string, first: string, second: string][] = [
      ['the same', 'Igor', 'Igor'],
      ['other case', 'Igor', 'iGOR'],
      ['full width', 'Igor', 'Ｉgor'],
      ['a ligature', 'Griffin', 'Griﬃn'],
      ['a variation selector', 'Igor', 'Igor\ufe0f'],
      ['two spaces', 'User Name', 'User  Name'],
    ];
    it.each(sameName)('refuses a username that is taken, %s', async (_, first, second) => {
      await store.insert(user({ username: first }));
      const late = user({ username: second });
      expect(await store.insert(late)).toBe('username_taken');
      expect(await store.findByEmail(late.email)).toBeUndefined();
    });

    it('keeps a user under another key of its name if that is free', async () => {
      await store.insert(user({ username: 'Igor' }));
      const late = user({ username: 'Igor\ufe0f' });
      expect(await store.insert(late, 'igor')).toBe('username_taken');
      expect(await store.insert(late, 'igor\ufe0f')).toBe('inserted');
      expect(await store.findById(late.id)).toEqual(late);
    });

    it('reports the e-mail when both are taken', async () => {
      await store.insert(user({ email: 'a@example.com', username: 'A' }));
      await store.insert(user({ email: 'b@example.com', username: 'B' }));
      expect(await store.insert(user({ email: 'a@example.com', username: 'A' }))).toBe('email_taken');
      expect(await store.insert(user({ email: 'a@example.com', username: 'B' }))).toBe('email_taken');
    });

    it('inserts exactly one of 50 users at once with one e-mail', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => store.insert(user({ email: 'one@example.com' }))),
      );
      expect(results.toSorted()).toEqual([...Array(49).fill('email_taken'), 'inserted']);
    });

    it('inserts exactly one of 50 users at once with one name', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => store.insert(user({ username: 'One' }))));
      expect(results.toSorted()).toEqual(['inserted', ...Array(49).fill('username_taken')]);
    });

    it.each(["' OR 1=1 --", '{"$gt":""}', '$where', 'a\\b"c', '%', '\u{1f600}'])('takes %j as text', async (text) => {
      await store.insert(user());
      expect(await store.findByEmail(text)).toBeUndefined();
      const odd = user({ email: text, username: text });
      expect(await store.insert(odd)).toBe('inserted');
      expect(await store.findByEmail(text)).toEqual(odd);
    });
  });
}
