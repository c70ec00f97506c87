interface PulseOptions {
  /** After so much silence the peer is asked whether it is there. */
  readonly intervalMs: number;
  /** So long it may take to say anything. */
  readonly answerMs: number;
  /** Says something that the peer answers. */
  readonly ask: () => void;
  /** Whether something that was said has no answer yet. */
  readonly isOwed: () => boolean;
  readonly onLost: () => void;
}

/** Whether the peer still lives: a broken path shows in nothing but silence. */
export interface Pulse {
  /** Something came. */
  heard(): void;
  /** Something was said that the peer answers. */
  said(): void;
  /** Asks now. */
  check(): void;
  stop(): void;
}

export function createPulse({ intervalMs, answerMs, ask, isOwed, onLost }: PulseOptions): Pulse {
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let late: ReturnType<typeof setTimeout> | undefined;
  let heardAtMs = performance.now();

  function said(): void {
    late ??= setTimeout(onLost, answerMs);
  }
  function check(): void {
    if (late !== undefined) return;
    ask();
    said();
  }
  function watch(): void {
    const leftMs = heardAtMs + intervalMs - performance.now();
    if (leftMs <= 0) check();
    quiet = setTimeout(watch, leftMs > 0 ? leftMs : intervalMs);
  }
  watch();

  return {
    heard: () => {
      heardAtMs = performance.now();
      clearTimeout(late);
      late = undefined;
      if (isOwed()) said();
    },
    said,
    check,
    stop: () => {
      clearTimeout(quiet);
      clearTimeout(late);
    },
  };
}
