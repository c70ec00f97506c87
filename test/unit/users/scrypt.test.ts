import { readFileSync } from 'node:fs';
import { constants, getPriority } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createPasswords } from '../../../src/users/passwords.ts';
import { createScryptProcess, type HashingEnd, niceness, paramsOf, scryptHere } from '../../../src/users/scrypt.ts';
import { within } from '../../harness/deadline.ts';
import { gone } from '../../harness/process.ts';

const cheap = { logN: 10, r: 8, p: 1 };
/** Longer than a millisecond, and short enough for a busy machine. */
const brief = { logN: 14, r: 8, p: 1 };
/** Long enough to be interrupted. */
const slow = { logN: 17, r: 8, p: 4 };
const password = Buffer.from('correct horse');

/** Only a test makes a call slow, however busy the machine is. */
function start(options: Parameters<typeof createScryptProcess>[0] = {}) {
  const scrypt = createScryptProcess({ slowMs: 600_000, ...options });
  onTestFinished(() => scrypt.close());
  return scrypt;
}

const priorityWith = (nice: number): number => Math.min(constants.priority.PRIORITY_LOW, getPriority() + nice);

describe('the process for passwords', () => {
  it('makes keys that this process verifies, and vice versa', async () => {
    const there = start();
    const key = await there.kdf(password, cheap);
    expect(paramsOf(key)).toEqual(cheap);
    expect(await scryptHere.verify(key, password)).toBe(true);
    expect(await there.verify(await scryptHere.kdf(password, cheap), password)).toBe(true);
    expect(await there.verify(key, Buffer.from('another'))).toBe(false);
  });

  it('runs at a lower priority than the chat', async () => {
    const there = start();
    await there.kdf(password, cheap);
    expect(getPriority(there.pid)).toBe(priorityWith(niceness.usual));
    expect(niceness.usual).toBeGreaterThan(niceness.busy);
    expect(niceness.busy).toBeGreaterThan(0);
  });

  it('runs at a higher priority while calls are slow, and loses none', async () => {
    let nowMs = 0;
    const there = start({ now: () => nowMs, slowMs: 1 });
    const results = await Promise.all([there.kdf(password, brief), there.kdf(password, brief)]);
    for (const key of results) expect(paramsOf(key)).toEqual(brief);
    const pid = there.pid!;
    expect(getPriority(pid)).toBe(priorityWith(niceness.busy));
    nowMs += 59_999;
    await there.kdf(password, brief);
    expect(there.pid).toBe(pid);
    nowMs += 60_000;
    const calm = there.kdf(password, { logN: 1, r: 1, p: 1 });
    expect(there.pid).not.toBe(pid);
    await calm;
    await within(gone(pid), 'the end of the one before');
  });

  it('runs at a higher priority once a call has taken three seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const there = start({ slowMs: undefined });
    const key = there.kdf(password, cheap);
    const { pid } = there;
    vi.advanceTimersByTime(2_999);
    expect(there.pid).toBe(pid);
    vi.advanceTimersByTime(1);
    expect(there.pid).not.toBe(pid);
    await key;
    expect(getPriority(there.pid)).toBe(priorityWith(niceness.busy));
  });

  it.runIf(process.platform === 'linux')('is the first to be killed when memory runs out', async () => {
    const there = start();
    await there.kdf(password, cheap);
    expect(readFileSync(`/proc/${there.pid}/oom_score_adj`, 'utf8').trim()).toBe('1000');
  });

  it('reports a failed call, and keeps running', async () => {
    const there = start();
    await expect(there.verify(Buffer.from('no key'), password)).rejects.toThrow();
    const pid = there.pid;
    await there.kdf(password, cheap);
    expect(there.pid).toBe(pid);
  });

  it('rejects calls under way when it is killed, and restarts for the next', async () => {
    const there = start();
    await there.kdf(password, cheap);
    const interrupted = [there.kdf(password, slow), there.kdf(password, slow)];
    const pid = there.pid!;
    process.kill(pid, 'SIGKILL');
    const results = await within(Promise.allSettled(interrupted), 'both to fail');
    expect(results).toMatchObject([{ reason: { name: 'HashingEnded' } }, { reason: { name: 'HashingEnded' } }]);
    await there.kdf(password, cheap);
    expect(there.pid).not.toBe(pid);
  });

  it('reports its end, unless it was closed', async () => {
    const ends: HashingEnd[] = [];
    const there = createScryptProcess({ onEnd: (end) => ends.push(end) });
    const interrupted = there.kdf(password, slow).catch(() => {});
    process.kill(there.pid!, 'SIGKILL');
    await within(interrupted, 'its failure');
    expect(ends).toEqual([{ code: undefined, signal: 'SIGKILL', err: undefined, failed: 1 }]);
    await there.kdf(password, cheap);
    const pid = there.pid!;
    there.close();
    await within(gone(pid), 'its end');
    expect(ends).toHaveLength(1);
  });

  it('restarts at once after the first end, and with growing pauses after further ones', async () => {
    let nowMs = 0;
    const there = start({ now: () => nowMs });
    /** Starts it, and kills it. Returns when it may start again, in seconds. */
    const killed = async (): Promise<number> => {
      const interrupted = there.kdf(password, slow).then(
        () => expect.unreachable(),
        (error: { retryAfterS: number }) => error.retryAfterS,
      );
      await expect.poll(() => there.pid).toBeDefined();
      process.kill(there.pid!, 'SIGKILL');
      return within(interrupted, 'its failure');
    };
    expect(await killed()).toBe(1);
    expect(await killed()).toBe(1);
    await expect(there.kdf(password, cheap)).rejects.toMatchObject({ name: 'HashingEnded', retryAfterS: 1 });
    expect(there.pid).toBeUndefined();
    nowMs += 1_000;
    expect(await killed()).toBe(2);
    nowMs += 1_999;
    await expect(there.kdf(password, cheap)).rejects.toMatchObject({ name: 'HashingEnded' });
    nowMs += 1;
    expect(await killed()).toBe(4);
    for (const want of [8, 16, 30, 30]) {
      nowMs += 30_000;
      expect(await killed()).toBe(want);
    }
    nowMs += 30_000;
    await there.kdf(password, cheap);
    // After a long enough life it counts as one that never failed.
    nowMs += 10_000;
    process.kill(there.pid!, 'SIGKILL');
    await expect.poll(() => there.pid).toBeUndefined();
    await there.kdf(password, cheap);
  });

  it('ends with its owner, and ignores signals of the terminal', async () => {
    const there = createScryptProcess();
    const passwords = createPasswords({ scrypt: there, params: cheap });
    const hash = await passwords.hash('correct horse');
    const pid = there.pid!;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(pid, signal);
    expect(await passwords.verify('correct horse', hash)).toBe(true);
    expect(there.pid).toBe(pid);
    passwords.close();
    await within(gone(pid), 'its end');
  });
});
