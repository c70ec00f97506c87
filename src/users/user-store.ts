import type { User } from '../../generated/http/index.ts';

/** A user as the store keeps it. */
export interface StoredUser extends User {
  /** What `passwords.hash` gave. */
  readonly passwordHash: string;
}

/**
 * The port to the users. E-mail addresses are unique by their folded key, usernames by `nameKey`, and the database itself sees to
 * it: a duplicate is its answer, not that of a look beforehand.
 */
export interface UserStore {
  /**
   * Keeps a user, under the key of its name unless another is given. If both its e-mail and its username are taken,
   * `email_taken` is told. @throws {StoreUnavailable}
   */
  insert(user: StoredUser, usernameKey?: string): Promise<'inserted' | 'email_taken' | 'username_taken'>;
  /** The user with this e-mail address, by its folded key. @throws {StoreUnavailable} */
  findByEmail(email: string): Promise<StoredUser | undefined>;
  /** The user with this id. @throws {StoreUnavailable} */
  findById(id: string): Promise<StoredUser | undefined>;
  /** At most `limit` users, in the order of their e-mail addresses' keys, those behind this one. @throws {StoreUnavailable} */
  list(afterEmail: string | undefined, limit: number): Promise<readonly StoredUser[]>;
  /** Puts another hash in the place of the user's, if that is still the one that is there. @throws {StoreUnavailable} */
  replaceHash(user: StoredUser, passwordHash: string): Promise<void>;
}
