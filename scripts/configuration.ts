/**
 * Writes docs/guide/configuration.md from the table of settings. With `--check` it writes nothing, and exits with 1 if the
 * page differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { groups, type Setting, settings } from '../src/config/settings.ts';

const page = join(import.meta.dirname, '../docs/guide/configuration.md');

const intro = `# Configuration

<!-- Written by npm run docs:configuration from src/config/settings.ts. -->

Palaver reads its settings from environment variables, and from a \`.env\` file in the working directory; the environment wins.

- An empty value counts as not set.
- A wrong value stops the start, and the error says what is allowed.
- A name that looks like a misspelt setting is logged as \`setting_unknown\`.
- \`.env\` is UTF-8, or UTF-16 with a byte order mark. The server refuses a file in another encoding, and one with a line that is neither \`NAME=value\` nor a comment.
`;

const code = (text: string | undefined): string => (text ? `\`${text}\`` : '');

/** Sets addresses in a phrase as code: readers would make links of them. */
const withCode = (phrase: string): string => phrase.replace(/\b[a-z]+(?:\+[a-z]+)?:\/\/[\w.]*/g, code);

const allowedOf = (allowed: string): string => (allowed === 'any text' ? '' : ` Allowed: ${withCode(allowed)}.`);

const row = ([name, { reader, default: fallback, description }]: [string, Setting]): string =>
  `| ${[code(name), code(fallback), description + allowedOf(reader.allowed)].join(' | ')} |`;

const section = (group: string): string => {
  const rows = Object.entries<Setting>(settings).filter(([, setting]) => setting.group === group);
  return `## ${group}

| Setting | Default | Description |
|---|---|---|
${rows.map(row).join('\n')}
`;
};

const text = [intro, ...groups.map(section)].join('\n');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
if (!values.check) {
  writeFileSync(page, text);
} else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/guide/configuration.md differs from src/config/settings.ts: run `npm run docs:configuration`');
  process.exitCode = 1;
}
