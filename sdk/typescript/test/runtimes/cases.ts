/** Runs cases without a test framework, so that they run in Node, Bun, Deno and a page. */
import type * as sdk from '../../src/index.ts';

/** Cases by name. A case that rejects has failed. */
export type Cases = Readonly<Record<string, () => Promise<void>>>;

export interface Outcome {
  readonly name: string;
  /** Why the case failed; absent if it passed. */
  readonly fault?: string;
}

/** Runs cases one after the other, and `cleanUp` after each. */
export async function runCases(cases: Cases, cleanUp: () => Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run();
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, fault: String(error) });
    } finally {
      await cleanUp();
    }
  }
  return outcomes;
}

/** @throws {Error} where two values differ as JSON */
export function equal(got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`got ${a}, not ${b}`);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Returns a list that grows with each change of the room's state. */
export function states(room: sdk.Room): string[] {
  const seen: string[] = [];
  room.on('state', ({ state, reason }) => seen.push(reason ? `${state} ${reason.code}` : state));
  return seen;
}

/** Returns a list that grows with the text of each message. */
export function texts(room: sdk.Room): string[] {
  const received: string[] = [];
  room.on('chat_message', ({ msg }) => received.push(msg.text));
  return received;
}
