import type { FrameId, ServerMessage } from './generated/index.ts';
import type { Probe } from './probe.ts';
import type { UnknownFrame } from './read-frame.ts';

/** How long a stream is quiet once all missed messages have come, in milliseconds. */
const quietMs = 500;

interface EventProbeOptions {
  /** Opens another stream, which replaces this one if the server is there. */
  readonly ask: () => void;
  /** Called when the missed messages have come. */
  readonly onReceived: () => void;
}

/** Asks for signs of life where nothing can be asked on the connection itself. */
export interface EventProbe extends Probe {
  /** Takes a frame of the stream. */
  take(frame: ServerMessage | UnknownFrame): void;
  /** Notes that bytes have come. */
  received(): void;
  stop(): void;
}

/**
 * Creates a probe of a stream. The missed messages have come once one of them, or a frame after them, is as late as the
 * roster, or once nothing more comes.
 */
export function createEventProbe({ ask, onReceived }: EventProbeOptions): EventProbe {
  let rosterId: FrameId | undefined;
  let onCaughtUp: (() => void) | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;

  function finish(): void {
    clearTimeout(quiet);
    const listener = onCaughtUp;
    onCaughtUp = undefined;
    if (!listener) return;
    onReceived();
    listener();
  }
  function wait(): void {
    clearTimeout(quiet);
    if (onCaughtUp) quiet = setTimeout(finish, quietMs);
  }

  return {
    ask: () => {
      if (!onCaughtUp) ask();
    },
    isPending: () => onCaughtUp !== undefined,
    settle: () => false,
    onceAnswered: (listener) => {
      onCaughtUp = listener;
      wait();
    },
    take: (frame) => {
      if (frame.type === 'users_online') rosterId = frame.id;
      else if ('id' in frame && rosterId !== undefined && frame.id >= rosterId) queueMicrotask(finish);
    },
    received: wait,
    stop: () => {
      onCaughtUp = undefined;
      clearTimeout(quiet);
    },
  };
}
