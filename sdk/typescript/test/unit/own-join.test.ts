import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerMessage } from '../../src/index.ts';
import { createOwnJoin } from '../../src/own-join.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const token = `h.${Buffer.from(JSON.stringify({ username: 'Ann' })).toString('base64url')}.s`;
const online = (...list: string[]): ServerMessage => ({ type: 'users_online', id: '1', sent_at: '', msg: { list } });
const joined = (username: string): ServerMessage => ({ type: 'user_joined', id: '2', sent_at: '', msg: { username } });

function start() {
  const onJoined = vi.fn();
  return { ownJoin: createOwnJoin(token, onJoined), onJoined };
}

describe('the own join', () => {
  it.each([
    ['in the first roster', [online('Ben', 'Ann')], 'Ann'],
    ['behind the first roster', [online('Ben'), joined('Cem'), joined('Ann')], 'Ann'],
    ['in another case', [online('Ben'), joined('ANN')], 'ANN'],
  ])('is detected %s, once', (_, frames, name) => {
    const { ownJoin, onJoined } = start();
    for (const frame of [...frames, online('Ann'), joined('Ann')]) ownJoin.receive(frame);
    expect(onJoined.mock.calls).toEqual([[name]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is assumed two seconds after a roster without the own name', () => {
    const { ownJoin, onJoined } = start();
    vi.advanceTimersByTime(10_000);
    ownJoin.receive(online('Ben'));
    vi.advanceTimersByTime(1_500);
    ownJoin.receive(online('Ben'));
    vi.advanceTimersByTime(499);
    expect(onJoined).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onJoined).toHaveBeenCalledTimes(1);
    ownJoin.receive(joined('Ann'));
    expect(onJoined).toHaveBeenCalledTimes(1);
  });

  it('is not detected after a stop', () => {
    const { ownJoin, onJoined } = start();
    ownJoin.receive(online('Ben'));
    ownJoin.stop();
    ownJoin.receive(joined('Ann'));
    expect([vi.getTimerCount(), onJoined.mock.calls]).toEqual([0, []]);
  });
});
