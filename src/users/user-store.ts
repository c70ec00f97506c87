import type { User } from '../../generated/http/index.ts';

/** A stored user. */
export interface StoredUser extends User {
  /** Result of `passwords.hash`. */
  readonly passwordHash: string;
}

/**
 * The port to the users. E-mail addresses are unique by `foldedKey`, usernames by `nameKey`. The database itself
 * refuses duplicates: a read beforehand could race.
 */
export interface UserStore {
  /**
   * Stores a user, under the key of its name unless another one is given. If both its e-mail and its username are
   * taken, it returns `email_taken`. @throws {StoreUnavailable}
   */
  insert(user: StoredUser, usernameKey?: string): Promise<'inserted' | 'email_taken' | 'username_taken'>;
  /** Returns the user with this e-mail address, compared by `foldedKey`. @throws {StoreUnavailable} */
  findByEmail(email: string): Promise<StoredUser | undefined>;
  /** Returns the user with this id. @throws {StoreUnavailable} */
  findById(id: string): Promise<StoredUser | undefined>;
  /**
   * Returns at most `limit` users in the order of their e-mail keys, from `afterEmail` on. @throws {StoreUnavailable}
   */
  list(afterEmail: string | undefined, limit: number): Promise<readonly StoredUser[]>;
  /** Replaces the user's hash, unless it was replaced meanwhile. @throws {StoreUnavailable} */
  replaceHash(user: StoredUser, passwordHash: string): Promise<void>;
}
