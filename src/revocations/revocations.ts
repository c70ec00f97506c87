import pLimit from 'p-limit';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../auth/tokens.ts';
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
}

/** Reads what is revoked. @throws {StoreUnavailable} */
export async function loadRevocations(store: RevocationStore, now: () => number = Date.now): Promise<Revocations> {
  const kept = await store.load();
  const tokens = new Map(kept.tokens);
  const users = new Set(kept.users);
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

  return {
    guard: (verify) => async (token) => {
      const identity = await verify(token);
      if (tokens.has(identity.tokenKey)) throw new InvalidToken('The token was given back');
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
    revoke: async ({ tokenKey, expiresAtMs }) => {
      const nowMs = now();
      await store.addToken(tokenKey, expiresAtMs, nowMs);
      tokens.set(tokenKey, expiresAtMs);
      for (const [key, endsAtMs] of tokens) if (endsAtMs <= nowMs) tokens.delete(key);
      endRevoked();
    },
    disable: (userId) =>
      inTurn(async () => {
        await store.addUser(userId);
        users.add(userId);
        endRevoked();
      }),
    enable: (userId) =>
      inTurn(async () => {
        await store.removeUser(userId);
        users.delete(userId);
      }),
  };
}
