/** Runs the commands and programs of the pages about HTTP without a WebSocket. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { Palaver } from '../../sdk/typescript/src/index.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { type Newcomer, newcomerWithPackages, pageMs } from '../harness/newcomer.ts';
import { freePort } from '../harness/port.ts';
import { until } from '../harness/until.ts';

const password = 'correct horse';

/** A newcomer with a running server, on which there is this user. */
async function withServer(username: string) {
  const port = await freePort();
  const newcomer: Newcomer = newcomerWithPackages(inject('installed'), { PORT: `${port}` });
  await newcomer.serve('palaver').address();
  const palaver = new Palaver({ url: `http://127.0.0.1:${port}` });
  const email = `${username.toLowerCase()}@example.com`;
  await palaver.createUser({ email, username, password });
  const here = (text: string): string => adapted(text, [['127.0.0.1:3000', `127.0.0.1:${port}`]]);
  return { ...newcomer, palaver, here, getToken: async () => (await palaver.login({ email, password })).token };
}

describe('docs/develop/curl.md', { timeout: pageMs }, () => {
  const page = 'docs/develop/curl.md';
  const [reading, posting] = codeBelow(page, 'Read and post', 'sh');
  const [resuming] = codeBelow(page, 'Resume', 'sh');
  const [polling] = codeBelow(page, 'Poll without a stream', 'sh');

  it('reads and posts in three commands, is told why the stream ends, resumes and polls', async () => {
    const { run, serve, here, palaver, getToken } = await withServer('Ann');
    expect(here(`${reading}\n${posting}`).match(/^curl/gm)).toHaveLength(3);
    const stream = serve(here(reading));
    await until(() => stream.output().includes('event: user_joined'), 'Ann to join');
    const [joined] = /(?<=event: user_joined\nid: ).+/.exec(stream.output())!;
    const posted = await run(here(posting!));
    expect(posted.code).toBe(0);
    expect(JSON.parse(posted.out)).toMatchObject({ msg: { from_user: 'Ann', text: 'Hello from curl!' } });
    await until(() => stream.output().includes(`event: chat_message\nid: `), 'the message to arrive');
    expect(stream.output()).toContain(`data: ${posted.out.trim()}\n`);

    // The next program of this user goes on behind what this one has read.
    await stream.stop('SIGINT');
    const again = serve(adapted(here(resuming), [['$LAST_ID', joined!]]));
    await until(() => again.output().includes('event: chat_message'), 'the message to be replayed');
    expect(again.output()).toMatch(/^event: users_online\ndata: \{.*"recovered":true/m);

    // Here both commands of polling come behind one another, and the message in between.
    const [first, second] = here(polling).split('\n\n');
    const polled = await run(`${first}\n${here(posting!)} > /dev/null\n${second}`);
    expect(JSON.parse(polled.out).messages).toMatchObject([{ msg: { text: 'Hello from curl!' } }]);

    const token = await getToken();
    await run(`palaver users disable ann@example.com`);
    await until(() => again.output().includes('event: close\ndata: {"code":4003,'), 'the close event');
    await expect(palaver.listMessages({}, { token })).rejects.toMatchObject({ code: 'user_disabled' });
  });
});

describe('docs/develop/backend.md', { timeout: pageMs }, () => {
  const page = 'docs/develop/backend.md';

  it('posts from the shell, from TypeScript and from Python, each nonce once', async () => {
    const { folder, run, here, palaver, getToken } = await withServer('Bot');
    writeFileSync(join(folder, 'post.mts'), here(codeBelow(page, 'TypeScript', 'ts')[0]));
    writeFileSync(join(folder, 'post.py'), here(codeBelow(page, 'Python', 'python')[0]));
    const shell = here(codeBelow(page, 'Shell', 'sh')[0]);
    const ids: string[] = [];
    for (const command of [shell, 'node post.mts', 'python3 post.py']) {
      const [first, second] = [await run(command), await run(command)];
      expect(first).toMatchObject({ code: 0, errors: '' });
      expect(second).toEqual(first);
      ids.push(/\d+-\d+/.exec(first.out)![0]);
    }
    const token = await getToken();
    const { messages } = await palaver.listMessages({}, { token });
    expect(messages.map(({ id, msg }) => [id, msg.from_user, msg.text])).toEqual(
      ids.map((id) => [id, 'Bot', 'The build is green.']),
    );
  });
});

describe('docs/develop/blocked-websockets.md', { timeout: pageMs }, () => {
  it('tells a handshake that works from one without its headers', async () => {
    const { run, here, getToken } = await withServer('Ann');
    const command = adapted(
      here(codeBelow('docs/develop/blocked-websockets.md', 'Find out whether they are blocked', 'sh')[0]),
      [
        ['$TOKEN', await getToken()],
        ['-m 5', '-m 1'],
      ],
    );
    expect(await run(command)).toMatchObject({ out: '101\n' });
    expect(await run(adapted(command, [["-H 'Upgrade: websocket'", '']]))).toMatchObject({ out: '426\n' });
  });
});
