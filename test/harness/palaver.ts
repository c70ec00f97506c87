import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { within } from './deadline.ts';
import { root } from './process.ts';

/** Timeout against hanging, for tests that start many processes one after the other. */
export const manyStartsMs = 180_000;

/** Output and exit code of a command. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** Returns the command `palaver` with these arguments, as run from a checkout. */
export const commandLine = (...args: readonly string[]): [command: string, ...args: string[]] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  'src/main.ts',
  ...args,
];

/** Runs `palaver` in a process of its own, with `input` on its standard input. It ends with the test. */
export async function palaver(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Ended> {
  const [command, ...rest] = commandLine(...args);
  const child = spawn(command, rest, { cwd: root, env: { ...process.env, NODE_ENV: '', ...env } });
  const closed = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  // A command that doesn't read its input may end first.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]);
  const [[code], out, errors] = await within(ended, `the end of palaver ${args.join(' ')}`, 25_000);
  return { code: code as number | null, out, errors };
}
