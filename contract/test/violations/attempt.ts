import pLimit from 'p-limit';
import { startTestServer } from '../../../test/harness/server.ts';
import { testAdminToken, testSecret } from '../../../test/harness/tokens.ts';
import { type KitOptions, type Report, type Result, runKit } from '../../src/index.ts';
import { startProxy } from '../proxy/proxy.ts';
import type { Group } from './index.ts';
import type { Violation } from './violation.ts';

/** Number of concurrent runs. A run mostly waits, but forty in one process miss deadlines of the contract. */
const atOnce = 8;

/**
 * Runs the kit against a real server behind a proxy that plants this violation. Without one the proxy changes nothing.
 */
export async function attempt(
  violation?: Pick<Violation, 'plant'>,
  options: Partial<KitOptions> = {},
): Promise<Report> {
  // The default limit on frames, and no limits on sign-ups and logins, which last a minute.
  await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '20' } });
  await using proxy = await startProxy(server.port, violation?.plant());
  return await runKit({ url: proxy.url, jwtSecret: testSecret, adminToken: testAdminToken, seed: 1, ...options });
}

export const brokenIn = ({ results }: Report): Result[] => results.filter(({ outcome }) => outcome === 'broken');

export interface Outcome {
  readonly violation: Violation;
  readonly report: Report;
  /** Result of the case that must catch it; undefined if it does not. */
  readonly caught: Result | undefined;
}

/** Plants each violation by itself and runs the cases that concern it. Calls `done` with each outcome as it ends. */
export function attemptAll(groups: readonly Group[], done: (outcome: Outcome) => void = () => {}): Promise<Outcome[]> {
  const tries = groups.flatMap(({ violations, only }) =>
    violations.map((violation) => ({ violation, only: only(violation) })),
  );
  return pLimit(atOnce).map(tries, async ({ violation, only }) => {
    const report = await attempt(violation, { only });
    const outcome = { violation, report, caught: brokenIn(report).find(({ id }) => id === violation.caughtBy) };
    done(outcome);
    return outcome;
  });
}

/** Removes the parts that differ from run to run: names, ids, times, session numbers and random text. */
const lasting = (what: string): string =>
  what
    .replace(/\{"type":.*?\}\}/g, '{…}')
    .replace(/contract-[0-9a-f]{8}(-\d+)?/g, 'contract-…')
    .replace(/\d{16}-\d{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/…\.[\w-]{43}\b/g, 'token')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+/g, 'time')
    .replace(/\b(observer|ann|bob) \d+/g, '$1');

/**
 * Returns the pairs of violations that the kit cannot tell apart: the same case reports both in the same words. Numbers
 * and names don't count, since every run has its own.
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
