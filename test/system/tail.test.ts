import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Palaver, type Room } from '../../sdk/typescript/src/index.ts';
import { within } from '../harness/deadline.ts';
import { freePort } from '../harness/port.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint, testAdminToken } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';

const command = join(inject('installed'), 'node_modules/.bin/palaver');
const environment = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };

/** On a busy machine a process starts slowly. */
const startMs = 25_000;

interface Tail {
  readonly child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Resolves once the command has printed this. */
  printed(text: string): Promise<void>;
  exited(): Promise<number | null>;
}

/** Runs a command that ends with the test. */
function run(executable: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Tail {
  const child = spawn(executable, args, { env: { ...environment, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const soFar = (): string => `so far: ${output.stdout}${output.stderr}`;
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    printed: (text) =>
      until(
        () => output.stdout.includes(text),
        () => `'${text}'; ${soFar()}`,
      ),
    exited: () => within(ended, () => `the end; ${soFar()}`, startMs),
  };
}

const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
const asIgor = ['--email', igor.email];
const itsPassword = { PALAVER_PASSWORD: igor.password };

let server: TestServer;
let url: string;
beforeEach(async () => {
  server = await startTestServer();
  onTestFinished(() => server.stop());
  url = `http://127.0.0.1:${server.port}`;
  await new Palaver({ url }).createUser(igor);
});

/** Runs `palaver tail`. Its input stays open until the test ends it. */
const tail = (args: readonly string[], env?: Readonly<Record<string, string>>): Tail =>
  run(command, ['tail', url, ...args], env);
const tokenOf = (username: string): Promise<string> => mint({ id: username, username });
/** Joins as another user, and records everything that it receives. */
async function enter(username: string): Promise<{ readonly room: Room; readonly heard: string[] }> {
  const room = await new Palaver({ url }).join({ token: await tokenOf(username) });
  onTestFinished(() => room.close());
  const heard: string[] = [];
  room.on('user_joined', ({ msg }) => heard.push(`${msg.username} joined`));
  room.on('user_left', ({ msg }) => heard.push(`${msg.username} left`));
  room.on('chat_message', ({ msg }) => heard.push(`${msg.from_user}: ${msg.text}`));
  return { room, heard };
}

describe('palaver tail at the end of a pipe', () => {
  it('sends each line, waits for the echoes, and leaves', async () => {
    const { heard } = await enter('Ann');
    const seen = tail(asIgor, itsPassword);
    seen.child.stdin.end('one\n\ntwo\nthree');
    expect(await seen.exited()).toBe(0);
    expect(seen.stdout().replace(/^\d\d:\d\d:\d\d/gm, 'at')).toBe(
      '— 2 online: Ann, Igor\nat Igor: one\nat Igor: two\nat Igor: three\n',
    );
    await until(() => heard.length === 5, 'Igor to leave');
    expect(heard).toEqual(['Igor joined', 'Igor: one', 'Igor: two', 'Igor: three', 'Igor left']);
  });

  it('takes the password from the first line if it has no other', async () => {
    const seen = tail(asIgor);
    seen.child.stdin.end(`${igor.password}\nHello!\n`);
    expect(await seen.exited()).toBe(0);
    expect(seen.stdout()).toMatch(/Igor: Hello!\n$/);
    expect(seen.stdout() + seen.stderr()).not.toContain(igor.password);
  });

  it('prints frames unchanged with --json', async () => {
    const seen = tail(['--json', '--token', await tokenOf('Bob')]);
    seen.child.stdin.write('Hello!\n');
    await seen.printed('Hello!');
    const { room } = await enter('Ann');
    const echo = await room.send('\u009b2J');
    seen.child.stdin.end();
    expect(await seen.exited()).toBe(0);
    const lines = seen.stdout().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { type: 'roster', msg: { list: ['Bob'] } },
      expect.objectContaining({ type: 'chat_message', msg: expect.objectContaining({ text: 'Hello!' }) }),
      expect.objectContaining({ type: 'user_joined', msg: { username: 'Ann', user_id: 'Ann' } }),
      echo,
    ]);
    expect(lines.at(-1)).toContain('\\u009b2J');
  });

  it('sends rate-limited lines again', async () => {
    await using strict = await startTestServer({ env: { RATE_LIMIT_FRAMES: '2' } });
    const seen = run(command, ['tail', `http://127.0.0.1:${strict.port}`, '--token', await tokenOf('Bob')]);
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    seen.child.stdin.end(texts.join('\n'));
    expect(await seen.exited()).toBe(0);
    expect([...seen.stdout().matchAll(/Bob: (\w)/g)].map(([, text]) => text)).toEqual(texts);
    expect(seen.stderr()).toBe('');
  });

  it('exits with 1 if a line was not delivered, and says which', async () => {
    const seen = tail(asIgor, itsPassword);
    seen.child.stdin.end(`${'x'.repeat(4_097)}\nshort\n`);
    expect(await seen.exited()).toBe(1);
    expect(seen.stderr()).toMatch(/^Not delivered: .*4096/);
    expect(seen.stdout()).toMatch(/Igor: short\n$/);
  });

  it('stays with --follow after the end of the input, until a signal', async () => {
    const seen = tail(['--follow', ...asIgor], itsPassword);
    seen.child.stdin.end('one\n');
    await seen.printed('Igor: one');
    const { room } = await enter('Ann');
    await room.send('two');
    await seen.printed('Ann: two');
    seen.child.kill('SIGTERM');
    expect(await seen.exited()).toBe(0);
  });

  it('leaves when its standard output is closed', async () => {
    const { room, heard } = await enter('Ann');
    const seen = tail(asIgor, itsPassword);
    await seen.printed('online');
    await once(seen.child.stdout.destroy(), 'close');
    await room.send('Is anybody there?');
    await until(() => heard.includes('Igor left'), 'Igor to leave');
    expect(seen.stderr()).toBe('');
  });
});

describe('messages of other users', () => {
  it('are shown without their control characters', async () => {
    const seen = tail(asIgor, itsPassword);
    await seen.printed('online');
    const { room } = await enter('Ann');
    await room.send(
      '\u001b[2Jgone\u0007\r\u009b1mturned \u202eround\u2028\n12:00:00 Igor: not me\n👨\u200d👩\u200d👧 \u0000',
    );
    await seen.printed('👧');
    seen.child.stdin.end();
    expect(await seen.exited()).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not come.
    expect(seen.stdout()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(seen.stdout()).toContain(
      'Ann: \\u001b[2Jgone\\u0007\\u000d\\u009b1mturned \\u202eround\\u2028\n  12:00:00 Igor: not me\n  👨\u200d👩\u200d👧 \\u0000\n',
    );
  });
});

describe('palaver tail exits', () => {
  const wrong: [name: string, args: readonly string[], env: Record<string, string>, says: RegExp][] = [
    ['no URL', ['tail', '--token', 'x'], {}, /one URL/],
    ['no http', ['tail', 'ftp://127.0.0.1', '--token', 'x'], {}, /http/],
    ['nobody named', ['tail', 'http://127.0.0.1:1'], {}, /Give --email or --token/],
    ['two named', ['tail', 'http://127.0.0.1:1', '--token', 'x', ...asIgor], {}, /Give --email or --token/],
    ['an unknown option', ['tail', 'http://127.0.0.1:1', '--tokens', 'x'], {}, /--tokens/],
  ];
  it.each(wrong)('with 2 for wrong usage: %s', async (_, args, env, says) => {
    const seen = run(command, args, env);
    expect([await seen.exited(), seen.stdout()]).toEqual([2, '']);
    expect(seen.stderr()).toMatch(says);
  });

  it('with 1 for a wrong password', async () => {
    const seen = tail(asIgor, { PALAVER_PASSWORD: 'wrong horse' });
    expect([await seen.exited(), seen.stdout(), seen.stderr()]).toEqual([1, '', 'Wrong e-mail or password\n']);
  });

  it('with 1 for a refused token, and without a server', async () => {
    const refused = tail([], { PALAVER_TOKEN: 'x' });
    expect(await refused.exited()).toBe(1);
    expect(refused.stderr()).not.toBe('');
    const away = run(command, ['tail', `http://127.0.0.1:${await freePort()}`, '--token', 'x']);
    expect(await away.exited()).toBe(1);
    expect(away.stderr()).not.toBe('');
  });

  it('with 1 after a final close code', async () => {
    const seen = tail(['--token', await mint({ id: 'bob', username: 'Bob' })]);
    await seen.printed('online');
    const admin = { method: 'POST', headers: { Authorization: `Bearer ${testAdminToken}` } };
    expect((await fetch(`${url}/admin/users/bob/disable`, admin)).ok).toBe(true);
    expect(await seen.exited()).toBe(1);
    expect(seen.stderr()).toMatch(/4003/);
  });
});

it('palaver tail reconnects on its own, and says where messages may be missing', async () => {
  const seen = tail(['--token', await tokenOf('Bob')]);
  await seen.printed('online');
  await server.stop();
  await seen.printed('— reconnecting: ');
  // From another epoch, whose messages are lost.
  await using next = await startTestServer({ env: { PORT: String(server.port) } });
  await seen.printed('— messages may be missing here\n');
  expect(next.port).toBe(server.port);
  seen.child.stdin.end('Back!\n');
  expect(await seen.exited()).toBe(0);
  expect(seen.stdout().replace(/^\d\d:\d\d:\d\d/gm, 'at')).toMatch(
    /^— 1 online: Bob\n— reconnecting: .+\n— messages may be missing here\nat → Bob\n— 1 online: Bob\nat Bob: Back!\n$/,
  );
});

const noScript =
  existsSync('/usr/bin/script') && process.platform === 'linux' ? '' : ', which needs script of util-linux';
it.skipIf(noScript !== '')(`palaver tail hides the password that is typed in a terminal${noScript}`, async () => {
  const { heard } = await enter('Ann');
  const seen = run('/usr/bin/script', ['-qec', `'${command}' tail ${url} --email ${igor.email}`, '/dev/null']);
  await seen.printed('Password: ');
  seen.child.stdin.write(`${igor.password}\r`);
  await seen.printed('online');
  seen.child.stdin.write('Hello!\r');
  await until(() => heard.includes('Igor: Hello!'), 'what Igor says');
  // Control-D right after the last line ends the input, too.
  seen.child.stdin.write('Bye!\r\u0004');
  expect(await seen.exited()).toBe(0);
  expect(seen.stdout()).not.toContain('horse');
  expect(seen.stdout()).toMatch(/Igor: Bye!/);
  await until(() => heard.at(-1) === 'Igor left', 'Igor to leave');
});
