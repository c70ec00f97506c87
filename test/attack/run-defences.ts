/**
 * Switches one defence off at a time and expects its test to fail on an assertion, and on nothing else. With nothing
 * switched off, all those tests pass.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { type Defence, defences } from './defences.ts';
import { withoutOnDisk } from './switch-off.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'palaver-defences-'));
const hook = new URL('switch-off-here.ts', import.meta.url).href;
/** Timeout against hanging only. */
const timeoutMs = 180_000;

interface Outcome {
  readonly status: string;
  readonly title: string;
  readonly ancestorTitles: readonly string[];
  readonly failureMessages?: readonly string[];
}

const nameOf = ({ ancestorTitles, title }: Outcome): string => [...ancestorTitles, title].join(' > ');

let runs = 0;
/** Runs tests by their full names. Returns their outcomes. */
async function outcomesOf(files: readonly string[], names: readonly string[], off = ''): Promise<Outcome[]> {
  runs += 1;
  const outputFile = join(folder, `${runs}.json`);
  const pattern = names.map((name) => `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`).join('|');
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...['unit', 'integration', 'slow'].flatMap((project) => ['--project', project]),
    ...files.map((file) => `test/${file}`),
    '-t',
    pattern,
  ];
  const child = spawn(process.execPath, [...args, '--reporter=json', `--outputFile=${outputFile}`], {
    cwd: root,
    env: { ...process.env, DEFENCE_OFF: off, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${hook}` },
    stdio: 'ignore',
    detached: true,
  });
  const cut = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), timeoutMs);
  await once(child, 'exit');
  clearTimeout(cut);
  const report = JSON.parse(readFileSync(outputFile, 'utf8')) as { testResults: { assertionResults: Outcome[] }[] };
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed');
}

/** Messages of Vitest and the harness for a failed assertion. A module that fails to load has other messages. */
const asserted =
  /^(AssertionError|Error: (promise resolved .* instead of rejecting|expected .+ to be|Waited \d+ s for|The connection closed with \d+|The handshake was refused|.* breaks the contract))/;

/** Returns why the test did not catch the missing defence; undefined if it did. */
async function unnoticed({ name, test: [file, testName] }: Defence): Promise<string | undefined> {
  const outcomes = await outcomesOf([file], [testName], name);
  const found = outcomes.filter((outcome) => nameOf(outcome) === testName);
  if (found.length !== 1) return `its test was run ${found.length} times`;
  const [{ status, failureMessages: [message = ''] = [] }] = found as [Outcome];
  if (status === 'passed') return 'its test passes without it';
  return asserted.test(message) ? undefined : `its test fails by something else: ${message.split('\n')[0]}`;
}

const chosen = process.argv.slice(2);
const table = defences.filter(({ name }) => chosen.length === 0 || chosen.some((word) => name.includes(word)));
const startMs = performance.now();
let faults = 0;
const tell = (name: string, test: string, fault: string | undefined): void => {
  if (fault !== undefined) faults += 1;
  console.log(`| ${name} | ${test} | ${fault === undefined ? 'yes' : `**no**: ${fault}`} |`);
};

try {
  for (const defence of table) withoutOnDisk(defence);
  console.log('| switched off | the test that must fail | failed as it should |\n|---|---|---|');
  const limit = pLimit(availableParallelism());
  await Promise.all(
    table.map((defence) => limit(async () => tell(defence.name, defence.test.join(' > '), await unnoticed(defence)))),
  );
  const names = new Set(table.map(({ test }) => test[1]));
  const all = await outcomesOf([...new Set(table.map(({ test }) => test[0]))], [...names]);
  const passed = new Set(all.filter(({ status }) => status === 'passed').map(nameOf));
  const missing = [...names].filter((name) => !passed.has(name));
  tell('nothing', `all ${names.size} of them pass`, missing.length > 0 ? missing.join('; ') : undefined);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `\n${table.length} defences in ${Math.round((performance.now() - startMs) / 1_000)} s, ${faults} unnoticed`,
);
process.exitCode = faults === 0 ? 0 : 1;
