import { PalaverError } from './error.ts';

/** Longest wait after the first failure, in milliseconds. */
const firstBackoffMs = 500;
/** Longest wait after any number of failures, in milliseconds. */
const maxBackoffMs = 10_000;
/** Longest wait that a server may ask for before an automatic retry, in milliseconds. */
export const maxRetryAfterMs = 30_000;
/** Longest time of a timer: some 25 days, in milliseconds. */
export const maxTimerMs = 2 ** 31 - 1;

/**
 * Returns how long to wait after failures in a row: a random part of a time that doubles, so that clients spread out.
 */
export const backoffMs = (failures: number): number =>
  Math.random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** failures);

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Name of the work, for the message of the error. */
  readonly what: string;
}

/**
 * Runs `work` under a deadline and the caller's signal; it gets a signal for both.
 * @throws {PalaverError} `timeout` or `aborted`, also where `work` ignores its signal
 */
export async function within<T>(
  work: (signal: AbortSignal) => T | Promise<T>,
  { timeoutMs, signal, what }: Limits,
): Promise<T> {
  const stop = new AbortController();
  // Kept here: the signals of React Native have no reason.
  let why: PalaverError | undefined;
  const end = (code: 'aborted' | 'timeout', message: string, cause?: unknown): void => {
    why ??= new PalaverError(code, message, { cause });
    stop.abort(why);
  };
  const onAbort = (): void => end('aborted', `${what} was aborted.`, signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  const onLate = (): void => end('timeout', `${what} took longer than ${timeoutMs} ms.`);
  const timer = setTimeout(onLate, Math.min(timeoutMs, maxTimerMs));
  try {
    return await new Promise<T>((resolve, reject) => {
      const onStop = (): void => reject(why);
      if (stop.signal.aborted) return onStop();
      stop.signal.addEventListener('abort', onStop);
      Promise.resolve(stop.signal).then(work).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Resolves after a time, or as soon as `signal` is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, maxTimerMs));
    signal?.addEventListener('abort', done);
  });
}
