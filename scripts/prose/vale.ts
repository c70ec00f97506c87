import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Passage } from './passage.ts';

const root = join(import.meta.dirname, '../..');
const build = join(root, 'test/tools/vale/build.sh');
const exitWithoutGo = 3;
/** Files of one call: as many arguments as every system takes. */
const batch = 200;

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

interface Alert {
  readonly Check: string;
  readonly Line: number;
  readonly Message: string;
}

/** Vale is not built yet, and Go is missing. The builder has said how to get it. */
export class NoGo extends Error {}

/** Returns the path of Vale, and builds it on first use. @throws {NoGo} */
export function findVale(): string {
  const { status, stdout, error } = spawnSync(build, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status === exitWithoutGo) throw new NoGo('Go is missing');
  if (status !== 0) throw new Error(`${build} failed${error ? `: ${error.message}` : ''}`);
  return stdout.trim();
}

/** Applies the style to passages of files. Returns what it finds, by file and line. */
export async function applyStyle(vale: string, passages: ReadonlyMap<string, readonly Passage[]>): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-prose-'));
  try {
    const lines = new Map<string, readonly number[]>();
    for (const [file, found] of passages) {
      const each = found.flatMap((passage) => [...passage.lines, { text: '', line: 0 }]);
      const path = join(folder, file.endsWith('.md') ? file : `${file}.md`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, each.map(({ text }) => text).join('\n'));
      lines.set(path, [0, ...each.map(({ line }) => line)]);
    }
    const paths = [...lines.keys()];
    const findings: Finding[] = [];
    for (let from = 0; from < paths.length; from += batch) {
      const args = ['--no-global', '--config', join(root, '.vale.ini'), '--output=JSON', '--no-exit'];
      const { stdout } = await promisify(execFile)(vale, [...args, ...paths.slice(from, from + batch)], {
        maxBuffer: 1 << 28,
      });
      for (const [path, alerts] of Object.entries<Alert[]>(JSON.parse(stdout || '{}')))
        for (const { Check, Line, Message } of alerts)
          findings.push({
            file: path.slice(folder.length + 1).replace(/(\.\w+)\.md$/, '$1'),
            line: lines.get(path)![Line]!,
            rule: Check.replace('Palaver.', ''),
            message: Message.replaceAll(/\s+/g, ' '),
          });
    }
    return findings.toSorted((one, other) => one.file.localeCompare(other.file) || one.line - other.line);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
