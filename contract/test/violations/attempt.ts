import pLimit from 'p-limit';
import { startTestServer } from '../../../test/harness/server.ts';
import { testSecret } from '../../../test/harness/tokens.ts';
import { type KitOptions, type Report, type Result, runKit } from '../../src/index.ts';
import { startProxy } from '../proxy/proxy.ts';
import type { Violation } from './violation.ts';

/** A run mostly waits; more of them at once would wait for each other. */
const atOnce = 3;

/** What the kit says of a real server behind a proxy that breaks the contract in this one way; in none without one. */
export async function attempt(
  violation?: Pick<Violation, 'plant'>,
  options: Partial<KitOptions> = {},
): Promise<Report> {
  // As it comes, but that nobody waits for the next minute to sign up or to log in.
  await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '20' } });
  await using proxy = await startProxy(server.port, violation?.plant());
  return await runKit({ url: proxy.url, jwtSecret: testSecret, seed: 1, ...options });
}

export const brokenIn = ({ results }: Report): Result[] => results.filter(({ outcome }) => outcome === 'broken');

export interface Outcome {
  readonly violation: Violation;
  readonly report: Report;
  /** What the case says that has to catch it; undefined if it doesn't. */
  readonly caught: Result | undefined;
}

/** Each violation by itself, in a whole run of the kit. `done` hears of each as it ends. */
export function attemptAll(
  violations: readonly Violation[],
  done: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  return pLimit(atOnce).map([...violations], async (violation) => {
    const report = await attempt(violation);
    const caught = brokenIn(report).find(({ id }) => id === violation.caughtBy);
    const outcome = { violation, report, caught };
    done(outcome);
    return outcome;
  });
}

/** Without what differs from run to run: names, ids, times. */
const lasting = (what: string): string =>
  what
    .replace(/contract-[0-9a-f]{8}/g, 'contract-…')
    .replace(/\d{16}-\d{16}/g, 'id')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+/g, 'time')
    .replace(/\b(observer|ann|bob) \d+/g, '$1');

/**
 * Those that can't be told from the one before: where the same case catches both and says the same. That is all that we
 * ask, and it is enough to know one from the other: how many more cases are broken too is by the way.
 */
export function confused(outcomes: readonly Outcome[]): [one: string, other: string][] {
  const said = new Map<string, string>();
  return outcomes.flatMap(({ violation: { name }, caught }): [string, string][] => {
    if (!caught) return [];
    const line = `${caught.id}: ${lasting(caught.what ?? '')}`;
    const other = said.get(line);
    said.set(line, name);
    return other === undefined ? [] : [[other, name]];
  });
}
