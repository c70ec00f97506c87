import { once } from 'node:events';
import { expect, it } from 'vitest';
import { connect } from '../../harness/chat.ts';
import { within } from '../../harness/deadline.ts';
import { joinRaw } from '../../harness/raw-session.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

it('keeps sessions that answer pings, drops one that does not, and sends user_left', async () => {
  await using server = await startTestServer({ env: { HEARTBEAT_INTERVAL: '1s' } });
  const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
  const mute = await joinRaw(server, await mint({ id: '1', username: 'Mute' }));
  let bytes = '';
  mute.on('data', (chunk: Buffer) => (bytes += chunk.toString('latin1')));
  const closed = once(mute, 'close');
  expect((await bob.next('user_joined')).msg.username).toBe('Bob');
  expect((await bob.next('user_joined')).msg.username).toBe('Mute');
  expect((await bob.next('user_left')).msg.username).toBe('Mute');
  await within(closed, 'the end of the mute connection');
  // One empty ping (RFC 6455, 5.5.2), so there was no second chance.
  expect(bytes.split('\x89\x00')).toHaveLength(2);
  // Bob got as many pings. He is in the roster, and his messages arrive.
  bob.say('Is anybody here?');
  await bob.next('chat_message');
  await bob.close();
});
