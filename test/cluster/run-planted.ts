/**
 * Gives the nodes one bug at a time, and expects the checker to see it by the rule that is named for it. With no bug the
 * same faults break nothing.
 */
import { withoutOnDisk } from '../attack/switch-off.ts';
import { noMongo } from '../harness/mongo.ts';
import { noRedis } from '../harness/redis.ts';
import { crowdSize } from './crowd.ts';
import { allSteps, type Bug, bugs } from './planted.ts';
import { type Result, runChaos } from './run.ts';
import { actsOf, type Step } from './schedule.ts';

const seed = 1;
/** Clients act for longer than any of these runs takes. */
const actMs = 180_000;
/** What doesn't come to an end with a bug isn't waited for as long as usual. */
const quietMs = 10_000;
const hook = new URL('plant-here.ts', import.meta.url).href;

const run = (steps: readonly Step[], planted?: string): Promise<Result> =>
  runChaos({
    schedule: { steps, acts: actsOf(seed, crowdSize, actMs) },
    ...(planted !== undefined && {
      env: { PLANTED: planted, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${hook}` },
      quietMs,
    }),
  });

let faults = 0;
function tell(name: string, rule: string, { violations }: Result, isRight: boolean, seconds: number): void {
  if (!isRight) faults += 1;
  const others = [...new Set(violations.map((one) => one.rule))].filter((one) => one !== rule);
  console.log(
    `| ${name} | ${rule} | ${isRight ? 'yes' : '**no**'} | ${others.join(', ')} | ${Math.round(seconds)} s |`,
  );
  if (!isRight) for (const { says, frames } of violations.slice(0, 3)) console.log(says, frames);
}

async function timed(work: Promise<Result>): Promise<readonly [Result, number]> {
  const startMs = performance.now();
  return [await work, (performance.now() - startMs) / 1_000];
}

const chosen = process.argv.slice(2);
const isChosen = ({ name }: Bug): boolean => chosen.length === 0 || chosen.some((word) => name.includes(word));

if (noMongo || noRedis) throw new Error(noMongo ?? noRedis);
for (const { changes } of bugs) for (const change of changes) withoutOnDisk(change);
console.log('| bug | rule that must see it | saw it | and | after |\n|---|---|---|---|---|');
for (const { name, steps, rule } of bugs.filter(isChosen)) {
  const [result, seconds] = await timed(run(steps, name));
  tell(
    name,
    rule,
    result,
    result.violations.some((one) => one.rule === rule),
    seconds,
  );
}
if (chosen.length === 0) {
  const [result, seconds] = await timed(run(allSteps));
  tell('none', 'nothing breaks', result, result.violations.length === 0, seconds);
}
console.log(`\n${faults === 0 ? 'Each was seen.' : `${faults} not as they should be`}`);
// Where something broke, clients may still be waiting.
process.exit(faults === 0 ? 0 : 1);
