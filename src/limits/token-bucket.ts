interface TokenBucketOptions {
  /** Tokens of a full bucket, which is how it starts. */
  readonly capacity: number;
  /** Time in which the bucket gets one token back. */
  readonly refillMs: number;
}

/**
 * Returns a function that takes one token out of a bucket, and returns false if there is none. It answers at once and
 * holds no timer; the limiters of rate-limiter-flexible answer with a promise, and count in fixed windows.
 */
export function createTokenBucket({ capacity, refillMs }: TokenBucketOptions): () => boolean {
  let left = capacity;
  let atMs = performance.now();
  return () => {
    const nowMs = performance.now();
    left = Math.min(capacity, left + (nowMs - atMs) / refillMs);
    atMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
