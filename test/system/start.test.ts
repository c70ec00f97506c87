import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { Palaver } from '../../sdk/typescript/src/index.ts';
import { connect } from '../harness/chat.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { commandLine } from '../harness/palaver.ts';
import type { TestServer } from '../harness/server.ts';
import { run, serve } from './process.ts';

type Address = { host: string; port: number };
const at = ({ host, port }: Address) => new Palaver({ url: `http://${host}:${port}` });
const join_ = (address: Address, token: string) => connect(address as TestServer, { token });

/** Signs a user up and logs in. */
async function tokenOf(address: Address, username: string): Promise<string> {
  const user = { email: `${username}@example.com`, username, password: 'correct horse' };
  await at(address).createUser(user);
  return (await at(address).login(user)).token;
}

describe('the whole system', () => {
  it('`npm start` serves a chat of two', async () => {
    const server = run('npm', ['start'], { PORT: '0', DATA_DIR: temporaryFolder() });
    const address = await server.address();
    const igor = await join_(address, await tokenOf(address, 'Igor'));
    expect(await igor.next()).toMatchObject({ type: 'users_online', msg: { list: [] } });
    expect(await igor.next()).toMatchObject({ type: 'user_joined', msg: { username: 'Igor' } });

    const token = await tokenOf(address, 'Bob');
    const bob = await join_(address, token);
    expect(await bob.next()).toMatchObject({ type: 'users_online', msg: { list: ['Igor'] } });
    expect(await bob.next()).toMatchObject({ type: 'user_joined', msg: { username: 'Bob' } });
    expect(await igor.next()).toMatchObject({ type: 'user_joined', msg: { username: 'Bob' } });

    bob.say('Hello!', 'm-1');
    const echo = await bob.next();
    expect(echo).toMatchObject({
      type: 'chat_message',
      msg: { from_user: 'Bob', from_user_id: decodeJwt(token).id, text: 'Hello!', nonce: 'm-1' },
    });
    expect(await igor.next()).toEqual(echo);

    const tab = await join_(address, token);
    expect(await tab.next()).toMatchObject({ type: 'users_online', msg: { list: ['Igor', 'Bob'] } });
    await tab.close();
    await bob.close();
    expect(await igor.next()).toMatchObject({ type: 'user_left', msg: { username: 'Bob' } });
    await igor.close();
  });

  it('keeps users, tokens and the stream over a restart, even if the clock was set back', async () => {
    const dataDir = temporaryFolder();
    const first = serve({ DATA_DIR: dataDir });
    const address = await first.address();
    const token = await tokenOf(address, 'Igor');
    const before = await join_(address, token);
    before.say('before');
    const { id } = await before.next('chat_message');

    first.child.kill('SIGTERM');
    expect(await before.closed()).toBe(1001);
    expect(await first.exited()).toBe(0);
    // The last run was tomorrow.
    const tomorrow = Date.now() + 86_400_000;
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'epoch'), `${tomorrow}\n`);

    const second = serve({ DATA_DIR: dataDir });
    const again = await second.address();
    expect(await at(again).login({ email: 'igor@example.com', password: 'correct horse' })).toMatchObject({
      username: 'Igor',
    });
    const after = await join_(again, token);
    after.say('after');
    const message = await after.next('chat_message');
    expect(message.id > id).toBe(true);
    expect(message.id > String(tomorrow).padStart(16, '0')).toBe(true);
    await after.close();
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends sessions with 1001 and exits with 0 on %s', async (signal) => {
    const server = serve({ DATA_DIR: temporaryFolder() });
    const address = await server.address();
    const igor = await join_(address, await tokenOf(address, 'Igor'));
    server.child.kill(signal);
    expect(await igor.closed()).toBe(1001);
    expect(await server.exited()).toBe(0);
  });

  it('stops when its output is closed', async () => {
    const server = serve({ DATA_DIR: temporaryFolder() });
    await server.address();
    const { stdout, stderr } = server.child;
    await Promise.all([stdout, stderr].map((stream) => once(stream!.destroy(), 'close')));
    server.child.kill('SIGTERM');
    expect(await server.exited()).toBe(0);
  });

  it('prints no password, token or secret, at any level', async () => {
    const secret = 'canary-secret-of-thirty-two-bytes-and-more';
    const server = serve({ DATA_DIR: temporaryFolder(), LOG_LEVEL: 'trace', JWT_SECRET: secret });
    const address = await server.address();
    const user = { email: 'igor@example.com', username: 'Igor', password: 'canary-password' };
    await at(address).createUser(user);
    const { token } = await at(address).login(user);
    await at(address)
      .login({ ...user, password: 'canary-wrong' })
      .catch(() => {});
    const igor = await connect(address as TestServer, { protocols: ['palaver.v1', `bearer.${token}`] });
    igor.sendRaw('canary-frame');
    igor.say('canary-text');
    await igor.next('chat_message');
    await igor.close();
    await fetch(`http://${address.host}:${address.port}/join?token=${token}`, {
      headers: { authorization: `Bearer ${token}x` },
    });
    server.child.kill('SIGTERM');
    await server.exited();
    expect(server.output()).toContain('/login');
    for (const canary of ['canary', token, token.split('.')[2]!]) expect(server.output()).not.toContain(canary);
  });

  const folder = (make: (folder: string) => void): string => {
    const made = temporaryFolder();
    make(made);
    return made;
  };
  const unable: [name: string, env: () => Record<string, string>, says: RegExp][] = [
    [
      'a HOST that is no name',
      () => ({ HOST: 'x86_64-conda-linux-gnu' }),
      /HOST is x86_64-conda-linux-gnu, a name that/,
    ],
    [
      'a HOST of another machine',
      () => ({ HOST: '192.0.2.1' }),
      /HOST is 192\.0\.2\.1, which is not an address of this/,
    ],
    [
      'a METRICS_HOST of another machine',
      () => ({ METRICS_PORT: '0', METRICS_HOST: '192.0.2.1' }),
      /: METRICS_HOST is 192\.0\.2\.1, which is not/,
    ],
    [
      'a DATA_DIR that is a file',
      () => ({
        DATA_DIR: join(
          folder((at) => writeFileSync(join(at, 'x'), '')),
          'x',
        ),
      }),
      /DATA_DIR: \/.*\/x must be a folder, but it or a parent of it is a file/,
    ],
    [
      'a DATA_DIR in a file',
      () => ({
        DATA_DIR: join(
          folder((at) => writeFileSync(join(at, 'x'), '')),
          'x/y',
        ),
      }),
      /DATA_DIR: \/.*\/x\/y must be a folder, but it or a parent of it is a file/,
    ],
    [
      'a file that is not a database',
      () => ({ DATA_DIR: folder((at) => writeFileSync(join(at, 'palaver.db'), 'x'.repeat(9_000))) }),
      /DATA_DIR: \/.*\/palaver\.db is not a database/,
    ],
    ...['palaver.db', 'jwt-secret', 'epoch'].map((name): (typeof unable)[number] => [
      `a folder in the place of ${name}`,
      () => ({ DATA_DIR: folder((at) => mkdirSync(join(at, name))) }),
      new RegExp(`DATA_DIR: /.*/${name} must be a file, but it is a folder`),
    ]),
    [
      'an invalid MONGODB_URI',
      () => ({ MONGODB_URI: 'mongodb://igor:canary@host:99999/x' }),
      /MONGODB_URI is not valid:/,
    ],
    [
      'an option that MongoDB does not know',
      () => ({ MONGODB_URI: 'mongodb://127.0.0.1/?authMechanism=canary' }),
      /MONGODB_URI is not valid: an option has a wrong value/,
    ],
  ];
  it.each(unable)('exits with 1 for %s, and names the variable or the file', async (_, env, says) => {
    const server = serve({ DATA_DIR: temporaryFolder(), ...env() });
    expect(await server.exited()).toBe(1);
    expect(server.output()).toMatch(says);
    expect(server.output().trimEnd().split('\n')).toHaveLength(1);
    expect(server.output()).not.toContain('canary');
  });

  const noOther = process.getuid?.() === 0 ? undefined : 'only root can run as another user';
  it.skipIf(noOther)(
    `names the owner of a DATA_DIR that belongs to another user (${noOther ?? 'as root'})`,
    async () => {
      const dataDir = temporaryFolder();
      const first = serve({ DATA_DIR: dataDir });
      await first.address();
      first.child.kill('SIGTERM');
      await first.exited();
      for (const mode of [0o700, 0o755]) {
        chmodSync(dataDir, mode);
        const as = ['--reuid', '65534', '--regid', '65534', '--clear-groups', ...commandLine()];
        const server = run('setpriv', as, { DATA_DIR: dataDir, PORT: '0' });
        expect(await server.exited()).toBe(1);
        expect(server.output()).toMatch(
          /DATA_DIR: \/.* belongs to user 0, but Palaver runs as user 65534 \(EACCES\)\n$/,
        );
      }
    },
  );

  it('warns about a misspelt variable, and hides its value', async () => {
    const server = serve({ DATA_DIR: temporaryFolder(), NODE_ENV: 'production', JWT_SECERT: 'canary' });
    await server.address();
    expect(server.output()).toContain('"event":"setting_unknown","name":"JWT_SECERT","likely":"JWT_SECRET"');
    expect(server.output()).not.toContain('canary');
  });

  const wrong: [name: string, env: Record<string, string>, says: RegExp, never: RegExp][] = [
    ['PORT', { PORT: 'abc' }, /PORT is not valid.*0 to 65535/, /at .*\.ts/],
    ['JWT_SECRET', { JWT_SECRET: 'canary' }, /JWT_SECRET is not valid.*32 bytes/, /canary/],
  ];
  it.each(wrong)('exits with 1 for a wrong %s and lists the allowed values', async (_, env, says, never) => {
    const server = serve({ DATA_DIR: temporaryFolder(), ...env });
    expect(await server.exited()).toBe(1);
    expect(server.output()).toMatch(says);
    expect(server.output()).not.toMatch(never);
  });

  it('exits with 1 without MongoDB, and names its address, not its password', async () => {
    const server = serve({ DATA_DIR: temporaryFolder(), MONGODB_URI: 'mongodb://igor:canary@127.0.0.1:1/palaver' });
    expect(await server.exited()).toBe(1);
    expect(server.output()).toContain('MongoDB at 127.0.0.1:1 cannot be used');
    expect(server.output()).not.toContain('canary');
  });

  it('exits with 1 when the port is taken, and names it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const server = serve({ DATA_DIR: temporaryFolder(), PORT: String(port) });
    expect(await server.exited()).toBe(1);
    expect(server.output()).toContain(`PORT ${port} is in use: another program listens on 127.0.0.1:${port}`);
    other.close();
  });
});
