/**
 * Whether the specs have changed in a way that breaks clients since a revision: `npm run contract:diff -- REV`.
 * Exits 1 if they have and the version that they state doesn't say so, 2 if it could not find out.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { breakingAsyncapi } from './diff/asyncapi.ts';
import type { Change } from './diff/change.ts';
import { breakingOpenapi } from './diff/openapi.ts';
import { isBreakingRelease } from './diff/version.ts';
import type { Json } from './emit/schema.ts';

const root = join(import.meta.dirname, '..');
const halves = [
  ['generated/http/openapi.json', breakingOpenapi],
  ['generated/chat/asyncapi.json', breakingAsyncapi],
] as const;

async function at(revision: string, file: string): Promise<Json> {
  const { stdout } = await promisify(execFile)('git', ['show', `${revision}:${file}`], {
    cwd: root,
    maxBuffer: 2 ** 25,
  });
  return JSON.parse(stdout) as Json;
}

const versionOf = (document: Json): string => String((document.info as Json).version);
const inShort = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, 120);
const line = ({ action, path, before, after }: Change): string =>
  `  ${action} ${path}${action === 'edit' ? `: ${inShort(before)} → ${inShort(after)}` : ''}`;

async function compare(revision: string): Promise<0 | 1> {
  let code: 0 | 1 = 0;
  for (const [file, breaking] of halves) {
    const before = await at(revision, file);
    const after = JSON.parse(await readFile(join(root, file), 'utf8')) as Json;
    const found = breaking(before, after);
    const allowed = isBreakingRelease(versionOf(before), versionOf(after));
    const verdict = found.length === 0 ? 'nothing breaks' : `${found.length} edits may break clients`;
    console.log(
      `${file}, ${versionOf(before)} → ${versionOf(after)}: ${verdict}${found.length > 0 && allowed ? ', as its version says' : ''}`,
    );
    for (const change of found) console.log(line(change));
    if (found.length > 0 && !allowed) code = 1;
  }
  return code;
}

const [revision] = process.argv.slice(2);
if (revision === undefined) {
  console.error('Give a revision, such as the tag of the last release');
  process.exitCode = 2;
} else {
  process.exitCode = await compare(revision).catch((error: Error) => {
    console.error(error.message);
    return 2;
  });
}
