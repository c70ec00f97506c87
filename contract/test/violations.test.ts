import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, attemptAll, brokenIn, confused, type Outcome } from './violations/attempt.ts';
import { groups } from './violations/index.ts';
import { readmes } from './violations/table.ts';

const all = groups.flatMap(({ violations }) => violations);

describe('the proxy alone', () => {
  it('breaks nothing', async () => {
    const report = await attempt();
    expect(brokenIn(report)).toEqual([]);
    expect(report.complete).toBe(true);
    expect(report.results.filter(({ outcome }) => outcome === 'kept').length).toBeGreaterThan(100);
  });
});

describe('each violation', () => {
  let outcomes: Outcome[] = [];
  beforeAll(async () => {
    outcomes = await attemptAll(groups);
  }, 600_000);
  afterAll(() => {
    outcomes = [];
  });

  it.each(all)('$name is caught by $caughtBy', ({ name, caughtBy }) => {
    const outcome = outcomes.find(({ violation }) => violation.name === name)!;
    expect(brokenIn(outcome.report).map(({ id }) => id)).toContain(caughtBy);
  });

  it('is told from all others', () => {
    expect(confused(outcomes)).toEqual([]);
  });
});

it('the table in the README is of these violations', () => {
  const { found, wanted } = readmes();
  expect(found, 'npm run contract:violations -- --write').toBe(wanted);
});
