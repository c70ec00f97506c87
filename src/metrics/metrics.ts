/** The port to the metrics: all that the measured code knows of them. Times are in seconds. */
import type { ProblemCode } from '../../generated/http/index.ts';
import type { Transport } from '../chat/connection.ts';
import type { ChatCounts, SessionCounts } from '../chat/counts.ts';
import type { CheckReadiness } from '../http/readiness.ts';
import type { ObserveCall } from '../lib/observe.ts';

/** Measures events as they happen. */
export interface Metrics {
  /** Counts an answer; `operation` is the contract's, or `none`. */
  request(operation: string, status: number, seconds: number): void;
  problem(code: ProblemCode): void;
  /** Counts a write of delivered frames to all sessions. */
  flush(frames: number, seconds: number): void;
  hash(seconds: number): void;
  store(store: string): ObserveCall;
  readonly redis: ObserveCall;
}

/** Read at each scrape. */
export interface Sources {
  readonly counts: Readonly<Record<Transport, ChatCounts>>;
  readonly sessions: () => SessionCounts;
  readonly members: () => number;
  readonly waitingHashes: () => number;
  readonly unstoredMessages: () => number;
  readonly lostMessages: () => number;
  readonly notReady: CheckReadiness;
}

const ignore = (): void => {};

/** Measures nothing. */
export const noMetrics: Metrics = {
  request: ignore,
  problem: ignore,
  flush: ignore,
  hash: ignore,
  store: () => ignore,
  redis: ignore,
};
