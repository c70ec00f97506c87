import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { standingEvents } from '../src/cases/events/standing.ts';
import { rules, standingRules } from '../src/cases/rules/index.ts';
import { main } from '../src/cli.ts';
import { readChat } from '../src/specs/chat.ts';
import { readHttp } from '../src/specs/http.ts';
import type { Specs } from '../src/specs/index.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
const readme = read('contract/README.md');

it('names every rule with its text, and no other', () => {
  const specs = {
    chat: readChat(JSON.parse(read('generated/chat/asyncapi.json'))),
    http: readHttp(JSON.parse(read('generated/http/openapi.json'))),
  } as Specs;
  const all = [
    ...rules(specs),
    ...standingEvents(specs).filter(({ id }) => id.startsWith('rule.')),
    ...standingRules(new URL('http://127.0.0.1'), specs),
  ].filter(({ id, says }) => !(id.endsWith('.events') && says.endsWith(' (events)')));
  const lines = readme.split('\n').filter((line) => line.startsWith('| `rule.') && line.split('|').length === 4);
  const due = all.map(({ id, says }) => `| \`${id}\` | ${says} |`);
  expect(lines.filter((line) => !line.includes('rule.*')).sort()).toEqual(due.sort());
});

it.each(['contract/README.md', 'docs/develop/contract-tests.md'])('%s names every option', async (path) => {
  const written: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((text: string) => written.push(text)) as unknown as typeof write;
  await main(['--help']).finally(() => {
    process.stdout.write = write;
  });
  const options = [...written.join('').matchAll(/^ {2}(--[\w-]+)/gm)].map(([, name]) => name!);
  expect(options.length).toBeGreaterThan(6);
  for (const name of options.filter((option) => option !== '--help')) expect(read(path)).toContain(`\`${name}`);
});
