/**
 * Packs the three packages and installs them, once for all their tests. Packing builds, and two builds at once in one
 * folder overwrite each other.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import manifest from '../../package.json' with { type: 'json' };

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the archives. */
    readonly packed: string;
    /** Folder of an empty project into which they were installed together, as a user would. */
    readonly installed: string;
  }
}

const root = join(import.meta.dirname, '../..');
/** Timeout against hanging only: npm may have to ask its registry. */
const timeout = 300_000;
const npm = (cwd: string, ...args: string[]) =>
  promisify(execFile)(join(root, 'node_modules/.bin/npm'), args, { cwd, timeout, maxBuffer: 2 ** 25 });

export const archiveOf = (name: 'palaver' | 'palaver-sdk' | 'palaver-contract'): string =>
  `${name}-${manifest.version}.tgz`;

/** Installs archives into a new, empty project in this folder. */
export async function installInto(project: string, ...archives: string[]): Promise<void> {
  await mkdir(project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'chat', private: true, type: 'module' }));
  await npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', ...archives);
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'palaver-packed-'));
  const [packed, installed] = [join(folder, 'packed'), join(folder, 'installed')];
  await mkdir(packed);
  // The first one builds the other two as well.
  await npm(root, 'pack', '--pack-destination', packed);
  await npm(root, 'pack', '--workspaces', '--ignore-scripts', '--pack-destination', packed);
  const archives = (['palaver', 'palaver-sdk', 'palaver-contract'] as const).map(archiveOf);
  await installInto(installed, ...archives.map((name) => join(packed, name)));
  project.provide('packed', packed);
  project.provide('installed', installed);
  return () => rm(folder, { recursive: true, force: true });
}
