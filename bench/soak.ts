/**
 * `npm run soak -- --minutes 10`: churns clients of every kind, measures the server's process, and reports whether it
 * grows.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { nonceWindowMs } from '../src/backplane/nonces.ts';
import { portOf } from './measure.ts';
import { describeMachine, end, start } from './processes.ts';
import { servers } from './servers.ts';
import { drawSoak, type Panel } from './soak/chart.ts';
import { createChurn } from './soak/churn.ts';
import { type Classes, openInspector } from './soak/inspector.ts';
import { judge } from './soak/judge.ts';
import { createWatch, type Sample } from './soak/watch.ts';

const usage = `npm run soak -- [--minutes 10] [--users 200] [--svg FILE] [--classes] [--leak NAME]

  --svg FILE   draws what was measured
  --classes    prints what the heap holds more of at the end than after the warm-up. The snapshots are in RSS then
  --leak NAME  gives the server a leak of bench/soak/leaks.ts, to see that it is seen

Exit code 0 if all is flat; 1 if something grows, or if the run was too short to tell.
`;
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    users: { type: 'string', default: '200' },
    svg: { type: 'string' },
    classes: { type: 'boolean', default: false },
    leak: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit();
}
const minutes = Number(options.minutes);
const users = Number(options.users);
// No process of a measurement lives for more than a quarter of an hour.
if (!(minutes > 0 && minutes <= 13 && users > 0)) throw new Error('--minutes is at most 13, --users 1 or more');
const sampleMs = Math.min(3_000, minutes * 1_000);
/** Time until all temporary state is full. In shorter runs messages have no nonces. */
const nonceMinutes = nonceWindowMs / 60_000;
const hasNonces = minutes >= 1.8 * nonceMinutes;
const warmMinutes = hasNonces ? nonceMinutes + 0.25 : minutes / 3;
/** Time until as many clients are connected as before the rest. */
const rampMinutes = Math.min(0.25, (minutes - warmMinutes) / 5);

function print({ minute, rssMb, heapMb, files, p50Ms, p99Ms }: Sample): void {
  const held = `RSS ${rssMb.toFixed(1)} MB, live heap ${heapMb.toFixed(2)} MB, ${files} descriptors`;
  console.log(`${minute.toFixed(2)} min: ${held}, event loop ${p50Ms.toFixed(1)} ms late, p99 ${p99Ms.toFixed(1)} ms`);
}

function printGrowth(before: Classes, after: Classes): void {
  const grown = [...after].map(([name, bytes]) => ({ name, bytes: bytes - (before.get(name) ?? 0) }));
  console.log('KB more than after the warm-up, by class:');
  for (const { name, bytes } of grown
    .filter((one) => one.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 30))
    console.log(`${(bytes / 1_024).toFixed(1).padStart(10)}  ${name}`);
}

const { command, env, token } = servers.palaver;
const folder = mkdtempSync(join(tmpdir(), 'palaver-soak-'));
const [node, ...args] = command;
const leaking = options.leak === undefined ? [] : [`--import=${new URL('soak/leak-here.ts', import.meta.url).href}`];
const { child, problem } = start([node!, '--inspect=127.0.0.1:0', ...leaking, ...args], {
  side: 'server',
  cwd: folder,
  // The frame limit stays at its default, so that clients run into it.
  env: { ...env, RATE_LIMIT_FRAMES: '20', ...(options.leak !== undefined && { LEAK: options.leak }) },
});

try {
  const port = await portOf(child, problem);
  const inspector = await openInspector(child, problem);
  const churn = createChurn({ port, users, hasNonces, token });
  await churn.once();
  const hasClasses = options.classes;
  const watch = createWatch({ child, problem, inspector, churn, sampleMs, hasClasses, onSample: print });
  const warm = await watch.spell(warmMinutes * 60_000);
  const last = await watch.spell((minutes - warmMinutes) * 60_000);
  if (warm.rest.classes && last.rest.classes) printGrowth(warm.rest.classes, last.rest.classes);

  const fromMinute = last.samples[0]!.minute + rampMinutes;
  const { filesAtFirst } = watch;
  const samples = last.samples.filter(({ minute }) => minute >= fromMinute);
  const { heap, rss, rest, files } = judge({ samples, rests: [warm.rest, last.rest], filesAtFirst });
  // Memory that a snapshot used looks like a leak, so a run with snapshots does not judge RSS.
  const judgements = options.classes ? [rest, heap, files] : [rest, heap, rss, files];
  const isFlat = judgements.every(({ verdict }) => verdict === 'flat');
  const { counts } = churn;
  const nonces = hasNonces ? 'every tenth message with a nonce' : 'messages without nonces';
  console.log(JSON.stringify(counts));
  for (const { says } of judgements) console.log(says);
  const grows = judgements.some(({ verdict }) => verdict === 'grows');
  const word = isFlat ? 'Flat' : grows ? 'NOT FLAT' : 'UNCLEAR: too short, or too much else to do on this machine';
  console.log(`${word}. Warm-up ${warmMinutes.toFixed(2)} min; ${nonces}.`);

  if (options.svg !== undefined) {
    const line = (label: string, colour: string, figure: Exclude<keyof Sample, 'minute'>) => ({
      label,
      colour,
      lines: [warm, last].map((spell) => spell.samples.map(({ minute, ...each }) => ({ minute, value: each[figure] }))),
    });
    const [blue, orange] = ['#1d5fd1', '#c2761c'];
    const late = [line('p99', orange, 'p99Ms'), line('p50', blue, 'p50Ms')];
    const panels: Panel[] = [
      { title: 'Live heap, MB', series: [line('', blue, 'heapMb')], trend: heap.trend! },
      { title: 'RSS, MB', series: [line('', blue, 'rssMb')], trend: rss.trend! },
      { title: 'Descriptors', series: [line('', blue, 'files')] },
      { title: 'How late the event loop is, ms', series: late },
    ];
    const title = `${minutes} minutes of churn: ${counts.joined.toLocaleString('en')} joins, ${counts.frames.toLocaleString('en')} frames`;
    const notes = [...judgements.map(({ says }) => says), describeMachine('JavaScript')];
    writeFileSync(options.svg, drawSoak(title, panels, { fromMinute, minutes: last.samples.at(-1)!.minute }, notes));
  }
  process.exitCode = isFlat ? 0 : 1;
} finally {
  await end(child);
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
