import type { Seen } from '../client/seen.ts';
import type { Kit } from '../context/kit.ts';
import type { Finding, Result } from '../report.ts';

/** Something that a run tries. */
export interface Case {
  readonly id: string;
  /** The expected behaviour, in words. */
  readonly says: string;
  /** Tried behind all others: it ends what they need. */
  readonly last?: boolean;
  /** Neighbouring cases with the same word here run at the same time: they wait long, and don't disturb each other. */
  readonly beside?: string;
  /** @throws {Violation} where it doesn't, {NotTried} where nothing can be said */
  readonly run: (kit: Kit) => Promise<void>;
}

/** Something that holds at all times: judged once, by all that any case got to see. */
export interface Standing {
  readonly id: string;
  readonly says: string;
  /** Returns the violation, or undefined if the rule holds, or `unseen` if no traffic could have broken it. */
  readonly judge: (seen: Seen) => Finding | 'unseen' | undefined;
}

export const resultOf = ({ id, judge }: Standing, seen: Seen): Result => {
  const finding = judge(seen);
  if (finding === 'unseen') return { id, outcome: 'not_tried', what: 'not provoked' };
  return finding ? { id, outcome: 'broken', ...finding } : { id, outcome: 'kept' };
};
