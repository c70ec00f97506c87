/** Tells whether something grows: fits a line through the samples, and computes how certain its slope is. */

export interface Point {
  readonly minute: number;
  readonly value: number;
}

export interface Trend {
  readonly perMinute: number;
  /** The true slope lies within `perMinute` ± `margin` with a probability of 95 %. */
  readonly margin: number;
  /** Value at `minute` 0. */
  readonly start: number;
}

/** `unclear` may also mean that the run was too short. */
export type Verdict = 'flat' | 'grows' | 'unclear';

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const product = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, n) => sum + x * b[n]!, 0);

/** The 97.5 % quantile of Student's t, by Cornish and Fisher's expansion. */
const quantile = (freedom: number): number => {
  const z = 1.95996;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
};

/**
 * Fits a line by least squares. One sample is like the one before it, because a stalled client is in both. So their
 * deviations count as fewer samples, by how alike neighbours are (autocorrelation of lag 1).
 */
export function trendOf(points: readonly Point[]): Trend {
  const meanMinute = mean(points.map(({ minute }) => minute));
  const meanValue = mean(points.map(({ value }) => value));
  const minutes = points.map(({ minute }) => minute - meanMinute);
  const values = points.map(({ value }) => value - meanValue);
  const spread = product(minutes, minutes);
  const perMinute = product(minutes, values) / spread;
  const residuals = values.map((value, n) => value - perMinute * minutes[n]!);
  const squares = product(residuals, residuals);
  const alike = squares === 0 ? 0 : Math.max(0, product(residuals.slice(1), residuals.slice(0, -1)) / squares);
  const freedom = (points.length * (1 - alike)) / (1 + alike) - 2;
  const margin = freedom > 1 ? quantile(freedom) * Math.sqrt(squares / freedom / spread) : Number.POSITIVE_INFINITY;
  return { perMinute, margin, start: meanValue - perMinute * meanMinute };
}

/** Returns `flat` only if growth is shown to be below `tolerance` a minute; an uncertain slope is not flat. */
export function verdictOf({ perMinute, margin }: Trend, tolerance: number): Verdict {
  if (perMinute + margin < tolerance) return 'flat';
  return perMinute - margin > 0 ? 'grows' : 'unclear';
}
