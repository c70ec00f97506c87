import { createPace } from './pace.ts';

/** How long no message goes out after the server was unable to publish one, in milliseconds. */
const unavailablePauseMs = 1_000;
/** A server that refuses everything as too frequent for this long won't take the message, in milliseconds. */
const maxRefusedMs = 30_000;

/** Decides when the next message may go out, so that the server takes the messages in order. */
export interface Throttle {
  /** Each message goes out when the one before it is settled, so that the order holds whatever the server refuses. */
  readonly isSerial: boolean;
  maySend(inFlightCount: number): boolean;
  /** Notes that a message goes out. */
  sent(): void;
  serialize(): void;
  /** Notes that no message is left: the next ones may overlap. */
  drained(): void;
  /** Notes that the server has published a message. */
  accepted(): void;
  /** Pauses after a refusal as too frequent. Returns whether the message is to be tried again. */
  rateLimited(retryAfterMs?: number): boolean;
  /** Pauses after the server was unable to publish a message. */
  unavailable(): void;
  stop(): void;
}

/** Creates a throttle. `onReady` is called when a pause is over. */
export function createThrottle(onReady: () => void): Throttle {
  const pace = createPace();
  let isSerial = false;
  let pausedUntilMs = 0;
  let pausing: ReturnType<typeof setTimeout> | undefined;
  let refusedSinceMs: number | undefined;

  function pauseFor(ms: number): void {
    isSerial = true;
    pausedUntilMs = Math.max(pausedUntilMs, performance.now() + ms);
    clearTimeout(pausing);
    pausing = setTimeout(() => {
      pausing = undefined;
      onReady();
    }, pausedUntilMs - performance.now());
  }

  return {
    get isSerial() {
      return isSerial;
    },
    maySend: (inFlightCount) => !pausing && (inFlightCount === 0 || (!isSerial && pace.mayOverlap())),
    sent: pace.spend,
    serialize: () => {
      isSerial = true;
    },
    drained: () => {
      isSerial = false;
    },
    accepted: () => {
      refusedSinceMs = undefined;
    },
    rateLimited: (retryAfterMs) => {
      refusedSinceMs ??= performance.now();
      pauseFor(pace.refuse(retryAfterMs));
      return performance.now() - refusedSinceMs < maxRefusedMs;
    },
    unavailable: () => pauseFor(unavailablePauseMs),
    stop: () => clearTimeout(pausing),
  };
}
