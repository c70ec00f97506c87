import pLimit from 'p-limit';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../auth/tokens.ts';
import { StoreUnavailable } from '../database/database.ts';
import type { Log } from '../log/log.ts';
import type { RevocationStore } from './revocation-store.ts';

/** Calls `end` once this access is revoked, or at once if it is already. Returns a function that stops watching. */
export type WatchAccess = (identity: Identity, end: () => void) => () => void;

/** Revoked tokens and disabled users: stored, and checked in memory. */
export interface Revocations {
  /** Returns a verification that refuses them as well. It throws `UserDisabled` beside the errors of `verify`. */
  guard(verify: VerifyToken): VerifyToken;
  isDisabled(userId: string): boolean;
  readonly watch: WatchAccess;
  /**
   * Revokes a token. Resolves when that is stored, and the token's sessions are closed. @throws {StoreUnavailable} and
   * closes none
   */
  revoke(identity: Identity): Promise<void>;
  /** Disables a user. Resolves when that is stored, and the user's sessions are closed. @throws {StoreUnavailable} */
  disable(userId: string): Promise<void>;
  /** Enables a user again. @throws {StoreUnavailable} */
  enable(userId: string): Promise<void>;
  /** Reads all again, since another node may have changed something. Doesn't wait. */
  refresh(): void;
  /** Stops reading the store, and waits for changes under way. */
  close(): Promise<void>;
}

interface RevocationDeps {
  readonly store: RevocationStore;
  /** Tells the other nodes that something has changed. */
  readonly announce: () => void;
  readonly log: Log;
  /** Returns milliseconds since 1970. Tokens that have expired by then are removed. */
  readonly now?: () => number;
}

/** Commands disable and enable users without announcing it, so disabled users are read this often. 100 take 0.1 ms. */
const rereadIntervalMs = 2_000;
/** Pause before a store that failed is read again. */
const refreshPauseMs = 1_000;

/** Loads the revocations, and keeps them up to date. @throws {StoreUnavailable} */
export async function loadRevocations({ store, announce, log, now = Date.now }: RevocationDeps): Promise<Revocations> {
  const kept = await store.load();
  let tokens = new Map(kept.tokens);
  let users = new Set(kept.users);
  let isStale = false;
  const watched = new Set<{ readonly identity: Identity; readonly end: () => void }>();
  /** Runs changes one after the other, so that memory and store agree in the end. */
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
    // Concurrent refreshes are coalesced.
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
      // While the store is unavailable, /readyz says so. A line every two seconds would flood the log.
      if (!(error instanceof StoreUnavailable)) log.event('revocations_unread', { err: error });
    }
  }
  // A read that is waiting already is enough.
  const rereading = setInterval(() => {
    if (inTurn.activeCount === 0) void inTurn(readUsers);
  }, rereadIntervalMs).unref();

  return {
    guard: (verify) => async (token) => {
      const identity = await verify(token);
      if (tokens.has(identity.tokenKey)) throw new InvalidToken('The token was revoked', { reason: 'revoked' });
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
