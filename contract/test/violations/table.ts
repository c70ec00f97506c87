import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'node:util';
import { violations } from './index.ts';

const readme = new URL('../../README.md', import.meta.url);
const markers = ['<!-- violations -->', '<!-- /violations -->'] as const;

/** Which case catches which violation, for people. */
export const table = (): string =>
  Object.entries(violations)
    .flatMap(([group, rows]) => [
      `| ${group} | what the server does | caught by |`,
      '|---|---|---|',
      ...rows.map(({ name, breaks, caughtBy }) => `| \`${name}\` | ${breaks} | \`${caughtBy}\` |`),
      '',
    ])
    .join('\n');

/** The README with the table in its place. */
export async function readmeWithTable(): Promise<{ now: string; then: string }> {
  const now = await readFile(readme, 'utf8');
  const [start, end] = markers.map((marker) => now.indexOf(marker));
  if (start === undefined || end === undefined || start < 0 || end < start)
    throw new Error(format('contract/README.md lacks the markers %s', markers.join(' and ')));
  return { now, then: `${now.slice(0, start + markers[0].length)}\n\n${table()}\n${now.slice(end)}` };
}

export async function writeTable(): Promise<void> {
  await writeFile(readme, (await readmeWithTable()).then);
}
