const busy = 5;

/** Returns SQLite's extended result code of an error. */
export const resultCode = (error: unknown): number => Number((error as { errcode?: unknown }).errcode);
/** Returns whether an error means that another process has a lock. */
export const isBusy = (error: unknown): boolean => (resultCode(error) & 0xff) === busy;
