/** This node's lease over one link: Redis takes calls as this node's until the lease lapses or another link attaches. */
import { randomUUID } from 'node:crypto';
import type { Member } from '../backplane.ts';
import type { Link } from './link.ts';
import type { ScriptName } from './scripts.ts';

/** State of the room at the time at which a node attaches. */
export interface Greeting {
  readonly epoch: number;
  readonly offset: number;
  readonly timeMs: number;
  /** Whether Redis still had the node, with its sessions. */
  readonly isKnown: boolean;
  /** Last id that is known to be stored. */
  readonly stored: string;
  /** In join order. */
  readonly roster: readonly Member[];
  /** Sessions of this node. */
  readonly sessions: readonly string[];
}

type GreetReply = readonly [
  epoch: string,
  offset: string,
  timeMs: string,
  known: 0 | 1,
  stored: string,
  roster: readonly (readonly [username: string, id: string])[],
  sessions: readonly string[],
];

/** Calls a script as this node. @throws where there is no link, or it fails: then nobody knows whether the script ran */
export type CallScript = (script: ScriptName, ...args: readonly (string | number)[]) => Promise<unknown>;

export interface Lease extends Pick<Link, 'entriesAfter' | 'fail' | 'over'> {
  readonly call: CallScript;
  /** Renews the lease. Resolves with whether more work is due for other nodes. @throws where the lease has lapsed */
  renew(): Promise<boolean>;
  /** Returns whether, by this node's own clock, no other node can have taken it for dead. */
  isSure(): boolean;
}

interface LeaseOptions {
  readonly node: string;
  /** A new epoch is greater. */
  readonly leastEpoch: number;
  readonly leaseMs: number;
  /** How long a user stays whose last connection broke. */
  readonly presenceGraceMs: number;
  /** Returns the last id that this node knows to be stored. */
  readonly lastStored: () => string;
}

/** Attaches this node over a link. @throws where the link fails */
export async function attach(
  link: Link,
  { node, leastEpoch, leaseMs, presenceGraceMs, lastStored }: LeaseOptions,
): Promise<{ readonly lease: Lease; readonly greeting: Greeting }> {
  // Redis refuses a call that comes late, by an earlier link.
  const key = randomUUID();
  const askedMs = performance.now();
  const reply = await link.call('greet', [node, key, link.run, leastEpoch, leaseMs]);
  const [epoch, offset, timeMs, known, stored, roster, sessions] = reply as GreetReply;
  let sureUntilMs = askedMs + leaseMs;

  const call: CallScript = async (script, ...args) => link.call(script, [epoch, node, key, ...args]);
  return {
    greeting: {
      epoch: Number(epoch),
      offset: Number(offset),
      timeMs: Number(timeMs),
      isKnown: known === 1,
      stored,
      roster: roster.map(([username, id]) => ({ id, username })),
      sessions,
    },
    lease: {
      entriesAfter: link.entriesAfter,
      fail: link.fail,
      over: link.over,
      call,
      renew: async () => {
        const renewedMs = performance.now();
        const answer = await call('tick', leaseMs, presenceGraceMs, lastStored());
        if (answer === 'lapsed') throw new Error('The lease has lapsed');
        sureUntilMs = renewedMs + leaseMs;
        return answer === 'more';
      },
      isSure: () => performance.now() < sureUntilMs,
    },
  };
}
