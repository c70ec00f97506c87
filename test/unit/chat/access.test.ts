import { describe, expect, it } from 'vitest';
import { IssuerUnavailable } from '../../../src/auth/keys.ts';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../../../src/auth/tokens.ts';
import { Access } from '../../../src/chat/access.ts';
import { textsIn } from '../../harness/fan-out.ts';

const identity = (tokenKey: string, id = '1'): Identity => ({ id, username: 'Ann', expiresAtMs: 1_000, tokenKey });
const later: Identity = { ...identity('later'), expiresAtMs: Date.UTC(2030, 0, 1) };

function startAccess(verify: VerifyToken = async () => later) {
  const calls: unknown[][] = [];
  const watched = new Map<string, () => void>();
  let isOver = false;
  const access = new Access(identity('first'), {
    verify,
    watchAccess: ({ tokenKey }, onRevoked) => {
      watched.set(tokenKey, onRevoked);
      return () => watched.delete(tokenKey);
    },
    replies: {
      send: (type, bytes) => void calls.push(['send', type, JSON.parse(textsIn(bytes)[0]!).msg]),
      refuse: ({ code, nonce }) => void calls.push(['refuse', code, nonce]),
    },
    note: (event) => void calls.push(['note', event]),
    onToken: (expiresAtMs) => void calls.push(['token', expiresAtMs]),
    onRevoked: () => void calls.push(['revoked']),
    isOver: () => isOver,
  });
  return { access, calls, watched, endSession: () => (isOver = true) };
}

describe('a session’s access', () => {
  it('begins with the token of the handshake, and ends when that is revoked', () => {
    const { calls, watched } = startAccess();
    expect(calls).toEqual([['token', 1_000]]);
    watched.get('first')!();
    expect(calls.at(-1)).toEqual(['revoked']);
  });

  it('continues with a new token, and the old one is no longer watched', async () => {
    const { access, calls, watched } = startAccess();
    await access.refresh({ token: 't', nonce: 'n' });
    expect(calls.slice(1)).toEqual([
      ['token', later.expiresAtMs],
      ['send', 'token_refreshed', { expires_at: '2030-01-01T00:00:00.000Z', nonce: 'n' }],
    ]);
    expect([...watched.keys()]).toEqual(['later']);
  });

  it.each<[name: string, fails: () => Identity, want: unknown[][]]>([
    [
      'is of another user',
      () => identity('other', '2'),
      [
        ['note', 'token_refused'],
        ['refuse', 'invalid_token', 'n'],
      ],
    ],
    [
      'is invalid',
      () => {
        throw new InvalidToken('', { reason: 'expired' });
      },
      [
        ['note', 'token_refused'],
        ['refuse', 'invalid_token', 'n'],
      ],
    ],
    [
      'is of a disabled user',
      () => {
        throw new UserDisabled();
      },
      [['refuse', 'invalid_token', 'n']],
    ],
    [
      'cannot be checked',
      () => {
        throw new IssuerUnavailable('', 1_000, {});
      },
      [
        ['note', 'token_put_off'],
        ['refuse', 'unavailable', 'n'],
      ],
    ],
  ])('keeps its token if a new one %s', async (_, fails, want) => {
    const { access, calls, watched } = startAccess(async () => fails());
    await access.refresh({ token: 't', nonce: 'n' });
    expect(calls.slice(1)).toEqual(want);
    expect([...watched.keys()]).toEqual(['first']);
    // The next token is not delayed.
    await access.refresh({ token: 't', nonce: 'n' });
    expect(calls.slice(1)).toEqual([...want, ...want]);
  });

  it('checks one token at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<Identity>();
    const { access, calls } = startAccess(() => promise);
    const first = access.refresh({ token: 't', nonce: 'first' });
    await access.refresh({ token: 't', nonce: 'second' });
    expect(calls.slice(1)).toEqual([['refuse', 'unavailable', 'second']]);
    resolve(later);
    await first;
    expect(calls.at(-1)).toMatchObject(['send', 'token_refreshed', { nonce: 'first' }]);
  });

  it('ignores the result of a check that outlasts the session, and watches no token', async () => {
    const { promise, resolve } = Promise.withResolvers<Identity>();
    const { access, calls, watched, endSession } = startAccess(() => promise);
    const refreshed = access.refresh({ token: 't' });
    endSession();
    access.stop();
    resolve(later);
    await refreshed;
    expect([calls.slice(1), watched.size]).toEqual([[], 0]);
  });

  it('passes any other error on', async () => {
    const failure = new Error('no store');
    const { access } = startAccess(() => Promise.reject(failure));
    await expect(access.refresh({ token: 't' })).rejects.toBe(failure);
  });
});
