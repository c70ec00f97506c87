/** The port to the database under the stores. */
export interface Database {
  /** Resolves if the database can be read and written. @throws {StoreUnavailable} */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The database cannot answer now. A later call may succeed. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
