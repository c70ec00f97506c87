/** Plants each violation and prints what caught it: `npm run contract:violations`. `-- --write` writes VIOLATIONS.md. */
import { parseArgs, styleText } from 'node:util';
import { attempt, attemptAll, brokenIn, confused, type Outcome } from './attempt.ts';
import { groups } from './index.ts';
import { writePage } from './table.ts';

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean' }, verbose: { type: 'boolean' } },
  allowPositionals: true,
});

/** All violations, or those with these names or of these groups. */
const chosen = groups.map((group) => ({
  ...group,
  violations: group.violations.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name) || positionals.includes(group.name),
  ),
}));
if (chosen.every(({ violations }) => violations.length === 0)) throw new Error(`There is no ${positionals.join(', ')}`);
const startedAt = performance.now();
let failures = 0;

const print = ({ violation: { name, caughtBy }, report, caught }: Outcome): void => {
  const seconds = `${(report.durationMs / 1_000).toFixed(1)} s`;
  const others = brokenIn(report).filter(({ id }) => id !== caughtBy);
  if (!caught) failures += 1;
  console.log(
    caught
      ? `${styleText('green', '✓')} ${name} → ${caughtBy}: ${caught.what} (and ${others.length} more, ${seconds})`
      : `${styleText('red', '✗')} ${name} is not caught by ${caughtBy}, but by ${others.length} others (${seconds})`,
  );
  if (values.verbose || !caught) for (const { id, what } of others) console.log(`    ${id}: ${what}`);
};

const clean = brokenIn(await attempt());
for (const { id, what } of clean) console.log(`✗ with no violation, ${id}: ${what}`);
const outcomes = await attemptAll(chosen, print);
const pairs = confused(outcomes);
for (const pair of pairs) console.log(`✗ ${pair.join(' and ')} are not told apart`);
failures += clean.length + pairs.length;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
console.log(`${outcomes.length} violations, ${failures} failures, ${seconds} s`);
if (values.write) writePage();
process.exitCode = failures === 0 ? 0 : 1;
