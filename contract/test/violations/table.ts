import { readFileSync, writeFileSync } from 'node:fs';
import { groups } from './index.ts';

const readme = new URL('../../README.md', import.meta.url);
const start = '<!-- violations -->\n';
const end = '<!-- /violations -->';

/** Which case catches which violation, for people. */
const table = (): string =>
  groups
    .flatMap(({ name: group, violations }) => [
      `\n| ${group} | what the server does | caught by |`,
      '|---|---|---|',
      ...violations.map(({ name, breaks, caughtBy }) => `| \`${name}\` | ${breaks} | \`${caughtBy}\` |`),
    ])
    .join('\n');

/** The README as it is, and with the table in its place. */
export function readmes(): { readonly found: string; readonly wanted: string } {
  const found = readFileSync(readme, 'utf8');
  const [from, to] = [found.indexOf(start), found.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`contract/README.md lacks its markers, ${start}and ${end}`);
  return { found, wanted: `${found.slice(0, from + start.length)}${table()}\n\n${found.slice(to)}` };
}

export const writeTable = (): void => writeFileSync(readme, readmes().wanted);
