/**
 * Checks the words that people read: Markdown, descriptions in the specs, messages, help and labels in the source,
 * comments, and the names of tests. `npm run check:prose` prints each finding with its file and line, and exits with 1 if there is one.
 * `--root FOLDER` checks another tree; `--optional` skips where Go is missing, except in CI.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Passage, passageFrom } from './prose/passage.ts';
import { passagesOfSpec } from './prose/specs.ts';
import { commentsOf, stringsOf, testNamesOf } from './prose/typescript.ts';
import { applyStyle, type Finding, findVale, NoGo } from './prose/vale.ts';

/** Files that are generated, or that others wrote. */
const ignored = /(^|\/)(node_modules|generated|dist|planted-prose|templates)\//;
const strings = /^(?:src|web|sdk\/typescript\/src|contract\/src)\/.*\.tsx?$/;
const comments = /\.tsx?$/;
const maxReadmeLines = 150;

const { values } = parseArgs({ options: { root: { type: 'string' }, optional: { type: 'boolean' } } });
const root = resolve(values.root ?? join(import.meta.dirname, '..'));

const listFiles = (): string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && !ignored.test(file));

function passagesOf(file: string): Passage[] {
  const text = readFileSync(join(root, file), 'utf8');
  if (file.endsWith('.md')) return [passageFrom(text, 1)];
  if (/^specs\/.*\.yaml$/.test(file)) return passagesOfSpec(text);
  return [
    ...(strings.test(file) ? stringsOf(file, text) : []),
    ...(comments.test(file) ? [...commentsOf(file, text), ...testNamesOf(file, text)] : []),
  ].map(({ lines }) => ({ lines: lines.map(({ text, line }) => ({ text: text.replaceAll('<', '‹'), line })) }));
}

/** A table's heading, such as "what it does", is no sentence. */
function isTableHeading({ file, line }: Finding): boolean {
  if (!file.endsWith('.md')) return false;
  const [heading = '', rule = ''] = readFileSync(join(root, file), 'utf8')
    .split('\n')
    .slice(line - 1);
  return heading.startsWith('|') && /^\|(?:\s*:?-+:?\s*\|)+$/.test(rule);
}

function readmeLength(files: readonly string[]): Finding[] {
  if (!files.includes('README.md')) return [];
  const count = readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n').length;
  const message = `Move details into docs/: it has ${count} lines, and at most ${maxReadmeLines} are allowed`;
  return count > maxReadmeLines ? [{ file: 'README.md', line: maxReadmeLines + 1, rule: 'ReadmeLength', message }] : [];
}

try {
  const files = listFiles();
  const passages = new Map(
    files.map((file) => [file, passagesOf(file)] as const).filter(([, each]) => each.length > 0),
  );
  const findings = (await applyStyle(findVale(), passages)).filter(
    (finding) => finding.rule !== 'FreeRelative' || !isTableHeading(finding),
  );
  findings.push(...readmeLength(files));
  for (const { file, line, rule, message } of findings) console.log(`${file}:${line}: ${rule}: ${message}`);
  console.log(`${findings.length} findings in ${passages.size} files`);
  process.exitCode = findings.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof NoGo)) throw error;
  const skip = values.optional && !process.env.CI;
  console.error(skip ? 'check:prose is skipped, which CI does not do.' : 'check:prose cannot run.');
  process.exitCode = skip ? 0 : 1;
}
