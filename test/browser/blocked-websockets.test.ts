import { describe, expect, it, onTestFinished } from 'vitest';
import type { Certificates } from '../harness/certificates.ts';
import { connect } from '../harness/chat.ts';
import { nginx, type ProxyKind, startProxy } from '../harness/proxies.ts';
import { mint } from '../harness/tokens.ts';
import { withoutChromium } from './chromium.ts';
import { useStage } from './stage.ts';
import { signUp } from './visitor.ts';
import { layWire } from './wire.ts';

const why = withoutChromium ?? (nginx.isHere ? undefined : 'nginx is not installed');
if (why) console.warn(`The chat page behind a proxy is not tested: ${why}`);

/** nginx without TLS, which refuses to upgrade a connection. */
const refusing: ProxyKind = {
  ...nginx,
  replaced: ({ port, upstream }) => [
    ['PORT', `${port}`],
    ['UPSTREAM', `${upstream}`],
  ],
};
const config = `
server {
  listen 127.0.0.1:PORT;
  if ($http_upgrade) {
    return 403;
  }
  location / {
    proxy_pass http://127.0.0.1:UPSTREAM;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
  }
}`;

/** Faults that a browser reports of its own accord: two refused WebSockets, and the questions about the reason. */
const isOfTheRefusal = (fault: string): boolean => /WebSocket connection|answered 426|status of 426/.test(fault);

describe.skipIf(why !== undefined)('the chat page behind a proxy that refuses WebSockets', () => {
  const stage = useStage();

  it('chats with a user of a WebSocket, and resumes after a cut', { timeout: 60_000 }, async () => {
    const server = await stage.serve({ PRESENCE_GRACE: '10s' });
    const proxy = await startProxy(refusing, {
      ...{ config, upstream: server.port, timeout: '90s', certificates: {} as Certificates },
    });
    onTestFinished(() => proxy.stop());
    const wire = await layWire(proxy.port);
    onTestFinished(() => wire.remove());
    const bob = await connect(server, { token: await mint({ id: 'bob', username: 'Bob' }) });
    onTestFinished(() => void bob.close());
    const heard = (): string[] =>
      bob.frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));

    const igor = await stage.come(wire.origin);
    await signUp(igor, 'Igor');
    await igor.seesHere('Bob', 'Igor (you)');
    await igor.say('Hello!');
    await igor.sees('Hello!');
    bob.say('Good to see you');
    await igor.sees('Good to see you');
    expect(igor.faults.filter((fault) => !isOfTheRefusal(fault))).toEqual([]);

    wire.cut();
    await igor.page.getByText('Reconnecting…').waitFor();
    bob.say('Are you there?');
    await igor.say('Soon');
    wire.restore();
    await igor.page.getByText('Connected', { exact: true }).waitFor();
    await igor.sees('Are you there?');
    await igor.sees('Soon');
    await expect.poll(heard).toEqual(['Hello!', 'Good to see you', 'Are you there?', 'Soon']);
    const shown = igor.page.getByRole('region', { name: 'Conversation' }).locator('ol');
    for (const text of heard()) expect(await shown.getByText(text, { exact: true }).count()).toBe(1);
    // Nobody left in between.
    expect(bob.frames.some(({ type }) => type === 'user_left')).toBe(false);
  });
});
