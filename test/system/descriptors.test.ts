import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect as join } from '../harness/chat.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { commandLine, manyStartsMs } from '../harness/palaver.ts';
import type { TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';
import { run } from './process.ts';

const limited = (limit: number, env: Readonly<Record<string, string>>) =>
  run('/bin/bash', ['-c', `ulimit -n ${limit}; exec ${commandLine().join(' ')}`], {
    PORT: '0',
    DATA_DIR: temporaryFolder(),
    JWT_SECRET: testSecret,
    JWT_ISSUER: testIssuer,
    NODE_ENV: 'production',
    ...env,
  });

describe('a server with few file descriptors', { timeout: manyStartsMs }, () => {
  it('warns at the start when MAX_SESSIONS needs more, and else doesn’t', async () => {
    const few = limited(200, { MAX_SESSIONS: '101' });
    await few.address();
    expect(few.output()).toContain('"event":"file_descriptors_few","limit":200,"needed":201');
    const enough = limited(200, { MAX_SESSIONS: '100' });
    await enough.address();
    expect(enough.output()).not.toContain('file_descriptors');
  });

  it('logs once that no descriptor is left, keeps the chat running, and admits clients again later', async () => {
    const server = limited(128, { MAX_SESSIONS: '28' });
    const address = (await server.address()) as TestServer;
    const chat = await join(address, { token: await mint({ id: '1', username: 'Ann' }) });
    const idle: Socket[] = [];
    onTestFinished(() => idle.forEach((socket) => void socket.destroy()));
    for (let n = 0; n < 200; n += 1) {
      const socket = connect(address.port, address.host);
      socket.on('error', () => {});
      idle.push(socket);
      await once(socket, 'connect');
    }
    const times = (event: string): number => server.output().split(`"event":"${event}"`).length - 1;
    await until(() => times('file_descriptors_exhausted') > 0, server.output, 30_000);
    chat.say('Hello!');
    expect(await chat.next('chat_message')).toMatchObject({ msg: { text: 'Hello!' } });
    for (const socket of idle) socket.destroy();
    await until(() => times('file_descriptors_available') > 0, server.output, 90_000);
    const late = await join(address, { token: await mint({ id: '2', username: 'Bob' }) });
    await late.close();
    expect(times('file_descriptors_exhausted')).toBe(1);
    expect(server.output()).toMatch(/"code":"EMFILE","limit":128/);
  });
});
