import { fault, newNonce } from '../../client/messages.ts';
import { bodyRequest } from '../../client/request-body.ts';
import type { Request } from '../../client/send.ts';
import type { Session } from '../../client/session.ts';
import { claimsOf } from '../../client/users.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { joinRequests } from '../chat/handshake.ts';
import { say } from '../chat/say.ts';
import { broken, expectAnswer, told } from '../http/answers.ts';
import { adminToken, asksWith, bearer } from '../http/secured.ts';

/** Calls an operation of the operator. */
async function change(kit: Kit, operationId: string, id: string): Promise<void> {
  const operation = kit.specs.http.operations.find((each) => each.id === operationId);
  if (!operation) throw new NotTried(`the contract has no ${operationId}`);
  const path = operation.path.replace(/\{[^}]+\}/g, encodeURIComponent(id));
  const request = { method: operation.method, path, headers: bearer(await adminToken(kit)) };
  const answer = await kit.ask(request);
  if (answer.status >= 300) throw broken(kit, request, `answered ${told(answer)} to the operator`);
}

/** Returns a login of bob, if the server has sign-up. */
async function loginRequest(kit: Kit): Promise<Request | undefined> {
  const { operations } = kit.specs.http;
  const login = operations.find(({ id }) => id === 'login');
  if (!login || !operations.some(({ id }) => id === 'createUser')) return undefined;
  const { email, password } = await kit.signedUp('bob');
  return bodyRequest(login, JSON.stringify({ email, password }));
}

async function expectDisabled(kit: Kit, token: string): Promise<void> {
  const login = await loginRequest(kit);
  const publish = kit.specs.http.operations.find(({ id }) => id === 'publish');
  const message = publish && bodyRequest(publish, JSON.stringify({ text: 'Disabled' }));
  const post = message && { ...message, headers: { ...message.headers, ...bearer(token) } };
  // The logout comes last, because it revokes the token.
  for (const request of [
    ...(login ? [login] : []),
    ...(post ? [post] : []),
    ...joinRequests(kit, token),
    ...asksWith(kit, token),
  ])
    await expectAnswer(kit, request, `a user that is disabled, at ${request.path}`, {
      status: 403,
      code: 'user_disabled',
    });
}

async function expectEnabled(kit: Kit, token: string): Promise<void> {
  const [join] = joinRequests(kit, token);
  if (join) await expectAnswer(kit, join, 'a user that is enabled again', { status: 101 });
  if (await loginRequest(kit)) {
    const { request, answer, token: issued } = await kit.logIn();
    if (typeof issued !== 'string')
      throw broken(kit, request, `a user that is enabled again logs in: answered ${told(answer)}`);
  }
  await say(kit, await kit.join('bob'), { text: 'Back again', nonce: newNonce() });
}

export const disabled: Case = {
  id: 'rule.disabled',
  says: 'disabling a user closes its connections with 4003 and refuses it; enabling it undoes both',
  run: async (kit) => {
    await adminToken(kit);
    const { token, own } = await kit.user('bob');
    if (!own) throw new NotTried('the kit disables only users that it has created');
    const id = String(claimsOf(token).id ?? member((await kit.signedUp('bob')).created.json, 'id'));
    const doors = ['websocket', 'websocket', ...(kit.specs.chat.events ? (['events'] as const) : [])] as const;
    const sessions: Session[] = [];
    for (const door of doors) sessions.push(await kit.join('bob', { door }));
    for (const session of sessions) await session.until('first frame', () => true);
    try {
      await change(kit, 'disableUser', id);
      for (const session of sessions) {
        const code = await session.closed('close with 4003 of a user that is disabled');
        if (code !== 4003)
          throw fault(session, `the connection of a disabled user is closed with ${code} instead of 4003`);
      }
      await expectDisabled(kit, token);
    } finally {
      await change(kit, 'enableUser', id);
    }
    await expectEnabled(kit, token);
  },
};
