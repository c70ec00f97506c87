/** What all stores on one database share. */
export interface Database {
  /** Resolves when it can be read and written. @throws {StoreUnavailable} */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** The database can't answer now; it may later. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
