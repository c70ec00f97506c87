import pLimit from 'p-limit';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../auth/tokens.ts';
import { StoreUnavailable } from '../database/database.ts';
import type { Log } from '../log/log.ts';
import type { RevocationStore } from './revocation-store.ts';

/** Calls `end` once, as soon as this access is revoked: at once if it is already. Returns how to stop watching. */
export type WatchAccess = (identity: Identity, end: () => void) => () => void;

/** Tokens that were given back, and users that are disabled: kept in the store, and asked of memory. */
export interface Revocations {
  /** The same verification, that refuses them too. @throws {UserDisabled} beside what it throws itself */
  guard(verify: VerifyToken): VerifyToken;
  isDisabled(userId: string): boolean;
  readonly watch: WatchAccess;
  /** Each resolves when it is kept, and all that it ends is ended. @throws {StoreUnavailable} and nothing is ended */
  revoke(identity: Identity): Promise<void>;
  disable(userId: string): Promise<void>;
  enable(userId: string): Promise<void>;
  /** Another node may have changed something: reads all again. Doesn't wait. */
  refresh(): void;
  /** Ends the looking for what others have changed. */
  close(): Promise<void>;
}

interface RevocationDeps {
  readonly store: RevocationStore;
  /** Tells the other nodes that something was changed. */
  readonly announce: () => void;
  readonly log: Log;
  /** Milliseconds since 1970: tokens that had expired by then are forgotten. */
  readonly now?: () => number;
}

/** How soon it shows that a command has disabled a user, or enabled one: nobody announces that. Of 100 it costs 0.1 ms. */
const rereadIntervalMs = 2_000;
/** Until a store that is away is asked again. */
const refreshPauseMs = 1_000;

/** Reads what is revoked. @throws {StoreUnavailable} */
export async function loadRevocations({ store, announce, log, now = Date.now }: RevocationDeps): Promise<Revocations> {
  const kept = await store.load();
  let tokens = new Map(kept.tokens);
  let users = new Set(kept.users);
  let isStale = false;
  const watched = new Set<{ readonly identity: Identity; readonly end: () => void }>();
  /** One after the other, so that memory and store end with the same one. */
  const inTurn = pLimit(1);

  const isRevoked = ({ id, tokenKey }: Identity): boolean => users.has(id) || tokens.has(tokenKey);

  function endRevoked(): void {
    for (const watch of watched) {
      if (!isRevoked(watch.identity)) continue;
      watched.delete(watch);
      watch.end();
    }
  }

  async function readAgain(): Promise<void> {
    // Once more than once at a time is once.
    if (!isStale) return;
    isStale = false;
    try {
      const all = await store.load();
      tokens = new Map(all.tokens);
      users = new Set(all.users);
      endRevoked();
    } catch (error) {
      log.event('revocations_unread', { err: error });
      setTimeout(refresh, refreshPauseMs).unref();
    }
  }

  function refresh(): void {
    isStale = true;
    void inTurn(readAgain);
  }

  async function readUsers(): Promise<void> {
    try {
      const disabled = await store.disabledUsers();
      const hasNew = disabled.some((id) => !users.has(id));
      users = new Set(disabled);
      if (hasNew) endRevoked();
    } catch (error) {
      // Where the store is away, /readyz says so, not a line every two seconds.
      if (!(error instanceof StoreUnavailable)) log.event('revocations_unread', { err: error });
    }
  }
  // One that waits for its turn is enough.
  const rereading = setInterval(() => {
    if (inTurn.activeCount === 0) void inTurn(readUsers);
  }, rereadIntervalMs).unref();

  return {
    guard: (verify) => async (token) => {
      const identity = await verify(token);
      if (tokens.has(identity.tokenKey)) throw new InvalidToken('The token was given back', { reason: 'revoked' });
      if (users.has(identity.id)) throw new UserDisabled('The user is disabled');
      return identity;
    },
    isDisabled: (userId) => users.has(userId),
    watch: (identity, end) => {
      const watch = { identity, end };
      if (isRevoked(identity)) end();
      else watched.add(watch);
      return () => watched.delete(watch);
    },
    revoke: ({ tokenKey, expiresAtMs }) =>
      inTurn(async () => {
        const nowMs = now();
        await store.addToken(tokenKey, expiresAtMs, nowMs);
        tokens.set(tokenKey, expiresAtMs);
        for (const [key, endsAtMs] of tokens) if (endsAtMs <= nowMs) tokens.delete(key);
        endRevoked();
        announce();
      }),
    disable: (userId) =>
      inTurn(async () => {
        await store.addUser(userId);
        users.add(userId);
        endRevoked();
        announce();
      }),
    enable: (userId) =>
      inTurn(async () => {
        await store.removeUser(userId);
        users.delete(userId);
        announce();
      }),
    refresh,
    close: async () => {
      clearInterval(rereading);
      await inTurn(() => {});
    },
  };
}
