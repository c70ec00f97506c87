import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
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

/** Copies a TypeScript file without its types, for runtimes that cannot read them. */
export async function writeStripped(source: string, target: string): Promise<void> {
  await writeFile(target, stripTypeScriptTypes(await readFile(source, 'utf8')));
}

/** Links packages of this project into another one, for the compiler. */
export async function lend(project: string, ...packages: string[]): Promise<void> {
  for (const name of packages) {
    const [scope] = name.split('/');
    await mkdir(join(project, 'node_modules', name.startsWith('@') ? scope! : ''), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
}
