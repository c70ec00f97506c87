import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { within } from './deadline.ts';
import { root } from './process.ts';
import { until } from './until.ts';

/** Runs a command at a pseudo-terminal. */
const script = '/usr/bin/script';

/** Reason to skip the tests at a terminal; undefined if they can run. With CI set they must. */
export const noTerminal =
  existsSync(script) && process.platform === 'linux' ? undefined : 'script of util-linux is missing';
if (noTerminal && process.env.CI) throw new Error(`In CI the terminal must be tested, and ${noTerminal}`);
if (noTerminal) console.warn(`Tests at a terminal are skipped: ${noTerminal}`);

/** Generous, because a process starts slowly on a busy machine. */
const startMs = 25_000;

/** A command that a person uses at a terminal. */
export interface AtTerminal {
  /** Everything that the terminal has shown. */
  shown(): string;
  /** Resolves once the terminal has shown this text. */
  shows(text: string): Promise<void>;
  type(text: string): void;
  /** Resolves with the exit code. */
  exited(): Promise<number | null>;
}

/** Runs a command line of the shell at a terminal, in the project's folder unless another one is given. It ends with the test. */
export function atTerminal(commandLine: string, env: Readonly<Record<string, string>> = {}, cwd = root): AtTerminal {
  const child = spawn(script, ['-qec', commandLine, '/dev/null'], { cwd, env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    shown: () => shown,
    shows: (text) =>
      until(
        () => shown.includes(text),
        () => `'${text}'; so far: ${shown}`,
        startMs,
      ),
    type: (text) => void child.stdin.write(text),
    exited: () => within(ended, () => `the end; so far: ${shown}`, startMs),
  };
}
