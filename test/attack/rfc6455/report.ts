/** `npm run test:rfc6455` plays every case against a server and prints the expected and the actual responses. */
import pLimit from 'p-limit';
import { startTestServer } from '../../harness/server.ts';
import { livesOn } from './case.ts';
import { cases } from './cases.ts';
import { play } from './play.ts';

/** Shows a control character, or another invisible one, by its number. */
const visible = (line: string): string =>
  line.replace(/\p{C}/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);

/** Counts repeated lines, cuts long ones, and writes the usual end of a case as two words. */
function told(seen: readonly string[]): string {
  const isAlive = livesOn.every((line, at) => line === seen.at(at - livesOn.length));
  const lines = isAlive ? [...seen.slice(0, -livesOn.length), 'lives on'] : seen;
  const runs: { line: string; count: number }[] = [];
  for (const line of lines) {
    const previous = runs.at(-1);
    if (previous?.line === line) previous.count += 1;
    else runs.push({ line, count: 1 });
  }
  return runs
    .map(({ line, count }) => ({ line: visible(line.length > 40 ? `${line.slice(0, 39)}…` : line), count }))
    .map(({ line, count }) => (count > 1 ? `${line} × ${count}` : line))
    .join(', ');
}

await using server = await startTestServer();
const seen = await pLimit(8).map(cases, (given) => play(server, given));
const held = cases.map(({ want }, at) => JSON.stringify(want) === JSON.stringify(seen[at]));
for (const [at, { number, section, name, rfc, want }] of cases.entries()) {
  if (number.endsWith('.1')) {
    console.log(
      `\n## ${number.slice(0, -2)} ${section}\n\n| | case | RFC 6455 | expected | seen | |\n|---|---|---|---|---|---|`,
    );
  }
  console.log(`| ${number} | ${name} | ${rfc} | ${told(want)} | ${told(seen[at]!)} | ${held[at] ? 'ok' : '**no**'} |`);
}
const count = held.filter(Boolean).length;
console.log(`\n${count} of ${cases.length} as expected.`);
process.exitCode = count === cases.length ? 0 : 1;
