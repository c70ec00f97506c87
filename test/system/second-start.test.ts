/** A second start on one DATA_DIR, and a start whose port is taken. Neither changes anything. */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdPort } from '../../src/http/held-port.ts';
import { createListener } from '../../src/http/listener.ts';
import { connect } from '../harness/chat.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { placesIn, readPages } from '../harness/history.ts';
import { request } from '../harness/http.ts';
import { type Ended, manyStartsMs, palaver } from '../harness/palaver.ts';
import type { TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { serve } from './process.ts';

const settings = { JWT_SECRET: testSecret, JWT_ISSUER: testIssuer, DRAIN_WINDOW: '0s', PRESENCE_GRACE: '0s' };
const token = () => mint({ id: 'ann', username: 'Ann' });

/** Returns the contents of a folder, to compare byte by byte. */
const contentOf = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => `${name} ${hash('sha256', readFileSync(join(folder, name)))}`);

async function say(server: TestServer, text: string): Promise<string> {
  const chat = await connect(server, { token: await token() });
  chat.say(text);
  const { id } = await chat.next('chat_message');
  await chat.close();
  return id;
}

describe('a second start on one DATA_DIR', { timeout: manyStartsMs }, () => {
  it.each([
    ['at the same port', (port: number) => String(port)],
    ['at another port', () => '0'],
  ])('%s names the folder, exits with 1, and changes nothing', async (_, portOf) => {
    const env = { ...settings, DATA_DIR: temporaryFolder() };
    const first = serve(env);
    const address = (await first.address()) as TestServer;
    const id = await say(address, 'hello');
    // The message is stored now.
    await expect.poll(async () => placesIn(await readPages(address, await token())).ids).toEqual([id]);
    const before = readFileSync(join(env.DATA_DIR, 'epoch'), 'utf8');
    const second = serve({ ...env, PORT: portOf(address.port) });
    expect(await second.exited()).toBe(1);
    expect(second.output()).toContain(`DATA_DIR ${env.DATA_DIR} is in use by another server`);
    expect(readFileSync(join(env.DATA_DIR, 'epoch'), 'utf8')).toBe(before);
    expect((await request(address, 'GET', '/readyz')).status).toBe(200);

    first.child.kill('SIGTERM');
    expect(await first.exited()).toBe(0);
    const again = (await serve(env).address()) as TestServer;
    expect(placesIn(await readPages(again, await token()))).toEqual({ ids: [id], gaps: [] });
    const back = await connect(again, { token: await token(), lastEventId: id });
    expect(await back.next('users_online')).toMatchObject({ msg: { recovered: true } });
    await back.close();
  });

  it('succeeds at once if the first server was killed', async () => {
    const env = { ...settings, DATA_DIR: temporaryFolder() };
    const first = serve(env);
    await first.address();
    first.child.kill('SIGKILL');
    await first.exited();
    expect((await request((await serve(env).address()) as TestServer, 'GET', '/readyz')).status).toBe(200);
  });

  it('leaves commands alone that work beside a server', async () => {
    const env = { ...settings, DATA_DIR: temporaryFolder() };
    await serve(env).address();
    const done = ({ code, errors }: Ended) => [code, errors];
    const added = await palaver(
      ['users', 'add', '--email', 'ann@example.com', '--username', 'Ann'],
      env,
      'long enough',
    );
    expect(done(added)).toEqual([0, '']);
    expect(done(await palaver(['token', '--email', 'ann@example.com'], env))).toEqual([0, '']);
    expect(done(await palaver(['users', 'disable', 'ann@example.com'], env))).toEqual([0, '']);
    expect(done(await palaver(['backup', join(temporaryFolder(), 'backup')], env))).toEqual([0, '']);
  });
});

describe('a start whose port is taken', { timeout: manyStartsMs }, () => {
  it('changes no stored data', async () => {
    const env = { ...settings, DATA_DIR: temporaryFolder() };
    const first = serve(env);
    await say((await first.address()) as TestServer, 'hello');
    first.child.kill('SIGKILL');
    await first.exited();
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const before = contentOf(env.DATA_DIR);
    const second = serve({ ...env, PORT: String((other.address() as AddressInfo).port) });
    expect(await second.exited()).toBe(1);
    expect(contentOf(env.DATA_DIR)).toEqual(before);
    expect(before.map((name) => name.split(' ')[0])).toContain('server.lock');
  });
});

describe('a held port', () => {
  it('answers requests from before the server was ready', async () => {
    const held = await holdPort({ port: 0, host: '127.0.0.1' });
    onTestFinished(held.release);
    const socket = connectTo(held.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write('GET /early HTTP/1.1\r\nHost: a\r\n\r\n');
    const gone = connectTo(held.port, '127.0.0.1');
    await once(gone, 'connect');
    gone.resetAndDestroy();
    const http = createListener((answered) => new Response(new URL(answered.url).pathname), {
      wants: () => false,
      wantsEvents: () => false,
      handle: () => {},
    });
    await held.serveWith(http);
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n(.|\s)*\/early/);
    const later = await fetch(`http://127.0.0.1:${held.port}/later`);
    expect(await later.text()).toBe('/later');
  });

  it('is released if the start fails', async () => {
    const held = await holdPort({ port: 0, host: '127.0.0.1' });
    const socket = connectTo(held.port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await held.release();
    await closed;
    const again = await holdPort({ port: held.port, host: '127.0.0.1' });
    await again.release();
  });
});
