import { newNonce } from '../../client/messages.ts';
import { NotTried } from '../../errors.ts';
import type { Case } from '../case.ts';
import { joinRequests } from '../chat/handshake.ts';
import { say } from '../chat/say.ts';
import { broken, expectAnswer, told } from '../http/answers.ts';
import { asksWith } from '../http/secured.ts';

export const logout: Case = {
  id: 'rule.logout',
  says: 'a revoked token is refused and its connections end with 4003; other tokens of the user stay valid',
  run: async (kit) => {
    if (!kit.specs.http.operations.some(({ id }) => id === 'logout')) throw new NotTried('the contract has no logout');
    const { token: other } = await kit.user('bob');
    const token = await kit.secondToken();
    const opened = [await kit.join('bob', { token })];
    if (kit.specs.chat.events) opened.push(await kit.join('bob', { token, door: 'events' }));
    const stays = await kit.join('bob');
    for (const session of [...opened, stays]) await session.until('first frame', () => true);
    // The reading operations first, and the logout last.
    const asks = asksWith(kit, token);
    const request = asks.at(-1);
    if (!request) throw new NotTried('no operation needs a token');
    const answer = await kit.ask(request);
    if (answer.status >= 300) throw broken(kit, request, `answered ${told(answer)} to a logout`);
    for (const { door, closed } of opened) {
      const code = await closed('close with 4003');
      const what = door === 'events' ? 'stream' : 'connection';
      if (code !== 4003)
        throw broken(kit, request, `the ${what} of a revoked token is closed with ${code} instead of 4003`);
    }
    for (const each of [...joinRequests(kit, token), ...asks])
      await expectAnswer(kit, each, 'a revoked token', { status: 401, code: 'invalid_token' });
    await say(kit, stays, { text: 'Still here', nonce: newNonce() });
    const [join] = joinRequests(kit, other);
    if (join) await expectAnswer(kit, join, 'another token of the user', { status: 101 });
  },
};
