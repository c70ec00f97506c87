import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = join(import.meta.dirname, '../..');
const npm = join(root, 'node_modules/.bin/npm');

/** An empty project into which the SDK was packed and installed, as somebody's would be. */
export async function installSdk(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'palaver-sdk-'));
  const { stdout } = await run(npm, ['pack', '--json', '--workspace', 'sdk', '--pack-destination', project], {
    cwd: root,
  });
  const filename = /"filename": "(.+\.tgz)"/.exec(stdout)![1]!;
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'chat', private: true, type: 'module' }));
  await run(npm, ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${filename}`], { cwd: project });
  return project;
}

/** Writes TypeScript without its types: not every runtime reads them. */
export async function writeStripped(source: string, target: string): Promise<void> {
  await writeFile(target, stripTypeScriptTypes(await readFile(source, 'utf8')));
}

/** Makes packages of this project there in another one, for the compiler. */
export async function lend(project: string, ...packages: string[]): Promise<void> {
  for (const name of packages) {
    const [scope] = name.split('/');
    await mkdir(join(project, 'node_modules', name.startsWith('@') ? scope! : ''), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }
}
