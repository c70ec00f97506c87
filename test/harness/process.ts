import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { within } from './deadline.ts';

export const root = join(import.meta.dirname, '../..');

/** A process starts slowly where many do. */
const startMs = 25_000;

/** The server as a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** All it has printed. */
  output(): string;
  /** Resolves with where it listens, once it says so. */
  address(): Promise<{ host: string; port: number }>;
  /** Resolves with the exit code. */
  exited(): Promise<number | null>;
  /** Ends it at once, with all that it has started; resolves when it has. */
  kill(): Promise<void>;
}

/** Runs a command, of the project if no other folder is named. Whoever launches it kills it. */
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
      // Its whole group: npm does not take what it has started along.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
      await ended;
    },
  };
}

/** The server alone, without npm around it. */
export const launchServer = (env: Readonly<Record<string, string>>): ServerProcess =>
  launch(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts'], { PORT: '0', ...env });
