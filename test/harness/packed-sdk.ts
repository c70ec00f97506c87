import { mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { archiveOf, installInto } from './packed.ts';

export const root = join(import.meta.dirname, '../..');

/** Installs the SDK alone into a new, empty project, as a user would. Returns its folder. */
export async function installSdk(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'palaver-sdk-'));
  await installInto(project, join(inject('packed'), archiveOf('palaver-sdk')));
  return project;
}

/** Copies the TypeScript files of a folder as JavaScript, for runtimes that cannot read types. */
export async function writeStripped(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    if (!name.endsWith('.ts')) continue;
    const code = stripTypeScriptTypes(await readFile(join(from, name), 'utf8'));
    await writeFile(join(to, name.replace(/ts$/, 'js')), code.replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}

/** Links packages of this project into another one, for the compiler. */
export async function lend(project: string, ...packages: string[]): Promise<void> {
  for (const name of packages) {
    const [scope] = name.split('/');
    await mkdir(join(project, 'node_modules', name.startsWith('@') ? scope! : ''), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
}
