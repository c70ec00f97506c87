import pLimit from 'p-limit';
import { startTestServer } from '../../../test/harness/server.ts';
import { testAdminToken, testSecret } from '../../../test/harness/tokens.ts';
import { type KitOptions, type Report, type Result, runKit } from '../../src/index.ts';
import { startProxy } from '../proxy/proxy.ts';
import type { Group } from './index.ts';
import type { Violation } from './violation.ts';

/** A run mostly waits; more of them at once would wait for each other. */
const atOnce = 8;

/** What the kit says of a real server behind a proxy that breaks the contract in this one way; in none without one. */
export async function attempt(
  violation?: Pick<Violation, 'plant'>,
  options: Partial<KitOptions> = {},
): Promise<Report> {
  // As it comes, but that nobody waits for the next minute to sign up or to log in.
  await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '20' } });
  await using proxy = await startProxy(server.port, violation?.plant());
  return await runKit({ url: proxy.url, jwtSecret: testSecret, adminToken: testAdminToken, seed: 1, ...options });
}

export const brokenIn = ({ results }: Report): Result[] => results.filter(({ outcome }) => outcome === 'broken');

export interface Outcome {
  readonly violation: Violation;
  readonly report: Report;
  /** What the case says that has to catch it; undefined if it doesn't. */
  readonly caught: Result | undefined;
}

/** Each violation by itself, with the cases that have to do with it. `done` hears of each as it ends. */
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

/** Without what differs from run to run: names, ids, times, which session of somebody it was, what was said at random. */
const lasting = (what: string): string =>
  what
    .replace(/\{"type":.*?\}\}/g, '{…}')
    .replace(/contract-[0-9a-f]{8}(-\d+)?/g, 'contract-…')
    .replace(/\d{16}-\d{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/…\.[\w-]{43}\b/g, 'token')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+/g, 'time')
    .replace(/\b(observer|ann|bob) \d+/g, '$1');

/**
 * Pairs that can't be told apart. To tell one violation from another it must be caught by another case, or be told in
 * other words by the same one: not in another number or name, which every run has of its own.
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
