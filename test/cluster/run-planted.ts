/**
 * Plants one bug at a time in the nodes, and expects the checker to find it by the rule that its row names. Without a bug
 * the same faults break no rule.
 */
import { withoutOnDisk } from '../attack/switch-off.ts';
import { noMongo } from '../harness/mongo.ts';
import { noRedis } from '../harness/redis.ts';
import { crowdSize } from './crowd.ts';
import { type Bug, bugs } from './planted.ts';
import { type Result, runChaos } from './run.ts';
import { actsOf } from './schedule.ts';

/** A bug that is not found with one seed gets another, as the timing of clients is random. Without a bug, one is run. */
const seeds = [1, 2, 3];
/** Longer than any of these runs takes. */
const actMs = 180_000;
/** Shorter than usual: with a bug, clients may never become quiet. */
const quietMs = 10_000;
const hook = new URL('plant-here.ts', import.meta.url).href;

const run = ({ name, steps, rule }: Bug, seed: number): Promise<Result> =>
  runChaos({
    schedule: { steps, acts: actsOf(seed, crowdSize, actMs) },
    env: { PLANTED: name, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${hook}` },
    ...(rule !== undefined && { quietMs }),
  });

/** Returns whether the rule of a bug found it; without a rule, whether no rule was broken. */
async function isRight(bug: Bug): Promise<boolean> {
  const { name, rule } = bug;
  for (const seed of rule === undefined ? seeds.slice(0, 1) : seeds) {
    const startMs = performance.now();
    const { violations } = await run(bug, seed);
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    const seen = new Set(violations.map((one) => one.rule));
    const right = rule === undefined ? seen.size === 0 : seen.has(rule);
    const others = [...seen].filter((one) => one !== rule).join(', ');
    console.log(
      `| ${name} | ${rule ?? 'nothing breaks'} | ${right ? 'yes' : '**no**'} | ${others} | ${seed} | ${seconds} s |`,
    );
    if (right) return true;
    for (const { says, frames } of violations.slice(0, 3)) console.log(says, frames);
  }
  return false;
}

const chosen = process.argv.slice(2);
const isChosen = ({ name }: Bug): boolean => chosen.length === 0 || chosen.some((word) => name.includes(word));

if (noMongo || noRedis) throw new Error(noMongo ?? noRedis);
for (const { changes } of bugs) for (const change of changes) withoutOnDisk(change);
console.log('| bug | rule that must see it | saw it | and | seed | after |\n|---|---|---|---|---|---|');
let faults = 0;
for (const bug of bugs.filter(isChosen)) if (!(await isRight(bug))) faults += 1;
console.log(`\n${faults === 0 ? 'All is as it should be.' : `${faults} not as they should be`}`);
// Clients may still be waiting after a bug.
process.exit(faults === 0 ? 0 : 1);
