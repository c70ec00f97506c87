import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as listen } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../src/cli.ts';
import { UsageError } from '../src/errors.ts';
import { exitCodeOf } from '../src/print.ts';
import type { Result } from '../src/report.ts';

const bin = join(import.meta.dirname, '../src/bin.ts');
const url = 'http://127.0.0.1:3000';

/** Runs the command in its own process. */
const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [bin, ...args], { maxBuffer: 2 ** 25 }).then(
    (done) => ({ code: 0, ...done }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

describe('the command line', () => {
  it.each<[args: string[], options: object]>([
    [[url], { url }],
    [[url, '--seed', '7'], { url, seed: 7 }],
    [['--token', 'a', url, '--token', 'b'], { url, tokens: ['a', 'b'] }],
    [[url, '--jwt-secret', 's'], { url, jwtSecret: 's' }],
    [[url, '--admin-token', 's'], { url, adminToken: 's' }],
    [[url, '--openapi', 'o', '--asyncapi', 'a'], { url, openapi: 'o', asyncapi: 'a' }],
    [[url, '--only', 'http', '--only', 'rule.echo'], { url, only: ['http', 'rule.echo'] }],
    [[url, '--time-limit', '9'], { url, timeLimitMs: 9_000 }],
  ])('%j', (args, options) => {
    expect(readArguments(args)?.options).toEqual(options);
  });

  it.each<[args: string[]]>([
    [[]],
    [[url, url]],
    [[url, '--unknown']],
    [[url, '--seed']],
    [[url, '--seed', 'x']],
    [[url, '--seed', '-1']],
    [[url, '--seed', '1.5']],
    [[url, '--time-limit', 'soon']],
  ])('rejects %j as a usage error', (args) => {
    expect(() => readArguments(args)).toThrow(UsageError);
  });

  it('asks for help', () => {
    expect(readArguments(['--help'])).toBeUndefined();
  });
});

describe('exit codes', () => {
  const [kept, broken, notTried] = (['kept', 'broken', 'not_tried'] as const).map(
    (outcome): Result => ({ id: outcome, outcome }),
  ) as [Result, Result, Result];
  it.each<[results: Result[], complete: boolean, want: number]>([
    [[kept, notTried], true, 0],
    [[kept, broken], true, 1],
    [[kept, broken], false, 1],
    [[kept, notTried], false, 2],
    [[notTried], true, 2],
    [[], true, 2],
  ])('%j, complete: %s → %i', (results, complete, want) => {
    expect(exitCodeOf({ results, complete })).toBe(want);
  });
});

describe('a run that cannot start exits with 2 and prints only to stderr', () => {
  async function closedPort(): Promise<number> {
    const server = listen().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
  const fails = async (args: string[], says: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/fault of the kit/);
  };

  it('no URL', () => fails([], /^Give one URL.*\nUsage: palaver-contract URL \[options\]\n$/));
  it('an invalid URL', () => fails(['here'], /not an http or https URL/));
  it('another scheme', () => fails(['ftp://127.0.0.1'], /not an http or https URL/));
  it('an unreachable server', async () => fails([`http://127.0.0.1:${await closedPort()}`], /ECONNREFUSED/));
  it('a missing file', () => fails([url, '--openapi', '/nowhere.json'], /nowhere\.json.*ENOENT/));

  it.each<[name: string, answer: string, says: RegExp]>([
    ['HTML', '<!doctype html>', /^Cannot read the openapi document/],
    ['another version', '{"openapi":"2.0"}', /it is not openapi/],
    ['half of it', '{"openapi":"3.1.0","paths":{"/":{"$ref":"./elsewhere.yaml"}}}', /outside the document/],
  ])('specs that cannot be read: %s', async (_, answer, says) => {
    await using server = createServer((_request, response) => response.end(answer)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await fails([`http://127.0.0.1:${(server.address() as AddressInfo).port}`], says);
  });
});

it('a fault of the kit exits with 2 and says so', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string', pattern: '(' } } };
  const content = { 'application/json': { schema, example: { a: '' } } };
  const paths = { '/a': { post: { operationId: 'a', requestBody: { content }, responses: {} } } };
  const documents: Readonly<Record<string, object>> = {
    '/openapi.json': { openapi: '3.1.0', paths },
    '/asyncapi.json': { asyncapi: '3.0.0' },
  };
  await using server = createServer(({ url }, response) =>
    response.end(JSON.stringify(documents[url ?? ''] ?? null)),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { code, stdout, stderr } = await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/A fault of the kit: SyntaxError/);
});
