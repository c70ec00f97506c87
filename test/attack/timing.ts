/**
 * Reports how long a login takes with an unknown e-mail and with a wrong password. It asserts nothing. The server is a
 * real one, with its own parameters of scrypt and no limit on attempts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log/log.ts';
import { startServer } from '../../src/server.ts';

const each = Number(process.argv[2] ?? 200);
const dataDir = mkdtempSync(join(tmpdir(), 'palaver-timing-'));
const config = readConfig({
  PORT: '0',
  DATA_DIR: dataDir,
  LOG_LEVEL: 'silent',
  RATE_LIMIT_LOGIN: '0',
  RATE_LIMIT_SIGNUP: '0',
});
const server = await startServer(config, createLog(config));

async function post(path: string, json: object): Promise<{ status: number; ms: number }> {
  const startedMs = performance.now();
  const response = await fetch(`http://${server.host}:${server.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  });
  await response.text();
  return { status: response.status, ms: performance.now() - startedMs };
}

async function login(email: string): Promise<number> {
  const { status, ms } = await post('/login', { email, password: 'a wrong password' });
  if (status !== 401) throw new Error(`A login was answered ${status}`);
  return ms;
}

interface Sample {
  readonly n: number;
  readonly mean: number;
  /** Variance of the values, not of their mean. */
  readonly variance: number;
}

function sampleOf(values: readonly number[]): Sample {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { n, mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
}

/** Welch's t: the difference of the means in standard errors. */
const welch = (a: Sample, b: Sample): number => (a.mean - b.mean) / Math.sqrt(a.variance / a.n + b.variance / b.n);

const told = (name: string, { n, mean, variance }: Sample): string =>
  `${name}: n ${n}, mean ${mean.toFixed(2)} ms, standard deviation ${Math.sqrt(variance).toFixed(2)} ms`;

try {
  const known = 'ann@example.com';
  const { status } = await post('/createUser', { email: known, username: 'Ann', password: 'correct horse' });
  if (status !== 201) throw new Error(`The user was answered ${status}`);
  for (let n = 0; n < 10; n += 1) await login(n % 2 === 0 ? known : 'nobody@example.com');
  const times = { unknown: [] as number[], wrong: [] as number[] };
  for (let n = 0; n < each; n += 1) {
    const kinds = [
      async () => times.unknown.push(await login(`${n}.nobody@example.com`)),
      async () => times.wrong.push(await login(known)),
    ];
    // Chance decides which of the two goes first.
    if (Math.random() < 0.5) kinds.reverse();
    for (const kind of kinds) await kind();
  }
  const [unknown, wrong] = [sampleOf(times.unknown), sampleOf(times.wrong)];
  console.log(told('unknown e-mail', unknown));
  console.log(told('wrong password', wrong));
  console.log(
    `difference of the means ${(unknown.mean - wrong.mean).toFixed(3)} ms, Welch's t ${welch(unknown, wrong).toFixed(2)}`,
  );
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true });
}
