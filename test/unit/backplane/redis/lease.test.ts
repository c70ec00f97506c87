import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attach } from '../../../../src/backplane/redis/lease.ts';
import type { Link } from '../../../../src/backplane/redis/link.ts';

const leaseMs = 6_000;

describe('a lease', () => {
  const call = vi.fn<Link['call']>();
  const link = { call, run: 'r', eviction: undefined } as unknown as Link;
  let storedTo = '';
  const options = { node: 'n', leastEpoch: 3, leaseMs, presenceGraceMs: 500, lastStored: () => storedTo };
  beforeEach(() => {
    vi.useFakeTimers();
    vi.resetAllMocks();
    storedTo = '';
    call.mockResolvedValueOnce(['1790000000000', '5', '1790000000123', 1, '7-1', [['Ann', '1']], ['n/1/1']]);
  });
  afterEach(() => void vi.useRealTimers());

  it('begins with a greeting, under a key of its own', async () => {
    const { greeting } = await attach(link, options);
    expect(greeting).toEqual({
      epoch: 1_790_000_000_000,
      offset: 5,
      timeMs: 1_790_000_000_123,
      isKnown: true,
      stored: '7-1',
      roster: [{ id: '1', username: 'Ann' }],
      sessions: ['n/1/1'],
    });
    const [[script, [node, key, run, ...rest]]] = call.mock.calls as [[string, unknown[]]];
    expect([script, node, run, ...rest]).toEqual(['greet', 'n', 'r', 3, leaseMs]);
    call.mockResolvedValueOnce(['1', '0', '0', 0, '', [], []]);
    await attach(link, options);
    expect(call.mock.calls[1]![1][1]).not.toBe(key);
  });

  it('calls every script with its epoch, node and key', async () => {
    const { lease } = await attach(link, options);
    const key = call.mock.calls[0]![1][1];
    call.mockResolvedValueOnce('');
    expect(await lease.call('leave', 'n/1/ann', 0)).toBe('');
    expect(call).toHaveBeenLastCalledWith('leave', ['1790000000000', 'n', key, 'n/1/ann', 0]);
  });

  it('renews with the id of the last message stored by then', async () => {
    const { lease } = await attach(link, options);
    storedTo = '7-2';
    call.mockResolvedValueOnce('no').mockResolvedValueOnce('more');
    expect([await lease.renew(), await lease.renew()]).toEqual([false, true]);
    expect(call.mock.calls.at(-1)![1].slice(3)).toEqual([leaseMs, 500, '7-2']);
  });

  it('is certain until a lease after its request, however late the answer came', async () => {
    const { lease } = await attach(link, options);
    const answer = Promise.withResolvers<unknown>();
    call.mockReturnValueOnce(answer.promise);
    vi.advanceTimersByTime(1_000);
    const renewed = lease.renew();
    vi.advanceTimersByTime(leaseMs - 1_000);
    expect(lease.isSure()).toBe(false);
    answer.resolve('no');
    await renewed;
    expect(lease.isSure()).toBe(true);
    vi.advanceTimersByTime(999);
    expect(lease.isSure()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(lease.isSure()).toBe(false);
  });

  it('throws if it has lapsed, and is no longer certain', async () => {
    const { lease } = await attach(link, options);
    vi.advanceTimersByTime(leaseMs);
    call.mockResolvedValueOnce('lapsed');
    await expect(lease.renew()).rejects.toThrow('The lease has lapsed');
    expect(lease.isSure()).toBe(false);
  });
});
