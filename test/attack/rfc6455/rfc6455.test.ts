import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../harness/chat.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';
import { cases } from './cases.ts';
import { play } from './play.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('RFC 6455', () => {
  it.concurrent.each(cases)('$number $section: $name', async (given) => {
    expect(await play(server, given)).toEqual(given.want);
  });
});

it('ends the TCP connection after the closing handshake, without waiting for its timeout', async () => {
  const playNamed = (name: string) => play(server, cases.find((given) => given.name === name)!);
  const unanswered = playNamed('a binary, and the server’s close is not answered').then(() => 'unanswered');
  const answered = async (): Promise<string> => {
    await playNamed('a close, and the client waits');
    await playNamed('a fault, and the client waits');
    await playNamed('a binary, and the server’s close is answered');
    return 'answered';
  };
  expect(await Promise.race([unanswered, answered()])).toBe('answered');
  await unanswered;
});

it('leaves the server running, with an empty room', async () => {
  const ann = await connect(server, { token: await mint({ id: 'ann', username: 'Ann' }) });
  const left = new Set((await ann.next('users_online')).msg.list);
  while (left.size > 0) left.delete((await ann.next('user_left')).msg.username);
  ann.say('Hello!');
  expect((await ann.next('chat_message')).msg).toEqual({ from_user: 'Ann', from_user_id: 'ann', text: 'Hello!' });
  await ann.close();
});
