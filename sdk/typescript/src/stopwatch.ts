/** Clock that can be stopped, in milliseconds. It starts at zero, and runs. */
export interface Stopwatch {
  readonly nowMs: number;
  readonly isRunning: boolean;
  run(): void;
  stop(): void;
}

export function createStopwatch(): Stopwatch {
  let passedMs = 0;
  let sinceMs: number | undefined = performance.now();
  const nowMs = (): number => passedMs + (sinceMs === undefined ? 0 : performance.now() - sinceMs);
  return {
    get nowMs() {
      return nowMs();
    },
    get isRunning() {
      return sinceMs !== undefined;
    },
    run: () => {
      sinceMs ??= performance.now();
    },
    stop: () => {
      passedMs = nowMs();
      sinceMs = undefined;
    },
  };
}
