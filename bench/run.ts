import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installIsland } from '../scripts/island.ts';
import { drawChart } from './chart.ts';
import { type Load, loads } from './loads.ts';
import { type Generator, measure } from './measure.ts';
import { describeMachine, pinned } from './processes.ts';
import { figure, report } from './report.ts';
import type { Run } from './result.ts';
import { everyServer, raisedLimits, type ServerKind, type ServerName, servers } from './servers.ts';

const usage = `npm run bench -- [options]

  --all              every load, and more servers
  --nodes            two nodes on Redis beside one process: the loads whose names begin with nodes
  --only <loads>     of ${Object.keys(loads).join(', ')}
  --servers <names>  of ${Object.keys(servers).join(', ')}
  --rounds <n>       3: every server and load once in each
  --seconds <n>      5: how long a run is measured; twice that at a fixed rate
  --generator js     the generator in JavaScript, also where there is a C compiler
  --json <file>      writes every run
  --svg <file>       draws a chart

BENCH_BEFORE=<folder> measures the checkout of another commit there, installed, as 'before' in the same rounds.
`;

const { values: options } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    nodes: { type: 'boolean', default: false },
    only: { type: 'string' },
    servers: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    generator: { type: 'string', default: 'c' },
    json: { type: 'string' },
    svg: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function refuse(problem: string): never {
  console.error(problem);
  process.exit(2);
}

/** Returns the names in a list. @throws for an unknown one */
function namesIn<Name extends string>(
  list: string | undefined,
  known: Readonly<Record<Name, unknown>>,
): Name[] | undefined {
  const names = list?.split(',') as Name[] | undefined;
  const unknown = names?.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) refuse(`${unknown} is none of ${Object.keys(known).join(', ')}`);
  return names;
}

function positive(option: 'rounds' | 'seconds'): number {
  const value = Number(options[option]);
  if (!(value > 0)) refuse(`--${option} must be a number above 0`);
  return value;
}

/** Compiles the generator, or uses the JavaScript one where there is no compiler. */
function generatorIn(folder: string): Generator & { name: string } {
  const file = join(import.meta.dirname, 'generator/generator.c');
  const program = join(folder, 'generator');
  if (options.generator === 'c') {
    if (spawnSync('cc', ['-O2', '-o', program, file]).status === 0) return { name: 'C', command: [program] };
    console.error('No C compiler: the generator in JavaScript may be what limits the fastest servers.');
  }
  const script = join(import.meta.dirname, 'generator/generator.ts');
  return { name: 'JavaScript', command: [process.execPath, '--disable-warning=ExperimentalWarning', script] };
}

/** Servers made of packages that the project doesn't install. */
const ofTheIsland: readonly ServerName[] = ['bun', 'socketio', 'socketio-nodes'];
/** Servers that are one process. */
const single = everyServer.filter((name) => (servers[name] as ServerKind).nodes === undefined);

/** Returns the chosen loads, each with its servers. */
function plan(): [name: string, load: Load, names: readonly ServerName[]][] {
  const only = options.nodes
    ? Object.keys(loads).filter((name) => name.startsWith('nodes'))
    : namesIn(options.only, loads);
  const chosen = namesIn(options.servers, servers);
  return Object.entries(loads)
    .filter(([name, { extra }]) => only?.includes(name) ?? (options.all || !extra))
    .map(([name, load]) => {
      const possible = load.narrow ? load.servers : single;
      const isBefore = (server: ServerName): boolean => server === 'before' && !load.narrow;
      const usual = options.all
        ? possible
        : everyServer.filter((server) => load.servers.includes(server) || isBefore(server));
      return [name, load, chosen ? possible.filter((server) => chosen.includes(server)) : usual];
    });
}

if (options.help) {
  console.log(usage);
  process.exit();
}
const rounds = positive('rounds');
const seconds = positive('seconds');
const planned = plan();
if (planned.some(([, , names]) => names.some((name) => ofTheIsland.includes(name)))) await installIsland('bench');
const runs: Run[] = [];

const folder = mkdtempSync(join(tmpdir(), 'palaver-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const generator = generatorIn(folder);
for (let round = 1; round <= rounds; round += 1) {
  for (const [name, load, names] of planned) {
    for (const server of names) {
      const title = `round ${round}/${rounds}, ${name}, ${servers[server].title}`;
      try {
        const run = await measure({ name, load, server, round, seconds, generator, folder });
        runs.push(run);
        const figures = Object.values(load.metrics).map((metric) => `${metric.label} ${figure(metric.of(run))}`);
        console.error(`${title}: ${figures.join('; ')}`);
      } catch (error) {
        process.exitCode = 1;
        console.error(`${title} FAILED: ${(error as Error).message}`);
      }
    }
  }
}
const machine = describeMachine(generator.name);
const chosen = planned.map(([name, load]) => ({ name, load }));
const limits = Object.entries(raisedLimits).map(([name, value]) => `${name}=${value}`);
console.log(report(runs, chosen, { machine, limits, rounds }));
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ machine, raisedLimits, pinned, seconds, runs }, null, 2)}\n`);
if (options.svg) writeFileSync(options.svg, drawChart(runs, chosen, machine));
