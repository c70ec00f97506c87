interface HeartbeatOptions {
  /** After how much silence the heartbeat asks whether the peer is still there, in milliseconds. */
  readonly intervalMs: number;
  /** How long the peer may then stay silent, in milliseconds. */
  readonly answerMs: number;
  /** Sends something that the peer answers. */
  readonly ask: () => void;
  /** Tells whether something that was sent has no answer yet. */
  readonly isAnswerDue: () => boolean;
  readonly onLost: () => void;
}

/** Detects a dead connection: a broken path shows in nothing but silence. */
export interface Heartbeat {
  /** Notes that something was received. */
  received(): void;
  /** Notes that something was sent that the peer answers. */
  sent(): void;
  /** Asks now. */
  check(): void;
  stop(): void;
}

export function createHeartbeat({ intervalMs, answerMs, ask, isAnswerDue, onLost }: HeartbeatOptions): Heartbeat {
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let late: ReturnType<typeof setTimeout> | undefined;
  let receivedAtMs = performance.now();

  function sent(): void {
    late ??= setTimeout(onLost, answerMs);
  }
  function check(): void {
    if (late !== undefined) return;
    ask();
    sent();
  }
  function watch(): void {
    const leftMs = receivedAtMs + intervalMs - performance.now();
    if (leftMs <= 0) check();
    quiet = setTimeout(watch, leftMs > 0 ? leftMs : intervalMs);
  }
  watch();

  return {
    received: () => {
      receivedAtMs = performance.now();
      clearTimeout(late);
      late = undefined;
      if (isAnswerDue()) sent();
    },
    sent,
    check,
    stop: () => {
      clearTimeout(quiet);
      clearTimeout(late);
    },
  };
}
