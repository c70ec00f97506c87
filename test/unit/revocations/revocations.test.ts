import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Identity, InvalidToken, UserDisabled } from '../../../src/auth/tokens.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import type { RevocationStore } from '../../../src/revocations/revocation-store.ts';
import { loadRevocations } from '../../../src/revocations/revocations.ts';
import { sqliteRevocationStore } from '../../../src/revocations/sqlite.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { silent } from '../../harness/log.ts';

const identity = (id: string, tokenKey = `key of ${id}`, expiresAtMs = 1_000): Identity => ({
  id,
  username: id,
  tokenKey,
  expiresAtMs,
});
/** Loads the revocations of a single node. */
async function load(kept: RevocationStore, now?: () => number) {
  const deps = { store: kept, announce: () => {}, log: silent, ...(now && { now }) };
  const revocations = await loadRevocations(deps);
  onTestFinished(revocations.close);
  return revocations;
}
const store = (): RevocationStore => sqliteRevocationStore(openSqlite(temporaryFolder()));

describe('revocations', () => {
  it('close a watched session once, and no session that is no longer watched', async () => {
    const revocations = await load(store(), () => 0);
    const ended: string[] = [];
    const watch = (name: string, who: Identity) => revocations.watch(who, () => ended.push(name));
    watch('ann', identity('ann'));
    watch('ann elsewhere', identity('ann', 'another key'));
    watch('bob', identity('bob'));
    watch('gone', identity('bob'))();
    await revocations.revoke(identity('ann'));
    expect(ended).toEqual(['ann']);
    await revocations.disable('ann');
    expect(ended).toEqual(['ann', 'ann elsewhere']);
    await revocations.disable('bob');
    expect(ended).toEqual(['ann', 'ann elsewhere', 'bob']);
    watch('late', identity('bob'));
    expect(ended).toEqual(['ann', 'ann elsewhere', 'bob', 'late']);
  });

  it('forget an expired token, which is refused anyway', async () => {
    let nowMs = 0;
    const kept = store();
    const revocations = await load(kept, () => nowMs);
    const verify = (who: Identity) => revocations.guard(async () => who)('token');
    await revocations.revoke(identity('ann'));
    await expect(verify(identity('ann'))).rejects.toThrow(InvalidToken);
    nowMs = 1_000;
    await revocations.revoke(identity('bob', 'key', 2_000));
    await expect(verify(identity('ann'))).resolves.toEqual(identity('ann'));
    expect([...(await kept.load()).tokens.keys()]).toEqual(['key']);
  });

  it('change nothing while the store is unavailable', async () => {
    const away = async (): Promise<never> => {
      throw new StoreUnavailable('planted');
    };
    const kept = store();
    const revocations = await load({ ...kept, addToken: away, addUser: away, removeUser: away });
    const ended: string[] = [];
    revocations.watch(identity('ann'), () => ended.push('ann'));
    await expect(revocations.revoke(identity('ann'))).rejects.toThrow(StoreUnavailable);
    await expect(revocations.disable('ann')).rejects.toThrow(StoreUnavailable);
    expect([ended, revocations.isDisabled('ann')]).toEqual([[], false]);
  });

  it('of one user end as the last call asks, whichever write the store finishes first', async () => {
    const inner = store();
    const done: string[] = [];
    let kept: () => void = () => {};
    const adding = new Promise<void>((resolve) => {
      kept = resolve;
    });
    const addUser = () => adding.then(() => void done.push('added'));
    const removeUser = async () => void done.push('removed');
    const revocations = await load({ ...inner, addUser, removeUser });
    const both = [revocations.disable('ann'), revocations.enable('ann')];
    await new Promise(setImmediate);
    kept();
    await Promise.all(both);
    expect([done, revocations.isDisabled('ann')]).toEqual([['added', 'removed'], false]);
  });

  it('of users are read from the store periodically, also after an outage', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const kept = store();
    let away = false;
    let asked = 0;
    const revocations = await load({
      ...kept,
      disabledUsers: async () => {
        asked += 1;
        if (away) throw new StoreUnavailable('planted');
        return kept.disabledUsers();
      },
    });
    /** Waits for the next read, which the call after it is queued behind. */
    const looked = async (): Promise<void> => {
      const before = asked;
      await vi.advanceTimersToNextTimerAsync();
      await revocations.enable('nobody');
      expect(asked).toBe(before + 1);
    };
    const ended: string[] = [];
    for (const name of ['ann', 'bob']) revocations.watch(identity(name), () => ended.push(name));
    await kept.addUser('ann');
    away = true;
    await looked();
    expect([ended, revocations.isDisabled('ann')]).toEqual([[], false]);
    away = false;
    await looked();
    expect([ended, revocations.isDisabled('ann')]).toEqual([['ann'], true]);
    await kept.removeUser('ann');
    await looked();
    expect([ended, revocations.isDisabled('ann')]).toEqual([['ann'], false]);
    await revocations.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBe(3);
  });

  it('are read at the start', async () => {
    const kept = store();
    await kept.addUser('ann');
    await kept.addToken('key', 1_000, 0);
    const { guard } = await load(kept);
    await expect(guard(async () => identity('ann'))('token')).rejects.toThrow(UserDisabled);
    await expect(guard(async () => identity('bob', 'key'))('token')).rejects.toThrow(InvalidToken);
  });
});
