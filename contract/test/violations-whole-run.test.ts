/** Runs the whole kit: against a proxy that changes nothing, and against one violation of each group. */
import { beforeAll, describe, expect, it } from 'vitest';
import { attempt, attemptAll, brokenIn, type Outcome } from './violations/attempt.ts';
import { groups } from './violations/index.ts';

/** Timeout against hanging only. */
const patience = 900_000;

it(
  'the proxy alone breaks nothing',
  async () => {
    const report = await attempt();
    expect(brokenIn(report)).toEqual([]);
    expect(report.complete).toBe(true);
    expect(report.results.filter(({ outcome }) => outcome === 'kept').length).toBeGreaterThan(300);
  },
  patience,
);

describe('a whole run with default options catches', () => {
  let outcomes: Outcome[];
  beforeAll(async () => {
    outcomes = await attemptAll(
      groups.map((group) => ({ ...group, violations: group.violations.slice(0, 1), only: () => [] })),
    );
  }, patience);

  it.each(groups)('the first of $name', ({ violations: [first] }) => {
    const { report } = outcomes.find(({ violation }) => violation === first)!;
    expect(brokenIn(report).map(({ id }) => id)).toContain(first!.caughtBy);
  });
});
