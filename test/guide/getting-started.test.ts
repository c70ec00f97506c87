import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Palaver } from '../../sdk/typescript/src/index.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { newcomerWithCheckout, pageMs } from '../harness/newcomer.ts';
import { freePort } from '../harness/port.ts';
import { noTerminal } from '../harness/terminal.ts';
import { until } from '../harness/until.ts';

const [readme, guide] = ['README.md', 'docs/guide/getting-started.md'];
const places = [
  { page: readme, start: 'Quick start', chat: 'Quick start' },
  { page: guide, start: 'Start the server', chat: 'Chat from the command line' },
];

describe.skipIf(noTerminal)('the first chat', { timeout: pageMs }, () => {
  it.each(places)('of $page starts a server, creates a user and chats at a terminal', async ({ page, start, chat }) => {
    const port = await freePort();
    const newcomer = newcomerWithCheckout({ PORT: `${port}` });
    const address = ['127.0.0.1:3000', `127.0.0.1:${port}`] as const;
    // CI itself runs `npm ci`.
    const server = newcomer.serve(adapted(codeBelow(page, start, 'sh')[0], [['npm ci && ', '']]));
    expect(await server.address()).toEqual({ host: '127.0.0.1', port });
    expect(existsSync(join(newcomer.folder, 'data/palaver.db'))).toBe(true);

    const palaver = new Palaver({ url: `http://127.0.0.1:${port}` });
    const zoe = { email: 'zoe@example.com', password: 'correct horse' };
    await palaver.createUser({ ...zoe, username: 'Zoe' });
    const room = await palaver.join({ getToken: async () => (await palaver.login(zoe)).token });
    const texts: string[] = [];
    room.on('chat_message', ({ msg }) => void texts.push(msg.text));

    const terminal = newcomer.type(adapted(codeBelow(page, chat, 'sh').at(-1)!, [address]));
    await terminal.shows('"type":"users_online"');
    await terminal.shows('"type":"user_joined"');
    expect(terminal.shown()).toMatch(/"list":\["Zoe"\].*"msg":{"username":"(Igor|Ann)","user_id":"[^"]+"}/s);
    terminal.type(`${codeBelow(page, chat, 'json')[0]}\r`);
    await terminal.shows('"text":"Hello!"}');
    await until(() => texts.join() === 'Hello!', 'the others to receive the message');
    terminal.type('\u0003');
    await until(() => room.roster.join() === 'Zoe', 'the others to see the newcomer leave');
    await room.close();

    await server.stop('SIGINT');
    expect(server.output()).toContain('Palaver has stopped');
  });
});
