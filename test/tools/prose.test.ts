import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { findVale, NoGo } from '../../scripts/prose/vale.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const planted = join(import.meta.dirname, 'planted-prose');
/** Timeout against hanging only: the first run builds Vale. */
const patience = 1_200_000;

const hasVale = (): boolean => {
  try {
    return findVale() !== '';
  } catch (error) {
    if (error instanceof NoGo && !process.env.CI) return false;
    throw error;
  }
};

/** The "not" column of the glossary is planted line by line. */
const glossary = 'docs/glossary.md';
const first = 3;
const last = readFileSync(join(planted, glossary), 'utf8').trimEnd().split('\n').length;

describe.skipIf(!hasVale())('check:prose', () => {
  let code: number;
  let lines: string[];
  beforeAll(async () => {
    const args = ['--disable-warning=ExperimentalWarning', 'scripts/prose.ts', '--root', planted];
    const result = await run(process.execPath, args, { cwd: root }).catch((error) => error);
    code = result.code;
    lines = result.stdout.trimEnd().split('\n').slice(0, -1);
  }, patience);

  const found: [rule: string, file: string, line: number][] = [
    ['FreeRelative', 'docs/rules.md', 3],
    ['FreeRelative', 'docs/rules.md', 7],
    ['FreeRelative', 'docs/rules.md', 9],
    ['FreeRelative', 'docs/rules.md', 13],
    ['CanNot', 'docs/rules.md', 15],
    ['SentenceLength', 'docs/rules.md', 17],
    ['Glossary', 'docs/rules.md', 24],
    ['CanNot', 'docs/rules.md', 25],
    ['FreeRelative', 'specs/openapi.yaml', 3],
    ['FreeRelative', 'specs/openapi.yaml', 7],
    ['Glossary', 'specs/openapi.yaml', 12],
    ['CanNot', 'specs/openapi.yaml', 14],
    ['FreeRelative', 'specs/openapi.yaml', 20],
    ['FreeRelative', 'src/chat/room.ts', 4],
    ['FreeRelative', 'src/chat/room.ts', 5],
    ['FreeRelative', 'src/chat/room.ts', 8],
    ['FreeRelative', 'src/chat/room.ts', 10],
    ['CanNot', 'src/chat/room.ts', 13],
    ['Glossary', 'src/commands/users.ts', 3],
    ['FreeRelative', 'src/commands/users.ts', 4],
    ['CanNot', 'src/commands/users.ts', 7],
    ['FreeRelative', 'src/errors.ts', 2],
    ['Glossary', 'src/log/events.ts', 2],
    ['FreeRelative', 'test/room.ts', 4],
    ['Glossary', 'test/room.ts', 5],
    ['CanNot', 'test/room.ts', 6],
    ['Glossary', 'test/room.ts', 7],
    ['SentenceLength', 'test/room.ts', 8],
    ['FreeRelative', 'test/room.ts', 9],
    ['FreeRelative', 'web/app.tsx', 3],
    ['FreeRelative', 'web/app.tsx', 4],
    ['CanNot', 'web/app.tsx', 4],
    ['ReadmeLength', 'README.md', 151],
    ...Array.from({ length: last - first + 1 }, (_, index): [string, string, number] => [
      'Glossary',
      glossary,
      first + index,
    ]),
  ];

  it.each(found)('reports %s once, in %s:%i', (rule, file, line) => {
    expect(lines.filter((each) => each.startsWith(`${file}:${line}: ${rule}: `))).toHaveLength(1);
  });

  it('reports nothing else, and exits with 1', () => {
    expect(
      lines.filter((each) => !found.some(([rule, file, line]) => each.startsWith(`${file}:${line}: ${rule}:`))),
    ).toEqual([]);
    expect(lines).toHaveLength(found.length);
    expect(code).toBe(1);
  });

  it('has a planted violation for each rule of the style, and each phrase of the glossary', () => {
    const rules = globSync('*.yml', { cwd: join(root, 'test/tools/vale/styles/Palaver') });
    expect(new Set(found.map(([rule]) => rule))).toEqual(
      new Set([...rules.map((file) => file.slice(0, -4)), 'ReadmeLength']),
    );
    const phrases = readFileSync(join(root, 'test/tools/vale/styles/Palaver/Glossary.yml'), 'utf8').match(/^ {2}'/gm)!;
    expect(last - first + 1).toBeGreaterThanOrEqual(phrases.length);
  });
});
