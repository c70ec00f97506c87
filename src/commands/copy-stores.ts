import { isDeepStrictEqual } from 'node:util';
import type { MessageStore, Slice } from '../history/message-store.ts';
import { foldedKey, nameKey } from '../lib/case-fold.ts';
import type { RevocationStore } from '../revocations/revocation-store.ts';
import type { Stores } from '../stores.ts';
import type { StoredUser, UserStore } from '../users/user-store.ts';

/** Number of users or messages that are read and written at once. */
const pageSize = 500;

const taken = { email_taken: 'e-mail address', username_taken: 'name', inserted: 'id' } as const;

/** Number of records of each kind that are now in both stores. */
export interface Copied {
  readonly users: number;
  readonly revokedTokens: number;
  readonly disabledUsers: number;
  readonly messages: number;
  readonly gaps: number;
  readonly runs: number;
}

/**
 * Copies all records, and compares each with its copy. It removes nothing, and skips records that an earlier,
 * interrupted copy has written, so it can run again.
 * @throws if the target has its own history, or another user with the same name
 */
export async function copyStores(from: Stores, to: Stores): Promise<Copied> {
  const known = new Set((await from.messages.runs()).map(({ epoch }) => epoch));
  if ((await to.messages.runs()).some(({ epoch }) => !known.has(epoch)))
    throw new Error('A server has run on the target database, which has its own history: use an empty database');
  return {
    users: await copyUsers(from.users, to.users),
    ...(await copyRevoked(from.revoked, to.revoked)),
    ...(await copyMessages(from.messages, to.messages)),
    // Last, because a run in the target means that all its messages are there.
    runs: await copyRuns(from.messages, to.messages),
  };
}

async function copyUsers(from: UserStore, to: UserStore): Promise<number> {
  // Two users of version 0.1 may share a key by today's rule. The one whose key didn't change goes first, and gets it.
  return (await copyUsersThat(hasOldKey(false), from, to)) + (await copyUsersThat(hasOldKey(true), from, to));
}

const hasOldKey =
  (old: boolean) =>
  ({ username }: StoredUser): boolean =>
    (nameKey(username) !== foldedKey(username)) === old;

async function copyUsersThat(fits: (user: StoredUser) => boolean, from: UserStore, to: UserStore): Promise<number> {
  let count = 0;
  for (let page = await from.list(undefined, pageSize); page.length > 0; ) {
    for (const user of page.filter(fits)) {
      let result = await to.insert(user);
      if (result === 'username_taken') result = await to.insert(user, foldedKey(user.username));
      const there = await to.findById(user.id);
      // A login may have renewed the hash since an earlier copy.
      if (there && there.email === user.email && there.passwordHash !== user.passwordHash)
        await to.replaceHash(there, user.passwordHash);
      else if (!there)
        throw new Error(`User ${user.email} cannot be copied: another user of the target has that ${taken[result]}`);
      // Spread, because SQLite's rows have no prototype, and the comparison would fail.
      expectSame({ ...(await to.findById(user.id)) }, { ...user }, 'a user');
      count += 1;
    }
    page = await from.list(page.at(-1)!.email, pageSize);
  }
  return count;
}

async function copyRevoked(
  from: RevocationStore,
  to: RevocationStore,
): Promise<Pick<Copied, 'revokedTokens' | 'disabledUsers'>> {
  const { tokens, users } = await from.load();
  // Expired tokens as well: this machine's clock may be ahead.
  for (const [key, expiresAtMs] of tokens) await to.addToken(key, expiresAtMs, 0);
  for (const id of users) await to.addUser(id);
  const copy = await to.load();
  for (const [key, expiresAtMs] of tokens) expectSame(copy.tokens.get(key), expiresAtMs, 'a revoked token');
  const there = new Set(copy.users);
  for (const id of users) expectSame(there.has(id), true, 'a disabled user');
  return { revokedTokens: tokens.size, disabledUsers: users.length };
}

async function copyMessages(from: MessageStore, to: MessageStore): Promise<Pick<Copied, 'messages' | 'gaps'>> {
  const counts = { messages: 0, gaps: 0 };
  let before: string | undefined;
  let slice: Slice;
  // The latest first: an interrupted copy then looks like a history whose oldest messages have expired.
  do {
    slice = await from.before(before, pageSize);
    const { messages, gaps } = slice;
    await to.append(messages, gaps);
    if (messages.length > 0)
      expectSame((await to.before(before, messages.length)).messages, messages, 'a page of messages');
    for (const gap of gaps) expectSame((await to.before(gap, 1)).gaps.includes(gap), true, 'a gap');
    counts.messages += messages.length;
    counts.gaps += gaps.length;
    before = messages[0]?.id;
  } while (slice.more);
  return counts;
}

async function copyRuns(from: MessageStore, to: MessageStore): Promise<number> {
  const runs = await from.runs();
  for (const run of runs) await to.putRun(run);
  const there = new Map((await to.runs()).map((run) => [run.epoch, run]));
  for (const run of runs) expectSame(there.get(run.epoch), run, 'a run');
  return runs.length;
}

function expectSame(read: unknown, written: unknown, what: string): void {
  if (!isDeepStrictEqual(read, written)) throw new Error(`The copy of ${what} differs from the original`);
}
