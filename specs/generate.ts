/**
 * Generates code from the specs: `node specs/generate.ts` writes generated/ and sdk/typescript/src/generated/.
 * With `--check` it writes nothing, and exits 1 with the name of each file that is out of date.
 * `--specs DIR` and `--out DIR` read and write elsewhere.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import Generator from '@asyncapi/generator';
import { bundleSpec } from './emit/bundle.ts';
import { emitHttp } from './emit/http.ts';
import { emitSdk } from './emit/sdk.ts';

const root = join(import.meta.dirname, '..');
const folders = ['generated/http', 'generated/chat', 'sdk/typescript/src/generated'] as const;
/** A bound on the passes of the formatter. Two were enough so far. */
const maxPasses = 5;
const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

async function write(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), `${text.trimEnd()}\n`);
}

async function emit(specs: string, out: string): Promise<void> {
  const openapi = await bundleSpec(join(specs, 'openapi.yaml'));
  const asyncapi = await bundleSpec(join(specs, 'asyncapi.yaml'));
  const [http, chat, sdk] = folders.map((folder) => join(out, folder)) as [string, string, string];
  await write(http, await emitHttp(openapi));
  await write(sdk, emitSdk(openapi, asyncapi));
  await mkdir(chat, { recursive: true });
  const template = new Generator(join(import.meta.dirname, 'templates/chat'), chat, { forceWrite: true });
  await template.generateFromFile(join(specs, 'asyncapi.yaml'));
  await write(chat, { 'asyncapi.json': JSON.stringify(asyncapi, null, 2) });
}

/** Formats every file below `folder` in the style of this repository, wherever `folder` is. */
async function format(folder: string): Promise<void> {
  const { formatter, javascript } = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
  const config = { root: true, formatter, javascript, files: { maxSize: 16 * 1024 * 1024 } };
  const file = join(folder, 'biome.json');
  await writeFile(file, JSON.stringify(config));
  // In `folder` itself: Biome ignores files that are outside of where it runs.
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [biome, 'format', ...args], { cwd: folder });
  // Biome lays out some calls by how they were broken before, so one pass may leave work for the next.
  for (let pass = 0; pass < maxPasses; pass += 1) {
    await run('--write', '.');
    const isStable = await run('.').then(
      () => true,
      () => false,
    );
    if (isStable) break;
  }
  await rm(file);
}

/** Generates everything into a new temporary folder, passes it on and removes it. */
async function withGenerated<T>(specs: string, use: (fresh: string) => Promise<T>): Promise<T> {
  const fresh = await mkdtemp(join(tmpdir(), 'palaver-generate-'));
  try {
    await emit(specs, fresh);
    await format(fresh);
    return await use(fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const generate = (specs: string, out: string): Promise<void> =>
  withGenerated(specs, async (fresh) => {
    for (const folder of folders) {
      await rm(join(out, folder), { recursive: true, force: true });
      await cp(join(fresh, folder), join(out, folder), { recursive: true });
    }
  });

/** Returns every file below `folder`, by its path there. */
async function read(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [relative(folder, file), await readFile(file, 'utf8')] as const)),
  );
}

/** Returns the paths of the generated files that are out of date, missing or left over. */
const differences = (specs: string, out: string): Promise<string[]> =>
  withGenerated(specs, async (fresh) => {
    const found = await Promise.all(
      folders.map(async (folder) => {
        const [want, have] = [await read(join(fresh, folder)), await read(join(out, folder))];
        const names = [...new Set([...want.keys(), ...have.keys()])].sort();
        return names.filter((name) => want.get(name) !== have.get(name)).map((name) => join(folder, name));
      }),
    );
    return found.flat();
  });

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    specs: { type: 'string', default: import.meta.dirname },
    out: { type: 'string', default: root },
  },
});
try {
  if (values.check) {
    const differing = await differences(values.specs, values.out);
    for (const file of differing) console.error(`${file} is not what the specs say: run \`npm run generate\``);
    if (differing.length > 0) process.exitCode = 1;
  } else {
    await generate(values.specs, values.out);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
