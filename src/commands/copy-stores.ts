import { isDeepStrictEqual } from 'node:util';
import type { MessageStore, Slice } from '../history/message-store.ts';
import { foldedKey, nameKey } from '../lib/case-fold.ts';
import type { RevocationStore } from '../revocations/revocation-store.ts';
import type { Stores } from '../stores.ts';
import type { StoredUser, UserStore } from '../users/user-store.ts';

/** So many are read and written at once. */
const pageSize = 500;

/** How many of each are in both now. */
export interface Copied {
  readonly users: number;
  readonly revokedTokens: number;
  readonly disabledUsers: number;
  readonly messages: number;
  readonly gaps: number;
  readonly runs: number;
}

/**
 * Copies all that is kept, and reads each back from where it went. It takes nothing away, and finds what an earlier,
 * unfinished one has copied: it may be run again.
 * @throws where the target has a history of its own, or a user under the name of another
 */
export async function copyStores(from: Stores, to: Stores): Promise<Copied> {
  const known = new Set((await from.messages.runs()).map(({ epoch }) => epoch));
  if ((await to.messages.runs()).some(({ epoch }) => !known.has(epoch)))
    throw new Error('A server has run on that database since, or before: its history is another one');
  return {
    users: await copyUsers(from.users, to.users),
    ...(await copyRevoked(from.revoked, to.revoked)),
    ...(await copyMessages(from.messages, to.messages)),
    // Last: they say what all the others must have brought.
    runs: await copyRuns(from.messages, to.messages),
  };
}

async function copyUsers(from: UserStore, to: UserStore): Promise<number> {
  // Two of version 0.1 may have one key by today's rule: the one whose key is as it was goes first, and has it.
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
      // The hash may have been renewed between one copy and the next.
      if (there && there.email === user.email && there.passwordHash !== user.passwordHash)
        await to.replaceHash(there, user.passwordHash);
      else if (!there) throw new Error(`${user.email} cannot be copied: another user is there (${result})`);
      // Some rows have no prototype.
      expectSame({ ...(await to.findById(user.id)) }, { ...user }, 'A user');
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
  // Those that have expired, too: the clock may be ahead just now.
  for (const [key, expiresAtMs] of tokens) await to.addToken(key, expiresAtMs, 0);
  for (const id of users) await to.addUser(id);
  const copy = await to.load();
  for (const [key, expiresAtMs] of tokens) expectSame(copy.tokens.get(key), expiresAtMs, 'A revoked token');
  const there = new Set(copy.users);
  for (const id of users) expectSame(there.has(id), true, 'A disabled user');
  return { revokedTokens: tokens.size, disabledUsers: users.length };
}

async function copyMessages(from: MessageStore, to: MessageStore): Promise<Pick<Copied, 'messages' | 'gaps'>> {
  const counts = { messages: 0, gaps: 0 };
  let before: string | undefined;
  let slice: Slice;
  // The latest first: where it ends too early, it looks like a history whose beginning was forgotten.
  do {
    slice = await from.before(before, pageSize);
    const { messages, gaps } = slice;
    await to.append(messages, gaps);
    if (messages.length > 0)
      expectSame((await to.before(before, messages.length)).messages, messages, 'A page of messages');
    for (const gap of gaps) expectSame((await to.before(gap, 1)).gaps.includes(gap), true, 'A gap');
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
  for (const run of runs) expectSame(there.get(run.epoch), run, 'A run');
  return runs.length;
}

function expectSame(read: unknown, written: unknown, what: string): void {
  if (!isDeepStrictEqual(read, written)) throw new Error(`${what} that was copied is not there as it was`);
}
