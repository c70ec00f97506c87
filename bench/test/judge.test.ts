import { describe, expect, it } from 'vitest';
import { judge } from '../soak/judge.ts';
import { trendOf, verdictOf } from '../soak/trend.ts';

/** Noise that is the same with every run (Lehmer's generator), from -0.5 to 0.5. */
function noise(): () => number {
  let state = 42;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  };
}

/** Each value depends on the one before, because a stalled client is in both. */
function pointsOf(count: number, perMinute: number, { spread = 1, alike = 0 } = {}) {
  const next = noise();
  let last = 0;
  return Array.from({ length: count }, (_, n) => {
    last = alike * last + spread * next();
    return { minute: n / 20, value: 50 + (perMinute * n) / 20 + last };
  });
}

describe('the trend of a soak', () => {
  it('fits values on a line exactly', () => {
    const { perMinute, margin, start } = trendOf(pointsOf(40, 2, { spread: 0 }));
    expect(perMinute).toBeCloseTo(2);
    expect(start).toBeCloseTo(50);
    expect(margin).toBeCloseTo(0);
  });

  it('agrees with a table of Student’s t', () => {
    // For 0, 1, 1, 2, 3 the slope is 0.7, the standard error 0.1; for three degrees of freedom, t is 3.182.
    const { perMinute, margin } = trendOf([0, 1, 1, 2, 3].map((value, n) => ({ minute: n, value })));
    expect(perMinute).toBeCloseTo(0.7);
    expect(margin).toBeGreaterThan(0.3);
    expect(margin).toBeLessThan(0.33);
  });

  it('is less sure where neighbouring samples are alike', () => {
    const [apart, alike] = [pointsOf(100, 0), pointsOf(100, 0, { alike: 0.9, spread: 0.4 })].map(trendOf);
    expect(alike!.margin).toBeGreaterThan(2 * apart!.margin);
  });

  const cases: [name: string, points: ReturnType<typeof pointsOf>, want: string][] = [
    ['nothing but noise', pointsOf(100, 0), 'flat'],
    ['a shrinking value', pointsOf(100, -1), 'flat'],
    ['less than what counts', pointsOf(100, 0.1), 'flat'],
    ['a leak', pointsOf(100, 1), 'grows'],
    ['a leak in much noise', pointsOf(100, 3, { spread: 10 }), 'grows'],
    ['too few values', pointsOf(3, 0), 'unclear'],
    ['more noise than the time is long', pointsOf(20, 0, { spread: 10 }), 'unclear'],
  ];
  it.each(cases)('of %s', (_, points, want) => expect(verdictOf(trendOf(points), 0.5)).toBe(want));
});

describe('memory and descriptors after all clients have left', () => {
  const rest = { files: 38, heapMb: 50, joins: 1_000, classes: undefined };
  const samples = pointsOf(40, 0).map(({ minute, value }) => ({
    minute,
    heapMb: value,
    rssMb: value,
    files: 200,
    p50Ms: 1,
    p99Ms: 10,
  }));
  const judged = (last: object) =>
    judge({ samples, rests: [rest, { ...rest, joins: 11_000, ...last }], filesAtFirst: 38 });

  it.each([
    ['is flat if it has not changed', { heapMb: 50 }, 'flat'],
    ['is flat if only compiled code was added', { heapMb: 50.3 }, 'flat'],
    ['grows by a hundred bytes a join', { heapMb: 51 }, 'grows'],
  ])('%s', (_, last, want) => expect(judged(last).rest.verdict).toBe(want));

  it('reports a single descriptor above the first sample', () => {
    expect(judged({}).files.verdict).toBe('flat');
    expect(judged({ files: 39 }).files.verdict).toBe('grows');
  });
});
