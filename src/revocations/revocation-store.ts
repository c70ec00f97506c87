/** Access that is refused before its tokens expire. */
export interface Revoked {
  /** Key of a token → when it expires, in milliseconds since 1970. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Ids of disabled users. */
  readonly users: readonly string[];
}

/** The port to the stored revocations. All of them fit in memory. */
export interface RevocationStore {
  /** Returns all revocations. @throws {StoreUnavailable} */
  load(): Promise<Revoked>;
  /** Returns the ids of the disabled users. @throws {StoreUnavailable} */
  disabledUsers(): Promise<readonly string[]>;
  /** Stores a token's key, and removes those that have expired by `nowMs`. @throws {StoreUnavailable} */
  addToken(key: string, expiresAtMs: number, nowMs: number): Promise<void>;
  /** Stores that a user is disabled. Idempotent. @throws {StoreUnavailable} */
  addUser(id: string): Promise<void>;
  /** Removes a user from the disabled ones. @throws {StoreUnavailable} */
  removeUser(id: string): Promise<void>;
}
