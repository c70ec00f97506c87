/**
 * Runs faults of all kinds, chosen by a seed, while clients chat. Prints each broken rule, and the command to repeat
 * the run.
 */
import { parseArgs } from 'node:util';
import { noMongo } from '../harness/mongo.ts';
import { noRedis } from '../harness/redis.ts';
import type { Account } from './account.ts';
import { crowdSize } from './crowd.ts';
import { epochOf } from './reading.ts';
import { type Result, runChaos } from './run.ts';
import { faultsPerRound, nodeCount, scheduleOf } from './schedule.ts';

const usage = `npm run chaos -- [--seed N] [--minutes M]

  --seed     the whole number that the schedule comes from; a new one each time if absent
  --minutes  how many rounds of ${faultsPerRound} faults, about a minute each; 1 if absent, at most 60. Each begins
             with nothing, and has the next seed: so it can be seen again alone. The first that breaks is the last.

${nodeCount} servers on one Redis and one store, ${crowdSize} clients. Exits with 1 where something broke.`;

const maxMinutes = 60;
const maxSeed = 1_000_000_000;
const shownViolations = 5;
const shownEvents = 25;

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > most) throw new Error(`--${name} must be from 0 to ${most}`);
  return number;
}

/** Counts connections, recoveries and outcomes, to show that the run did something. */
export function summaryOf({ connections, sends, restarts, refusals }: Account): string {
  const frames = connections.reduce((sum, one) => sum + one.frames.length, 0);
  const recovered = (how: boolean): number =>
    connections.filter(({ frames: [first = ''] }) => first.includes(`"recovered":${how}`)).length;
  const outcomes = Map.groupBy(sends, ({ outcome }) =>
    outcome === undefined ? 'open' : 'code' in outcome ? `${outcome.kind} (${outcome.code})` : outcome.kind,
  );
  const epochs = new Set(
    connections.flatMap(({ frames: [first = ''] }) => /"id":"([^"]+)"/.exec(first)?.[1] ?? []).map(epochOf),
  );
  return [
    `${connections.length} connections (${recovered(true)} recovered, ${recovered(false)} not), ${frames} frames,`,
    `${epochs.size} epochs, ${restarts.length} restarts of Redis, ${refusals.length} handshakes refused;`,
    `sends: ${[...outcomes].map(([kind, some]) => `${some.length} ${kind}`).join(', ')}`,
  ].join(' ');
}

function report({ violations, account, happened }: Result, seed: number): void {
  console.log(summaryOf(account));
  console.log(violations.length === 0 ? 'Nothing broke.' : '');
  if (violations.length === 0) return;
  const rules = [...new Set(violations.map(({ rule }) => rule))];
  console.log(`${violations.length} violations, of: ${rules.join('; ')}\n`);
  for (const rule of rules)
    for (const { says, frames } of violations.filter((one) => one.rule === rule).slice(0, shownViolations)) {
      console.log(`${rule}: ${says}`);
      for (const frame of frames) console.log(`  ${frame}`);
    }
  console.log(`\nWhat happened last:\n${happened.slice(-shownEvents).join('\n')}`);
  console.log(`\nSee it again: npm run chaos -- --seed ${seed}`);
}

const { values } = parseArgs({
  options: { seed: { type: 'string' }, minutes: { type: 'string', default: '1' }, help: { type: 'boolean' } },
});
if (values.help) console.log(usage);
else {
  if (noMongo || noRedis) throw new Error(noMongo ?? noRedis);
  const first = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed, maxSeed);
  const rounds = wholeNumber('minutes', values.minutes, maxMinutes);
  let isSound = true;
  for (let seed = first; isSound && seed < first + rounds; seed += 1) {
    console.log(`Seed ${seed}`);
    const result = await runChaos({ schedule: scheduleOf(seed, crowdSize), tell: console.log });
    report(result, seed);
    isSound = result.violations.length === 0;
  }
  // After a violation, clients may still be waiting.
  process.exit(isSound ? 0 : 1);
}
