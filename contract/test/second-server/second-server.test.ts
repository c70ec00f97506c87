/** Proves that the specs are sufficient: a server written from them alone keeps the contract. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../../../test/harness/deadline.ts';
import { freePort } from '../../../test/harness/port.ts';
import { testSecret } from '../../../test/harness/tokens.ts';
import { runKit } from '../../src/index.ts';

/** Debian's Python: another one would not find Debian's packages. */
const python = '/usr/bin/python3';
const source = join(import.meta.dirname, 'server.py');
const specs = ['http/openapi.json', 'chat/asyncapi.json'].map((file) =>
  join(import.meta.dirname, '../../../generated', file),
);
/** Timeout against hanging only: on a busy machine passwords are hashed very slowly. */
const patience = 600_000;

function lacking(): string | undefined {
  try {
    execFileSync(python, ['-c', 'import aiohttp, jsonschema, jwt, websockets'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${python} has not all of the packages python3-aiohttp, -jsonschema, -jwt and -websockets`;
  }
}
const noPython = lacking();
if (noPython && process.env.CI) throw new Error(`In CI the second server must be tested, and ${noPython}`);
if (noPython) console.warn(`The second server is not tested: ${noPython}`);

describe.skipIf(noPython)('a server in another language, written from the specs alone,', () => {
  let child: ChildProcess;
  let url: string;
  beforeAll(async () => {
    const port = await freePort();
    child = spawn(python, ['-u', source, ...specs, String(port), testSecret], { stdio: ['ignore', 'pipe', 'inherit'] });
    await within(once(createInterface(child.stdout!), 'line'), 'the second server to say where it listens');
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await within(ended, 'the second server to end')).toEqual([0, null]);
  });

  it.each([
    ['as anybody sees it', undefined, 250],
    ['also with tokens that it would not make', testSecret, 280],
  ])(
    'keeps the contract, %s',
    async (_, jwtSecret, atLeast) => {
      const report = await runKit({ url, seed: 1, timeLimitMs: patience, ...(jwtSecret && { jwtSecret }) });
      expect(report.results.filter(({ outcome }) => outcome === 'broken')).toEqual([]);
      expect(report.complete).toBe(true);
      expect(report.results.filter(({ outcome }) => outcome === 'kept').length).toBeGreaterThan(atLeast);
      // It has no stream of events, so the kit tries none.
      expect(report.results.filter(({ id }) => id.split('.').includes('events'))).toEqual([]);
    },
    patience,
  );
});

it('has at most 290 lines, none of them long', () => {
  const lines = readFileSync(source, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(290);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});
