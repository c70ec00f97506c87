import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/commands/command.ts';
import { token } from '../../../src/commands/token.ts';
import { users } from '../../../src/commands/users.ts';
import { connect, handshake } from '../../harness/chat.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { request } from '../../harness/http.ts';
import { commandLine, manyStartsMs, palaver } from '../../harness/palaver.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { atTerminal, noTerminal } from '../../harness/terminal.ts';
import { mint, testSecret } from '../../harness/tokens.ts';
import { everyStore } from './stores.ts';

const password = 'correct horse';
const add = (email: string, username: string): string[] => ['users', 'add', '--email', email, '--username', username];
const elsewhere = { JWKS_URL: 'http://127.0.0.1:1/jwks', JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'chat' };

const login = (server: TestServer, email: string) => request(server, 'POST', '/login', { json: { email, password } });

/** Tries to join until the server answers with this status. The server reads the store every two seconds. */
async function answered(server: TestServer, token: string, status: number): Promise<void> {
  while ((await handshake(server, { token })).status !== status);
}

for (const { name, skip, env: emptyStore } of everyStore()) {
  describe.skipIf(skip)(`palaver users: ${name}`, { timeout: manyStartsMs }, () => {
    const environment = async (): Promise<Record<string, string>> => ({
      DATA_DIR: temporaryFolder(),
      JWT_SECRET: testSecret,
      ...(await emptyStore()),
    });

    it('disables a user at a running server until it enables the user again', async () => {
      const env = await environment();
      await using server = await startTestServer({ env });
      await palaver(add('ann@example.com', 'Ann'), env, password);
      const token = String((await login(server, 'ann@example.com')).json.token);
      const chat = await connect(server, { token });
      expect(await palaver(['users', 'disable', 'Ann@example.com'], env)).toMatchObject({ code: 0, errors: '' });
      expect(await chat.closed()).toBe(4003);
      expect((await handshake(server, { token })).json.code).toBe('user_disabled');
      expect((await login(server, 'ann@example.com')).json.code).toBe('user_disabled');
      expect(await palaver(['users', 'enable', 'ann@example.com'], env)).toMatchObject({ code: 0, errors: '' });
      await answered(server, token, 101);
      expect((await login(server, 'ann@example.com')).status).toBe(200);
    });

    // Commands don't use the backplane, so Redis makes no difference to the other tests.
    if (name === 'MongoDB and Redis') return;

    it('creates a user with sign-up off, who can log in at a running server', async () => {
      const env = { ...(await environment()), SIGNUP: 'off' };
      await using server = await startTestServer({ env });
      const added = await palaver(add('ann@example.com', 'Ann'), env, `${password}\n`);
      expect(added).toMatchObject({ code: 0, errors: '' });
      const { status, json } = await login(server, 'ann@example.com');
      expect([status, json.id, json.username]).toEqual([200, added.out.trim(), 'Ann']);
      const taken = await palaver(add('ANN@example.com', 'Bob'), env, password);
      expect(taken).toEqual({ code: 1, out: '', errors: 'Another user has this e-mail address\n' });
    });

    it('lists each user on a line, with its state', async () => {
      const env = await environment();
      const ann = (await palaver(add('ann@example.com', 'Ann'), env, password)).out.trim();
      // A character that reverses text is shown escaped.
      const odd = (await palaver(add('a\u202eb@example.com', 'Bob'), env, password)).out.trim();
      await palaver(['users', 'disable', ann], env);
      const text = await palaver(['users', 'list'], env);
      expect(text.out).toBe(`${ann}\tann@example.com\tAnn\tdisabled\n${odd}\ta\\u202eb@example.com\tBob\tenabled\n`);
      const json = await palaver(['users', 'list', '--json'], env);
      expect(
        json.out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ).toEqual([
        { id: ann, email: 'ann@example.com', username: 'Ann', disabled: true },
        { id: odd, email: 'a\u202eb@example.com', username: 'Bob', disabled: false },
      ]);
    });

    it('disables an id that only tokens name with --external, and fails for an unknown one without', async () => {
      const env = await environment();
      await using server = await startTestServer({ env });
      const token = await mint({ id: 'from afar', username: 'Zoe' });
      const chat = await connect(server, { token });
      for (const who of ['from afar', 'nobody@example.com'])
        for (const what of ['disable', 'enable']) {
          const { code, out, errors } = await palaver(['users', what, who], env);
          expect([code, out, errors]).toEqual([
            1,
            '',
            expect.stringContaining(`No user has the id or e-mail address ${who}`),
          ]);
        }
      const done = await palaver(['users', 'disable', 'from afar', '--external'], env);
      expect(done).toEqual({ code: 0, out: 'disabled from afar\n', errors: '' });
      expect(await chat.closed()).toBe(4003);
      // The id is known, because it was disabled before.
      expect(await palaver(['users', 'enable', 'from afar'], env)).toMatchObject({ code: 0, errors: '' });
      await answered(server, token, 101);
    });

    it('prints a token like that of a login, with the lifetime of --ttl', async () => {
      const env = await environment();
      await using server = await startTestServer({ env });
      const id = (await palaver(add('ann@example.com', 'Ann'), env, password)).out.trim();
      for (const [args, ttlS] of [
        [['--email', 'ANN@example.com'], 12 * 3_600],
        [['--id', id, '--ttl', '5m'], 300],
      ] as const) {
        const { code, out } = await palaver(['token', ...args], env);
        expect(code).toBe(0);
        expect((await handshake(server, { token: out.trim() })).status).toBe(101);
        const claims = JSON.parse(Buffer.from(out.split('.')[1]!, 'base64url').toString());
        expect(claims).toMatchObject({ id, sub: id, username: 'Ann' });
        expect(claims.exp - claims.iat).toBe(ttlS);
      }
      await palaver(['users', 'disable', id], env);
      const disabled = await palaver(['token', '--id', id], env);
      expect(disabled).toEqual({ code: 1, out: '', errors: 'The user is disabled: enable the user first\n' });
      const unknown = await palaver(['token', '--id', 'nobody'], env);
      expect(unknown).toEqual({ code: 1, out: '', errors: 'No user has the id nobody\n' });
    });

    it('refuses add, list and token with an external issuer, and still disables users by id', async () => {
      const alone = { ...(await environment()), JWT_SECRET: '', ...elsewhere };
      for (const args of [add('ann@example.com', 'Ann'), ['users', 'list'], ['token', '--id', '1']]) {
        const { code, out, errors } = await palaver(args, alone, password);
        expect([code, out, errors]).toEqual([
          1,
          '',
          expect.stringMatching(/^With JWKS_URL the external issuer .*, not this server\n$/),
        ]);
      }
      const verify = async () => ({ id: 'a@b', username: 'Ann', expiresAtMs: Date.now() + 60_000, tokenKey: 'key' });
      await using server = await startTestServer({ env: alone, verify });
      const chat = await connect(server, { token: 'a.b.c' });
      expect(await palaver(['users', 'disable', 'a@b'], alone)).toEqual({ code: 0, out: 'disabled a@b\n', errors: '' });
      expect(await chat.closed()).toBe(4003);
      expect((await palaver(['users', 'enable', 'a@b'], alone)).code).toBe(0);
      await answered(server, 'a.b.c', 101);
    });
  });
}

describe('palaver users', { timeout: manyStartsMs }, () => {
  it('refuses a user that the contract refuses, without showing the password', async () => {
    const env = { DATA_DIR: temporaryFolder() };
    const cases: [args: string[], input: string, says: RegExp][] = [
      [
        add('nobody', ' Bob'),
        'canary\r\n',
        /^email: must have one @.*; username: must have.*; password: must have at least 8 characters\n/,
      ],
      [add('bob@example.com', 'Bob'), 'canary'.repeat(50), /^password: must have at most 256 characters\n/],
      [add('bob@example.com', 'Bob'), 'canary'.repeat(3_000), /at most 16384 bytes/],
    ];
    for (const [args, input, says] of cases) {
      const { code, out, errors } = await palaver(args, env, input);
      expect([code, out, errors]).toEqual([1, '', expect.stringMatching(says)]);
      expect(errors).not.toContain('canary');
    }
    expect(await palaver(['users', 'list'], env)).toEqual({ code: 0, out: '', errors: '' });
  });

  it.skipIf(noTerminal)('asks for the password twice at a terminal, and never shows it', async () => {
    const env = { DATA_DIR: temporaryFolder() };
    const at = async (...answers: string[]) => {
      const run = atTerminal(commandLine(...add('ann@example.com', 'Ann')).join(' '), env);
      for (const [index, question] of ['Password: ', 'Repeat it: '].slice(0, answers.length).entries()) {
        await run.shows(question);
        run.type(answers[index]!);
      }
      return { code: await run.exited(), shown: run.shown() };
    };
    const differ = await at('canary one\r', 'canary two\r');
    expect([differ.code, differ.shown]).toEqual([1, expect.stringContaining('The two passwords differ')]);
    const interrupted = await at('canary\u0003');
    expect([interrupted.code, interrupted.shown]).toEqual([1, expect.stringContaining('The password is missing')]);
    const right = await at('canary one\r', 'canary one\r');
    expect([right.code, right.shown]).toEqual([0, expect.stringMatching(/^Password: \s+Repeat it: \s+[\w-]{36}\s+$/)]);
    for (const { shown } of [differ, interrupted, right]) expect(shown).not.toContain('canary');
  });

  it.each([
    [['users'], /users needs a command: use add, list, disable, enable$/],
    [['users', 'constructor'], /users has no command 'constructor': use add/],
    [['users', 'add', '--email', 'a@b'], /--email and --username/],
    [['users', 'add', '--password', 'x'], /^Unknown option '--password'$/],
    [['users', 'disable'], /^Give the id or the e-mail address of a user$/],
    [['users', 'disable', 'a', 'b'], /^Too many arguments: give only the id/],
    [['token'], /--email or --id/],
    [['token', '--email', 'a@b', '--id', 'a'], /--email or --id/],
  ])('rejects the arguments %j', async ([name, ...args], says) => {
    const run = (name === 'token' ? token : users).run(args);
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(says);
  });

  it.each(['users', 'token', 'backup', 'restore', 'to-mongodb'])('%s --help prints its usage', async (command) => {
    const { code, out } = await palaver([command, '--help'], {});
    expect([code, out.startsWith(`palaver ${command}`)]).toEqual([0, true]);
  });
});
