/** Proves that the kit can fail: it finds every planted violation, and tells it from the others. */
import { beforeAll, describe, expect, it } from 'vitest';
import { attemptAll, brokenIn, confused, type Outcome } from './violations/attempt.ts';
import { groups } from './violations/index.ts';
import { readPage, violationsPage } from './violations/table.ts';

/** Timeout against hanging only. */
const patience = 900_000;
const all = groups.flatMap(({ violations }) => violations);

describe('each violation, with its own cases,', () => {
  let outcomes: Outcome[];
  beforeAll(async () => {
    outcomes = await attemptAll(groups);
  }, patience);

  it.each(all)('is caught: $name by $caughtBy', ({ name, caughtBy }) => {
    const { report } = outcomes.find(({ violation }) => violation.name === name)!;
    expect(brokenIn(report).map(({ id }) => id)).toContain(caughtBy);
  });

  it('differs from all others', () => {
    expect(confused(outcomes)).toEqual([]);
  });
});

it('no two violations share a name', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

describe('two violations', () => {
  const caught = (name: string, id: string, what: string): Outcome =>
    ({ violation: { name }, caught: { id, what } }) as Outcome;
  const one = caught('one', 'rule.echo', 'ann 12: no echo of contract-00c0ffee-1 at 0001795605321999-0000000000000028');
  it.each([
    [
      'are confused where only names and numbers differ',
      caught('other', 'rule.echo', 'ann 7: no echo of contract-deadbeef-29 at 0001795605321998-0000000000000001'),
      [['one', 'other']],
    ],
    ['are told by what is said', caught('other', 'rule.echo', 'ann 12: two echoes'), []],
    ['are told by whom it concerns', caught('other', 'rule.echo', one.caught!.what!.replace('ann', 'bob')), []],
    ['are told by the case', caught('other', 'rule.exact', one.caught!.what!), []],
  ])('%s', (_, other, want) => {
    expect(confused([one, other])).toEqual(want);
  });
});

it('VIOLATIONS.md lists these violations', () => {
  expect(readPage(), 'npm run contract:violations -- --write').toBe(violationsPage());
});
