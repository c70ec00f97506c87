/** Sessions that can be pinged, and a clock that the test moves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGhosts, ghostTimeoutMs, type Pulse } from '../../../src/chat/ghosts.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Sessions of one user, the oldest first: each answers after this many milliseconds, or never. */
function start(answersAfterMs: readonly (number | undefined)[], silentForMs: readonly number[] = []) {
  let here = answersAfterMs.map((_, index) => index);
  let asked = 0;
  const pulses = answersAfterMs.map(
    (afterMs, index): Pulse => ({
      ask: (onSign) => {
        asked += 1;
        if (afterMs !== undefined) setTimeout(onSign, afterMs);
        return silentForMs[index] ?? 0;
      },
      drop: () => {
        here = here.filter((other) => other !== index);
      },
    }),
  );
  const ghosts = createGhosts(function* () {
    for (const index of here) yield pulses[index]!;
  });
  return {
    ghosts,
    here: () => here,
    asked: () => asked,
    end: (index: number) => pulses[index]!.drop(),
  };
}

describe('a user at its session limit', () => {
  it('loses the oldest one that does not answer in time', async () => {
    const { ghosts, here } = start([10, undefined, undefined, 10]);
    const made = ghosts.makeRoom('1');
    await vi.advanceTimersByTimeAsync(ghostTimeoutMs - 1);
    expect([here(), ghosts.waiting]).toEqual([[0, 1, 2, 3], 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect([await made, here(), ghosts.waiting]).toEqual([true, [0, 2, 3], 0]);
  });

  it('loses no session that answers, and is refused when all have answered', async () => {
    const { ghosts, here, asked } = start([10, 2_000]);
    const made = ghosts.makeRoom('1');
    await vi.advanceTimersByTimeAsync(2_000);
    expect([await made, here()]).toEqual([false, [0, 1]]);
    // They are not pinged again at once either.
    expect([await ghosts.makeRoom('1'), asked()]).toEqual([false, 2]);
    await vi.advanceTimersByTimeAsync(ghostTimeoutMs);
    void ghosts.makeRoom('1');
    expect(asked()).toBe(4);
  });

  it('does not wait for a session that has already been silent for long enough', async () => {
    const { ghosts, here } = start([undefined, undefined, undefined], [0, ghostTimeoutMs, ghostTimeoutMs]);
    expect([await ghosts.makeRoom('1'), here()]).toEqual([true, [0, 2]]);
    expect([await ghosts.makeRoom('1'), here()]).toEqual([true, [0]]);
  });

  it('admits a newcomer if a session ends meanwhile', async () => {
    const { ghosts, end } = start([10, 20]);
    const made = ghosts.makeRoom('1');
    end(1);
    await vi.advanceTimersByTimeAsync(20);
    expect(await made).toBe(true);
  });

  it('lets three newcomers wait, each for a place of its own', async () => {
    const { ghosts, here } = start([undefined, undefined, 10]);
    const made = Array.from({ length: 4 }, () => ghosts.makeRoom('1'));
    let fourth: boolean | undefined;
    void made[3]!.then((isMade) => {
      fourth = isMade;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect([fourth, ghosts.waiting]).toEqual([false, 3]);
    await vi.advanceTimersByTimeAsync(ghostTimeoutMs);
    expect(here()).toEqual([2]);
    expect((await Promise.all(made)).filter((isMade) => isMade)).toHaveLength(3);
  });

  it('is refused if none of its sessions is on this node', async () => {
    expect(await start([]).ghosts.makeRoom('1')).toBe(false);
  });
});
