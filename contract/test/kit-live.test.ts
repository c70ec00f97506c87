import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../test/harness/chat.ts';
import { anyMongo, type Mongo, noMongo } from '../../test/harness/mongo.ts';
import { startTestServer, type TestServer } from '../../test/harness/server.ts';
import { mint, testAdminToken, testSecret } from '../../test/harness/tokens.ts';
import { startIssuer } from '../../test/unit/auth/issuer.ts';
import { listCases, type Report, runKit } from '../src/index.ts';
import { startProxy } from './proxy/proxy.ts';

/** The server with its defaults, which the kit must cope with. */
const defaults = { RATE_LIMIT_FRAMES: '20', RATE_LIMIT_LOGIN: '20', RATE_LIMIT_SIGNUP: '20' };
const root = join(import.meta.dirname, '../..');
const bin = join(root, 'contract/src/bin.ts');
/** Timeout against hanging only: on a busy machine passwords are hashed very slowly. */
const patience = 600_000;

const urlOf = ({ host, port }: TestServer): string => `http://${host}:${port}`;
const idsOf = ({ results }: Report, outcome: string): string[] =>
  results.filter((result) => result.outcome === outcome).map(({ id }) => id);

/**
 * Cases that no client can provoke, or only at the expense of the next run. How large a request head a server accepts
 * beyond the specs is up to it.
 */
const outOfReach =
  /\.(500|503)\.|\.431\.head_too_large$|\.429\.too_many_attempts$|^ws\.error\.unavailable$|^(ws|events)\.close\.(1001|1011|1012|1013)$|^http\.publish\.all-errors$/;

function expectKept(report: Report): void {
  expect(report.results.filter(({ outcome }) => outcome === 'broken')).toEqual([]);
  expect(report.complete).toBe(true);
  expect(idsOf(report, 'kept').length).toBeGreaterThan(250);
}

/** A user who talks all the time, and one who joins and leaves. */
async function chatter(server: TestServer, [talks, comes]: readonly string[]): Promise<() => Promise<void>> {
  const talker = await connect(server, { token: talks! });
  const talking = setInterval(() => talker.say('Anybody here?'), 100);
  let over = false;
  const visits = (async () => {
    while (!over) {
      const visitor = await connect(server, { token: comes! });
      await visitor.next('chat_message');
      await visitor.close();
    }
  })();
  return async () => {
    over = true;
    await visits;
    clearInterval(talking);
    await talker.close();
  };
}

describe.concurrent('a real server keeps its contract', () => {
  it(
    'with its default limits, twice in a row, and every reachable case runs',
    async () => {
      await using server = await startTestServer({ env: defaults });
      for (const seed of [1, 2]) {
        const secrets = { jwtSecret: testSecret, adminToken: testAdminToken };
        const report = await runKit({ url: urlOf(server), ...secrets, seed, timeLimitMs: patience });
        expectKept(report);
        expect(idsOf(report, 'not_tried').filter((id) => !outOfReach.test(id))).toEqual([]);
        // Both runs together stay below the attempts per minute.
        expect(idsOf(report, 'kept').filter((id) => id.endsWith('too_many_attempts'))).toEqual([]);
        expect(report.leftBehind.map((name) => name.replace(/-[0-9a-f]{8}-(\w+?)é*$/, ' $1')).sort()).toEqual([
          'contract ann',
          'contract bob',
          'contract observer',
        ]);
      }
    },
    patience,
  );

  describe.skipIf(noMongo)('on MongoDB', () => {
    let mongo: Pick<Mongo, 'uri' | 'remove'>;
    beforeAll(async () => {
      mongo = await anyMongo();
    });
    afterAll(() => mongo.remove());
    it(
      'in all cases',
      async () => {
        await using server = await startTestServer({ env: { MONGODB_URI: mongo.uri() } });
        expectKept(await runKit({ url: urlOf(server), seed: 3, timeLimitMs: patience }));
      },
      patience,
    );
  });

  it.each([2, 3])(
    'with the tokens of %i users, with external users and strangers in the room',
    async (count) => {
      const issuer = await startIssuer();
      await using server = await startTestServer({ env: issuer.env });
      const names = Array.from({ length: count }, (_, index) => `user ${index}`);
      const tokens = await Promise.all(names.map((username) => issuer.sign('k1', { id: username, username })));
      const strangers = await Promise.all(
        ['stranger', 'visitor'].map(async (username) => issuer.sign('k1', { id: username, username })),
      );
      const stop = await chatter(server, strangers);
      const report = await runKit({ url: urlOf(server), tokens, seed: 4, timeLimitMs: patience }).finally(stop);
      expect(report.results.filter(({ outcome }) => outcome === 'broken')).toEqual([]);
      expect(idsOf(report, 'kept').filter((id) => id.startsWith('rule.')).length).toBeGreaterThan(20);
      expect(report.leftBehind).toEqual([]);
    },
    patience,
  );
});

describe.concurrent('the command', () => {
  const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [bin, ...args], { cwd: root, maxBuffer: 2 ** 25 }).then(
      (done) => ({ code: 0, ...done }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );

  it(
    'exits with 0 if the server keeps all cases, and prints a report as text or JSON',
    async () => {
      await using server = await startTestServer();
      const people = await run(urlOf(server), '--only', 'http.healthz', '--seed', '5');
      expect(people.stdout).toMatch(/seed 5\n(.*\n)*✓ \d+ kept, 0 broken/);
      const machines = await run(urlOf(server), '--only', 'rule.echo', '--json', '--seed', '5');
      expect((JSON.parse(machines.stdout) as Report).results).toEqual([
        { id: 'rule.echo', outcome: 'kept' },
        { id: 'rule.echo.events', outcome: 'kept' },
      ]);
      expect([people.code, machines.code, people.stderr, machines.stderr]).toEqual([0, 0, '', '']);
    },
    patience,
  );

  it(
    'exits with 1 for a broken case, and prints it with a curl that shows it',
    async () => {
      await using server = await startTestServer();
      await using proxy = await startProxy(server.port, {
        answer: (response, { target }) => (target === '/healthz' ? { ...response, status: 202 } : undefined),
      });
      const files = ['--openapi', 'generated/http/openapi.json', '--asyncapi', 'generated/chat/asyncapi.json'];
      const { code, stdout } = await run(proxy.url, ...files, '--only', 'http.healthz');
      expect(stdout).toMatch(/^✗ http\.healthz\.undeclared: GET \/healthz → 202: .*\n {4}curl .*\/healthz'$/m);
      expect(code).toBe(1);
    },
    patience,
  );

  it('exits with 2 for an unknown case, and without users', async () => {
    await using server = await startTestServer({ env: { SIGNUP: 'off' } });
    expect((await run(urlOf(server), '--only', 'nothing')).stderr).toMatch(/There is no case nothing/);
    const { code, stderr } = await run(urlOf(server), '--only', 'rule.echo');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/give --token twice/)]);
  });

  it(
    'runs all cases for a standing rule, and reports only that rule',
    async () => {
      await using server = await startTestServer();
      const { results, requests } = await runKit({ url: urlOf(server), only: ['rule.roster'], timeLimitMs: patience });
      expect(results).toEqual([
        { id: 'rule.roster', outcome: 'kept' },
        { id: 'rule.roster.events', outcome: 'kept' },
      ]);
      expect(requests).toBeGreaterThan(300);
    },
    patience,
  );

  it('lists the cases without running them', async () => {
    await using server = await startTestServer();
    const { stdout, code } = await run(urlOf(server), '--list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http\.login\.401\.invalid_credentials +\S/m);
    expect(await listCases({ url: urlOf(server), only: ['rule.roster'] })).toHaveLength(2);
    const cases = await listCases({ url: urlOf(server) });
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  });
});

it('reports once that a server has stopped, and runs no further case', async () => {
  const specs = new Map(
    ['http/openapi.json', 'chat/asyncapi.json'].map((file) => [
      file.replace(/^\w+/, ''),
      readFileSync(join(root, 'generated', file)),
    ]),
  );
  const server = createServer((request, response) => {
    const spec = specs.get(request.url ?? '');
    if (spec) return void response.end(spec);
    server.close();
    request.socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const report = await runKit({ url, only: ['http.healthz.plain', 'http.readyz.plain', 'http.page.plain'] });
  expect(report.results.map(({ outcome, what }) => [outcome, what])).toEqual([
    ['broken', 'no answer: ECONNRESET'],
    ['broken', 'no answer: ECONNREFUSED'],
    ['not_tried', 'the server was no longer reachable'],
  ]);
  expect(report.complete).toBe(false);
});

it('reports an incomplete run, not a broken case, for a wrong secret and for lack of time', async () => {
  await using server = await startTestServer();
  const only = ['ws.token.minted', 'http.healthz.plain'];
  const outcomes = async (options: object): Promise<string[]> => {
    const { results, complete } = await runKit({ url: urlOf(server), only, ...options });
    return [...results.map(({ id, outcome, what }) => `${id} ${outcome} ${what ?? ''}`), `complete: ${complete}`];
  };
  expect(await outcomes({ jwtSecret: 'another one' })).toEqual([
    'http.healthz.plain kept ',
    'ws.token.minted not_tried --jwt-secret is not the secret of this server',
    'complete: false',
  ]);
  const admins = await runKit({ url: urlOf(server), only: ['rule.disabled'], adminToken: 'another one' });
  expect(admins.results).toEqual([
    { id: 'rule.disabled', outcome: 'not_tried', what: '--admin-token is not the secret of this server' },
  ]);
  expect(admins.complete).toBe(false);
  expect(await outcomes({ timeLimitMs: -1 })).toEqual([
    'http.healthz.plain not_tried the time ran out',
    'ws.token.minted not_tried the time ran out',
    'complete: false',
  ]);
});

it('keeps the admin token out of the report', async () => {
  await using server = await startTestServer();
  await using proxy = await startProxy(server.port, {
    answer: (response, { target }) => (target.startsWith('/admin/') ? { ...response, status: 202 } : undefined),
  });
  const secrets = { jwtSecret: testSecret, adminToken: testAdminToken };
  const report = await runKit({ url: proxy.url, ...secrets, only: ['http.disableUser', 'rule.disabled'] });
  const shown = report.results.flatMap(({ show = [] }) => show);
  expect(shown.filter((text) => text.includes('$ADMIN_TOKEN')).length).toBeGreaterThan(0);
  expect(JSON.stringify(report)).not.toContain(testAdminToken);
});

it('rejects a single token', async () => {
  await using server = await startTestServer();
  const token = await mint({ id: '1', username: 'Ann' });
  await expect(runKit({ url: urlOf(server), tokens: [token] })).rejects.toThrow(/twice or more/);
});
