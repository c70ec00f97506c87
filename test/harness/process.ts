import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { within } from './deadline.ts';
import { until } from './until.ts';

export const root = join(import.meta.dirname, '../..');

/** Generous, because a process starts slowly on a busy machine. */
const startMs = 25_000;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** Returns everything it has printed so far. */
  output(): string;
  /** Resolves with the address that it listens on, once it has printed it. */
  address(): Promise<{ host: string; port: number }>;
  /** Resolves with the exit code. */
  exited(): Promise<number | null>;
  /** Kills it and every process that it started; resolves when it has ended. */
  kill(): Promise<void>;
}

/** Runs a command, in the project's folder unless another one is given. The caller kills it. */
export function launch(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd = root,
): ServerProcess {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NODE_ENV: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const address = async () => {
    for (;;) {
      const match = /http:\/\/([\w.]+):(\d+)/.exec(text);
      if (match) return { host: match[1]!, port: Number(match[2]) };
      await Promise.race([
        once(child.stdout, 'data'),
        once(child.stderr, 'data'),
        ended.then((code) => Promise.reject(new Error(`exit ${code}: ${text}`))),
      ]);
    }
  };
  return {
    child,
    output: () => text,
    address: () => within(address(), () => `the address; so far: ${text}`, startMs),
    exited: () => within(ended, () => `the end; so far: ${text}`),
    kill: async () => {
      // The whole group: npm leaves the processes that it started running.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await ended;
    },
  };
}

/** Launches the server itself, not through npm. */
export const launchServer = (env: Readonly<Record<string, string>>): ServerProcess =>
  launch(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts'], { PORT: '0', ...env });

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Resolves when no process has this id. A negative id is a process group. */
export const gone = async (pid: number): Promise<void> => {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Returns whether a thread is running or may run (proc(5)). A thread that has just ended does neither. */
function canRun(stat: string): boolean {
  try {
    return !/^[TZX]/.test(readFileSync(stat, 'utf8').split(') ').at(-1)!);
  } catch {
    return false;
  }
}

/** Pauses a process with SIGSTOP. Resolves when all its threads have stopped; on a busy machine that takes a while. */
export async function paused({ pid }: ChildProcess): Promise<void> {
  process.kill(pid!, 'SIGSTOP');
  const threads = `/proc/${pid}/task`;
  // Other systems than Linux have no such folder.
  if (existsSync(threads))
    await until(
      () => !readdirSync(threads).some((thread) => canRun(join(threads, thread, 'stat'))),
      'its threads to stop',
    );
}
