import { PalaverError } from './error.ts';

/** Waits between tries: the first, and the longest, in milliseconds. */
const firstBackoffMs = 500;
const maxBackoffMs = 10_000;
/** Who asks to wait longer than this is not asked again by itself. */
export const maxRetryAfterMs = 30_000;
/** What a timer can hold: some 25 days. */
export const maxTimerMs = 2 ** 31 - 1;

/** How long to wait after so many failures in a row: any part of a time that doubles, so that not all come back at once. */
export const backoffMs = (failures: number): number =>
  Math.random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** failures);

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** For the message of the error. */
  readonly what: string;
}

/**
 * Does something under a deadline and the caller's signal; `work` gets a signal for both.
 * @throws {PalaverError} `timeout` or `aborted`, also where `work` doesn't listen
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
  const onAbort = (): void => end('aborted', `${what} was aborted`, signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  const onLate = (): void => end('timeout', `${what} took longer than ${timeoutMs} ms`);
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

/** Resolves after a time, or as soon as `signal` says so. */
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
