/**
 * Installs an island: a folder with heavy tools and a lock file of its own, which `npm ci` at the root leaves alone.
 * `node scripts/island.ts specs` installs it where that hasn't been done for the lock file as it is now.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export type Island = 'specs' | 'bench';
const islands: readonly Island[] = ['specs', 'bench'];

const root = join(import.meta.dirname, '..');
/** How often a process looks whether another one has finished the same installation, and how long it waits. */
const lookMs = 200;
const maxWaitMs = 10 * 60_000;

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns once this process alone may install. */
async function takeTurn(turn: string): Promise<void> {
  for (const untilMs = performance.now() + maxWaitMs; performance.now() < untilMs; await pause(lookMs)) {
    try {
      mkdirSync(turn);
      writeFileSync(join(turn, 'pid'), `${process.pid}`);
      return;
    } catch {
      // One that was killed finishes nothing. Without a number it is just beginning.
      const pid = read(join(turn, 'pid'));
      if (pid && !isAlive(Number(pid))) rmSync(turn, { recursive: true, force: true });
    }
  }
  throw new Error(`another process has been installing for too long: remove ${turn}`);
}

/** Installs the tools of an island on first use, and again when its lock file has changed. Says so on standard error. */
export async function installIsland(island: Island): Promise<void> {
  const folder = join(root, island);
  const mark = join(folder, 'node_modules/.installed');
  const lock = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  const isInstalled = (): boolean => read(mark) === lock;
  if (isInstalled()) return;
  const turn = join(folder, '.installing');
  await takeTurn(turn);
  try {
    if (isInstalled()) return;
    console.error(`Installing the tools of ${island}/, once: npm ci --prefix ${island}`);
    const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--prefix', folder], {
      cwd: root,
      // Progress is for people, so it goes to standard error: a program may read standard output.
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0)
      throw new Error(`npm ci --prefix ${island} failed${npm.error ? `: ${npm.error.message}` : ''}`);
    writeFileSync(mark, lock);
  } finally {
    rmSync(turn, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !islands.some((island) => island === name));
  if (asked.length === 0 || unknown !== undefined) {
    console.error(`usage: node scripts/island.ts ${islands.join(' | ')}`);
    process.exit(2);
  }
  try {
    for (const island of asked) await installIsland(island as Island);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
