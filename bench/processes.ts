import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export type Child = ChildProcessByStdio<null, Readable, Readable>;

const serverCore = 0;
const ownCore = 1;
const ticksPerS = 100;
/** No process lives longer, whatever happens. */
const lifetimeMs = 15 * 60_000;

const run = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Tells whether servers have a core of their own. This process then leaves it to them. */
export const pinned: boolean =
  availableParallelism() >= 2 &&
  run('taskset', '-c', `${serverCore},${ownCore}`, 'true') &&
  run('taskset', '-a', '-cp', `${ownCore}`, `${process.pid}`);

/** Nothing that this process starts outlives it. */
const children = new Set<Child>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts a process on its side of the machine, with an environment of its own. `problem` is its output on stderr. */
export function start(
  [command, ...args]: readonly string[],
  { side, cwd, env = {} }: { side: 'server' | 'generator'; cwd: string; env?: Readonly<Record<string, string>> },
): { child: Child; problem: () => string } {
  const core = side === 'server' ? serverCore : ownCore;
  const [file, ...rest] = [...(pinned ? ['taskset', '-c', `${core}`] : []), command!, ...args];
  const child = spawn(file!, rest, {
    cwd,
    // MONGODB_URI or NODE_OPTIONS of the caller's shell must not reach the server under test.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: lifetimeMs,
    killSignal: 'SIGKILL',
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-2_000);
  });
  return { child, problem: () => said.trim() };
}

export async function end(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

export interface Usage {
  readonly cpuS: number;
  readonly rssKb: number;
  /** CPU time of everything on the machine, and the time that its host took away. */
  readonly machineCpuS: number;
}

/** Returns the CPU time and memory of a process, all threads together (proc(5)). */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may contain anything, utime and stime are the fields 14 and 15.
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const [user, nice, system, _idle, _iowait, ...rest] = readFileSync('/proc/stat', 'utf8')
    .slice('cpu '.length, 200)
    .split('\n')[0]!
    .trim()
    .split(' ')
    .map(Number);
  // After these: irq, softirq, steal.
  const machine = [user!, nice!, system!, ...rest.slice(0, 3)].reduce((sum, ticks) => sum + ticks);
  return {
    cpuS: (utime! + stime!) / ticksPerS,
    rssKb: Number(rss?.[1]),
    machineCpuS: machine / ticksPerS,
  };
}

/** Returns a line about the machine, the versions and the date of a measurement. */
export function describeMachine(generator: string): string {
  const bun = spawnSync(join(import.meta.dirname, 'node_modules/.bin/bun'), ['--version'], { encoding: 'utf8' });
  return [
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    pinned ? `server pinned to core ${serverCore}, generator to core ${ownCore}` : 'nothing pinned',
    `generator in ${generator}`,
    `Node ${process.versions.node}`,
    `Bun ${bun.stdout?.trim() || 'not found'}`,
    new Date().toISOString().slice(0, 10),
  ].join('; ');
}
