import { readFileSync, writeFileSync } from 'node:fs';
import { groups } from './index.ts';

const page = new URL('../../VIOLATIONS.md', import.meta.url);

const introduction = `# Violations

<!-- Written by npm run contract:violations -- --write from contract/test/violations. -->

A proxy plants each of these violations in front of a real server, and the tests of the kit check that the named case catches it. [README.md](README.md#proof-that-it-can-fail) says more.
`;

/** Headings of the groups whose names are not clear enough. */
const titles: Readonly<Record<string, string>> = {
  http: 'HTTP',
  order: 'Message stream',
  streams: 'Streams of events and messages over HTTP',
  past: 'Recovery, nonces and history',
  closes: 'Closing a connection',
};
const titleOf = (group: string): string => titles[group] ?? `${group.charAt(0).toUpperCase()}${group.slice(1)}`;

/** Returns the expected page: which case catches which violation. */
export const violationsPage = (): string =>
  `${introduction}${groups
    .map(
      ({ name: group, violations }) => `
## ${titleOf(group)}

| violation | what the server does | caught by |
|---|---|---|
${violations.map(({ name, breaks, caughtBy }) => `| \`${name}\` | ${breaks} | \`${caughtBy}\` |`).join('\n')}
`,
    )
    .join('')}`;

export const readPage = (): string => readFileSync(page, 'utf8');

export const writePage = (): void => writeFileSync(page, violationsPage());
