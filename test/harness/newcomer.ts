/** Follows a page of the documentation, in a folder of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { within } from './deadline.ts';
import { temporaryFolder } from './folder.ts';
import type { Ended } from './palaver.ts';
import { launch, root, type ServerProcess } from './process.ts';
import { type AtTerminal, atTerminal } from './terminal.ts';

/** Timeout against hanging: a page's commands start many processes, one after the other. */
export const pageMs = 120_000;

/** Commands that serve. */
export interface Serving extends Pick<ServerProcess, 'output' | 'address'> {
  /** Signals the commands and everything they started, as Ctrl-C at a terminal does. Resolves when all have ended. */
  stop(signal: 'SIGINT' | 'SIGTERM'): Promise<void>;
}

/** Signals a process group. It may have ended. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A reader of the documentation who runs its commands. */
export interface Newcomer {
  readonly folder: string;
  /** Runs the commands of a code block, and stops at the first one that fails. */
  run(commands: string): Promise<Ended>;
  /** Runs commands that serve until they are stopped. They end with the test. */
  serve(commands: string): Serving;
  /** Runs commands at a terminal. They end with the test. */
  type(commands: string): AtTerminal;
}

/** Returns a newcomer in this folder. The commands of its packages are in the PATH. */
function newcomerIn(folder: string, env: Readonly<Record<string, string>>): Newcomer {
  // Commands begin with `env node`: with the one that these tests run on.
  const path = `${join(folder, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env.PATH}`;
  // Colours and npm's own notes are not what pages promise.
  const own = { NODE_ENV: '', NO_COLOR: '1', npm_config_loglevel: 'error', ...env, PATH: path };
  const bash = (lines: string): string[] => ['-euo', 'pipefail', '-c', lines];
  return {
    folder,
    run: async (lines) => {
      const child = spawn('bash', bash(lines), { cwd: folder, env: { ...process.env, ...own }, detached: true });
      const closed = once(child, 'close');
      child.stdin.end();
      const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]);
      const [[code], out, errors] = await within(ended, `the end of: ${lines}`, pageMs).finally(() => {
        signalGroup(child.pid!, 'SIGKILL');
      });
      return { code: code as number | null, out, errors };
    },
    serve: (lines) => {
      const { child, output, address } = launch('bash', bash(lines), own, folder);
      // Every process that they start has these pipes, so they close when the last one has ended.
      const ended = once(child, 'close');
      const stop = async (signal: NodeJS.Signals): Promise<void> => {
        signalGroup(child.pid!, signal);
        await within(ended, () => `the end of: ${lines}; so far: ${output()}`, pageMs);
      };
      // The shell may have ended before what it started.
      onTestFinished(() => stop('SIGKILL'));
      return { output, address, stop };
    },
    type: (lines) => atTerminal(lines, { ...own, SHELL: '/bin/bash' }, folder),
  };
}

/** Returns a newcomer with a copy of the repository, after `npm ci`: its files are links, and it has no data yet. */
export function newcomerWithCheckout(env: Readonly<Record<string, string>> = {}): Newcomer {
  const folder = temporaryFolder();
  const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  for (const name of new Set([...files.map((file) => file.split('/')[0]!), 'node_modules', 'build']))
    symlinkSync(join(root, name), join(folder, name));
  return newcomerIn(folder, env);
}

/** Returns a newcomer who has installed the packages of `installed` into an empty folder. */
export function newcomerWithPackages(installed: string, env: Readonly<Record<string, string>> = {}): Newcomer {
  const folder = temporaryFolder();
  symlinkSync(join(installed, 'node_modules'), join(folder, 'node_modules'));
  return newcomerIn(folder, env);
}
