import type { StoredMessage } from '../../../src/history/message-store.ts';

/** Returns the id of the nth message of the run `1`. */
export const idOf = (n: number): string => `1-${String(n).padStart(6, '0')}`;

/** Returns the nth message of the run `1`, as it is stored. */
export const stored = (n: number, text = `m${n}`): StoredMessage => ({
  id: idOf(n),
  sentAt: new Date(n).toISOString(),
  userId: 'ann',
  msg: { from_user: 'Ann', text },
});
