/** The port to what is measured. Whoever measures knows no more than this; times are in seconds. */
import type { ProblemCode } from '../../generated/http/index.ts';
import type { ChatCounts } from '../chat/counts.ts';
import type { CheckReadiness } from '../http/readiness.ts';
import type { ObserveCall } from '../lib/observe.ts';

/** What is told as it happens. */
export interface Metrics {
  /** An answer; `operation` is the contract's, or `none`. */
  request(operation: string, status: number, seconds: number): void;
  problem(code: ProblemCode): void;
  /** What was delivered left, for all sessions. */
  flush(frames: number, seconds: number): void;
  hash(seconds: number): void;
  store(store: string): ObserveCall;
  readonly redis: ObserveCall;
}

/** What is asked when somebody wants to know. */
export interface Sources {
  readonly counts: ChatCounts;
  readonly sessions: () => number;
  readonly members: () => number;
  readonly waitingHashes: () => number;
  readonly unstoredMessages: () => number;
  readonly lostMessages: () => number;
  readonly notReady: CheckReadiness;
}

const ignore = (): void => {};

/** Where nobody wants to know. */
export const noMetrics: Metrics = {
  request: ignore,
  problem: ignore,
  flush: ignore,
  hash: ignore,
  store: () => ignore,
  redis: ignore,
};
