/** What is refused before its time. */
export interface Revoked {
  /** Key of a token → when it expires, in milliseconds since 1970. */
  readonly tokens: ReadonlyMap<string, number>;
  /** Ids of disabled users. */
  readonly users: readonly string[];
}

/** The port to what has to outlive a restart. All of it fits in memory. */
export interface RevocationStore {
  /** @throws {StoreUnavailable} */
  load(): Promise<Revoked>;
  /** The users of it alone: they are few. @throws {StoreUnavailable} */
  disabledUsers(): Promise<readonly string[]>;
  /** Keeps a token's key, and forgets those that have expired by `nowMs`. @throws {StoreUnavailable} */
  addToken(key: string, expiresAtMs: number, nowMs: number): Promise<void>;
  /** Keeps that a user is disabled; twice is once. @throws {StoreUnavailable} */
  addUser(id: string): Promise<void>;
  /** Forgets it. @throws {StoreUnavailable} */
  removeUser(id: string): Promise<void>;
}
