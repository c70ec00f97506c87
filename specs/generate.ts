/**
 * The contract, turned into code: `node specs/generate.ts` writes generated/ and sdk/typescript/src/generated/;
 * `--check` writes nothing, and exits 1 naming each file that differs from what would be written;
 * `--specs DIR` and `--out DIR` read and write elsewhere.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import Generator from '@asyncapi/generator';
import { bundleSpec } from './emit/bundle.ts';
import { emitHttp } from './emit/http.ts';
import { emitSdk } from './emit/sdk.ts';

const root = join(import.meta.dirname, '..');
const folders = ['generated/http', 'generated/chat', 'sdk/typescript/src/generated'] as const;

async function write(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), `${text.trimEnd()}\n`);
}

async function generate(specs: string, out: string): Promise<void> {
  const openapi = await bundleSpec(join(specs, 'openapi.yaml'));
  const asyncapi = await bundleSpec(join(specs, 'asyncapi.yaml'));
  const [http, chat, sdk] = folders.map((folder) => join(out, folder)) as [string, string, string];
  // All that can stop does so before anything is removed.
  const files = { http: await emitHttp(openapi), sdk: emitSdk(openapi, asyncapi) };
  for (const folder of [http, chat, sdk]) await rm(folder, { recursive: true, force: true });
  await write(http, files.http);
  await write(sdk, files.sdk);
  await mkdir(chat, { recursive: true });
  const template = new Generator(join(import.meta.dirname, 'templates/chat'), chat, { forceWrite: true });
  await template.generateFromFile(join(specs, 'asyncapi.yaml'));
  await write(chat, { 'asyncapi.json': JSON.stringify(asyncapi, null, 2) });
}

/** Every file below `folder`, by its path there. */
async function read(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (file) => [relative(folder, file), await readFile(file, 'utf8')] as const)),
  );
}

async function differences(specs: string, out: string): Promise<string[]> {
  const fresh = await mkdtemp(join(tmpdir(), 'palaver-generate-'));
  try {
    await generate(specs, fresh);
    const found = await Promise.all(
      folders.map(async (folder) => {
        const [want, have] = [await read(join(fresh, folder)), await read(join(out, folder))];
        const names = [...new Set([...want.keys(), ...have.keys()])].sort();
        return names.filter((name) => want.get(name) !== have.get(name)).map((name) => join(folder, name));
      }),
    );
    return found.flat();
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

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
