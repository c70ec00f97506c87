/** One run: faults and actions by a schedule, then quiet, then the checker's verdict. */
import { setTimeout as pause } from 'node:timers/promises';
import { mint } from '../harness/tokens.ts';
import { type Account, type End, emptyAccount } from './account.ts';
import { check } from './checker.ts';
import type { Client } from './client.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { type Crowd, startCrowd } from './crowd.ts';
import { readPages } from './pages.ts';
import { type Pollers, startPollers } from './poller.ts';
import { rosterNow } from './presence-rules.ts';
import { read } from './reading.ts';
import { createRecorder, type Recorder } from './recording.ts';
import type { Act, Schedule, Step } from './schedule.ts';
import type { Violation } from './violation.ts';

export interface Options {
  readonly schedule: Schedule;
  /** Environment of the servers, added to the usual one. */
  readonly env?: Readonly<Record<string, string>>;
  /** Number of faults between two checks during the run. */
  readonly checkEvery?: number;
  /** Time limit for becoming quiet. */
  readonly quietMs?: number;
  readonly tell?: (line: string) => void;
}

export interface Result {
  readonly violations: readonly Violation[];
  readonly account: Account;
  /** Events of the run, in seconds from its start. */
  readonly happened: readonly string[];
}

/** Time before the first fault, in which messages are stored. */
const warmUpMs = 1_000;
/** Time until all is quiet: a message of the SDK waits up to 30 s. */
const usualQuietMs = 45_000;
const heardMs = 20_000;
const markerTries = 20;

/** Waits until the condition holds or the time is up. The checker judges the result. */
async function settled(holds: () => boolean, ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (!holds() && performance.now() < untilMs) await pause(100);
}

const outlineOf = ({ do: what, ...rest }: Step | Act): string =>
  [what, ...Object.entries(rest).flatMap(([name, value]) => (name === 'atMs' ? [] : [`${name} ${value}`]))].join(', ');

/** Has some clients leave and cuts some off for good. The others must agree on the roster and the messages. */
async function becomeQuiet(
  { clients, pollers }: Crowd & { readonly pollers: Pollers },
  { nodes }: Cluster,
  recorder: Recorder,
  quietMs: number,
): Promise<End> {
  const { account } = recorder;
  const staying = clients.filter((_, index) => index % 3 !== 2);
  const going = clients.filter((client) => !staying.includes(client));
  await Promise.all(going.map((client, index) => (index % 2 === 0 ? client.leave() : client.proxy.down())));
  const usernames = [...new Set(staying.map(({ username }) => username))];

  const want = [...usernames].sort().join();
  const agrees = ({ name, pending }: Client): boolean => {
    const connection = recorder.current(name);
    const [heard] = connection ? read({ ...account, connections: [connection] }).heard : [];
    return pending() === 0 && heard !== undefined && [...rosterNow(heard)].sort().join() === want;
  };
  await settled(() => staying.every(agrees), quietMs);

  let marker = '~';
  const [speaker] = staying;
  for (let tries = 0; marker === '~' && tries < markerTries; tries += 1) {
    speaker!.say();
    await settled(() => speaker!.pending() === 0, quietMs);
    const outcome = account.sends.findLast(({ client }) => client === speaker!.name)?.outcome;
    if (outcome?.kind === 'echoed') marker = outcome.id;
  }
  const hasHeard = ({ name }: Client): boolean =>
    recorder.current(name)?.frames.some((text) => text.includes(`"${marker}"`)) === true;
  await settled(() => staying.every(hasHeard) && pollers.haveReached(marker), heardMs);
  await Promise.all(going.map((client) => client.leave()));

  const token = await mint({ id: 'reader', username: 'Reader' });
  const pages = await readPages(nodes, token, marker, account);
  return { clients: staying.map(({ name }) => name), usernames, marker, pages };
}

export async function runChaos({
  schedule,
  env = {},
  checkEvery = 1,
  quietMs = usualQuietMs,
  tell = () => {},
}: Options): Promise<Result> {
  const account = emptyAccount();
  const recorder = createRecorder(account);
  const happened: string[] = [];
  await using parts = new AsyncDisposableStack();
  const cluster = await startCluster({ account, epoch: recorder.epoch, env });
  parts.defer(() => cluster.close());
  const crowd = await startCrowd(recorder, cluster.balancer.port);
  parts.defer(() => crowd.close());
  const token = await mint({ id: 'poller', username: 'Poller' });
  const polled = [...cluster.nodes, { name: 'the balancer', port: cluster.balancer.port }];
  const pollers = startPollers(polled, token, account);
  parts.defer(() => pollers.stop());

  const startMs = performance.now();
  const note = (what: string): string => {
    happened.push(`${((performance.now() - startMs) / 1_000).toFixed(1)} s: ${what}`);
    return happened.at(-1)!;
  };
  let isOver = false;
  const acting = (async (): Promise<void> => {
    for (const act of schedule.acts) {
      while (!isOver && performance.now() - startMs < act.atMs)
        await pause(Math.max(0, Math.min(50, act.atMs - performance.now() + startMs)));
      if (isOver) return;
      if (act.do !== 'say') note(`${crowd.clients[act.client]!.name}: ${outlineOf(act)}`);
      crowd.act(act);
    }
  })();
  const stop = async (): Promise<void> => {
    isOver = true;
    await acting;
    await crowd.idle();
  };

  try {
    await pause(warmUpMs);
    for (const [index, step] of schedule.steps.entries()) {
      tell(note(outlineOf(step)));
      await cluster.suffer(step);
      await pause(step.calmMs);
      const violations = (index + 1) % checkEvery === 0 ? check(account) : [];
      if (violations.length > 0) return { violations, account, happened };
    }
  } finally {
    await stop();
  }
  tell(note('quiet'));
  account.end = await becomeQuiet({ ...crowd, pollers }, cluster, recorder, quietMs);
  return { violations: check(account), account, happened };
}
