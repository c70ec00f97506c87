import { isDeepStrictEqual } from 'node:util';
import { brings, chatMessage, fault, newNonce, type Said } from '../../client/messages.ts';
import { bodyRequest } from '../../client/request-body.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Answer, Request } from '../../client/send.ts';
import type { Session } from '../../client/session.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import type { DeclaredBody, Operation } from '../../specs/http.ts';
import { statedBytes } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { inOrder } from '../chat/hold.ts';
import { say, settle } from '../chat/say.ts';
import { broken, expectAnswer, told } from '../http/answers.ts';
import { bearer } from '../http/secured.ts';

/** Returns the operation that publishes, and its body. @throws {NotTried} where the contract has none */
function publishOf({ specs }: Kit): { operation: Operation; body: DeclaredBody } {
  const operation = specs.http.operations.find(({ id }) => id === 'publish');
  if (!operation?.body) throw new NotTried('the contract has no publish');
  return { operation, body: operation.body };
}

/** Returns a request that publishes this body, without a token where there is none. */
function requestOf(kit: Kit, body: unknown, token?: string): Request {
  const request = bodyRequest(publishOf(kit).operation, JSON.stringify(body));
  return token === undefined ? request : { ...request, headers: { ...request.headers, ...bearer(token) } };
}

interface Poster {
  readonly username: string;
  readonly token: string;
}

/** Publishes a message over HTTP, and holds the answer to this status. */
async function post(kit: Kit, { username, token }: Poster, said: Said, status = 201): Promise<Answer> {
  publishOf(kit);
  await kit.pacer.take(username);
  const answer = await kit.publish(token, said, status);
  if (answer.status !== status)
    throw broken(kit, requestOf(kit, said, token), `answered ${told(answer)}, where ${status} is due`);
  return answer;
}

/** Opens a stream of events. Without one in the contract it is a WebSocket. */
const listener = (kit: Kit): Promise<Session> =>
  kit.join('bob', { door: kit.specs.chat.events ? 'events' : 'websocket' });

const underNonce =
  (nonce: string): ((frame: SeenFrame) => boolean) =>
  ({ type, msg }) =>
    type === 'chat_message' && member(msg, 'nonce') === nonce;

const delivered: Case = {
  id: 'rule.publish.delivered',
  says: 'a message published over HTTP is answered with the frame that everyone receives, through both doors',
  run: async (kit) => {
    const [ann, observer] = [await kit.user('ann'), await kit.observer()];
    const stream = await listener(kit);
    await stream.until('first frame', () => true);
    for (const said of [{ text: 'Over HTTP', nonce: newNonce() }, { text: `Over HTTP, without ${newNonce()}` }]) {
      const { json } = await post(kit, ann, said);
      const due = { from_user: ann.username, text: said.text, nonce: said.nonce };
      for (const [name, want] of Object.entries(due)) {
        const got = member(member(json, 'msg'), name);
        if (got !== want)
          throw broken(
            kit,
            requestOf(kit, said, ann.token),
            `${name} is ${JSON.stringify(got)}, where ${JSON.stringify(want)} is due`,
          );
      }
      for (const session of [observer, stream]) {
        const frame = await session.until('message published over HTTP', brings(said, ann.username));
        if (!isDeepStrictEqual(frame.value, json))
          throw fault(session, `the frame is another than in the answer: ${JSON.stringify(json)}`, frame);
      }
    }
  },
};

const guest: Case = {
  id: 'rule.publish.guest',
  says: 'a user who publishes over HTTP does not join the room',
  run: async (kit) => {
    const [{ username, token, own }, observer] = [await kit.user('ann'), await kit.observer()];
    if (!own) throw new NotTried('the user may be in the room with another connection');
    const from = observer.frames.length;
    await post(kit, { username, token }, { text: 'From outside', nonce: newNonce() });
    await settle(kit, observer, []);
    const moved = observer.frames
      .slice(from)
      .find(({ type, msg }) => /^user_(joined|left)$/.test(type) && member(msg, 'username') === username);
    if (moved) throw fault(observer, `${moved.type} of a user who only publishes`, moved);
  },
};

/** Holds the answer to a repeat to the frame of the first message. */
function checkRepeat(kit: Kit, request: Request, { json }: Answer, first: unknown): void {
  if (!isDeepStrictEqual(json, first))
    throw broken(
      kit,
      request,
      `a repeat is answered with ${JSON.stringify(json)}, where the first message is ${JSON.stringify(first)}`,
    );
}

const nonce: Case = {
  id: 'rule.publish.nonce',
  says: "a user's nonce is published once over both doors together, and a repeat over HTTP is answered 200 with the first frame",
  run: async (kit) => {
    const { body } = publishOf(kit);
    if (!body.schema.properties?.nonce) throw new NotTried('the contract has no nonce');
    const [ann, observer, stream] = [await kit.join('ann'), await kit.observer(), await listener(kit)];
    const first = [newNonce(), newNonce()] as const;
    // Over HTTP, then over both.
    const posted = await post(kit, ann, { text: 'Said once', nonce: first[0] });
    const again = { text: 'Said once', nonce: first[0] };
    checkRepeat(kit, requestOf(kit, again, ann.token), await post(kit, ann, again, 200), posted.json);
    await ann.until('message published over HTTP', underNonce(first[0]));
    await sayAgain(kit, ann, again, posted.json);
    // Over the WebSocket, then over HTTP.
    const echo = await say(kit, ann, { text: 'Said once, too', nonce: first[1] });
    const other = { text: 'Said once, in other words', nonce: first[1] };
    checkRepeat(kit, requestOf(kit, other, ann.token), await post(kit, ann, other, 200), echo.value);
    await settle(kit, ann, [observer, stream]);
    for (const session of [observer, stream])
      for (const each of first) {
        const [, more] = session.frames.filter(underNonce(each));
        if (more) throw fault(session, 'one nonce is published twice, once through each door', more);
      }
  },
};

/** Sends a message once more over the WebSocket. Its answer must have the first frame. */
async function sayAgain(kit: Kit, session: Session, said: Said, first: unknown): Promise<void> {
  await kit.pacer.take(session.username);
  session.mayRepeat(String(said.nonce));
  const from = session.frames.length;
  session.send(chatMessage(said));
  const answer = await session.until('answer to what was published over HTTP', underNonce(String(said.nonce)), from);
  if (!isDeepStrictEqual(answer.value, first))
    throw fault(session, 'the answer to a repeat differs from what was published over HTTP', answer);
}

const order: Case = {
  id: 'rule.publish.order',
  says: 'messages that a user sends through both doors in turn are delivered in that order',
  run: async (kit) => {
    publishOf(kit);
    const [ann, observer, stream] = [await kit.join('ann'), await kit.observer(), await listener(kit)];
    await ann.until('first frame', () => true);
    await stream.until('first frame', () => true);
    const said = Array.from({ length: 6 }, (_, index) => ({ text: `in turn ${index}`, nonce: newNonce() }));
    for (const [index, each] of said.entries()) await (index % 2 === 0 ? say(kit, ann, each) : post(kit, ann, each));
    for (const session of [ann, observer, stream]) await inOrder(session, said, ann.username);
  },
};

const namesake: Case = {
  id: 'rule.publish.namesake',
  says: 'a message under a name that another user has in the room is refused with 409, and is not published',
  run: async (kit) => {
    publishOf(kit);
    const { username } = await kit.user('ann');
    const token = await kit.minted({ id: 'contract-namesake', username: username.toUpperCase() });
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    await ann.until('first frame', () => true);
    const said = { text: 'Under a name in use', nonce: newNonce() };
    await expectAnswer(kit, requestOf(kit, said, token), 'a namesake', { status: 409, code: 'name_in_use' });
    await settle(kit, ann, [observer]);
    const published = observer.frames.find(underNonce(said.nonce));
    if (published) throw fault(observer, 'a refused message is published', published);
  },
};

const refusals: Case = {
  id: 'rule.publish.refusals',
  says: 'of several faults the first is reported: the media type, the body, then the token',
  run: async (kit) => {
    const { operation } = publishOf(kit);
    const valid = JSON.stringify({ text: 'Refused', nonce: newNonce() });
    const tries: [what: string, request: Request, status: number, code: string][] = [
      ['text, no token', bodyRequest(operation, '{}', 'text/plain'), 415, 'unsupported_media_type'],
      ['half a body, no token', bodyRequest(operation, valid.slice(0, -1)), 400, 'malformed_body'],
      ['an empty object, no token', bodyRequest(operation, '{}'), 400, 'invalid_body'],
      ['a message, no token', bodyRequest(operation, valid), 401, 'missing_token'],
      ['a message, a bad token', requestOf(kit, JSON.parse(valid), 'contract.bad.token'), 401, 'invalid_token'],
    ];
    for (const [what, request, status, code] of tries) await expectAnswer(kit, request, what, { status, code });
  },
};

const size: Case = {
  id: 'rule.publish.size',
  says: 'a message whose body has just the allowed size is published',
  run: async (kit) => {
    const { operation } = publishOf(kit);
    const limit = statedBytes(operation.answers.get(413)?.description);
    if (limit === undefined) throw new NotTried('the contract states no limit');
    const [{ username, token }, observer] = [await kit.user('ann'), await kit.observer()];
    const said = { text: 'As large as a body may be', nonce: newNonce() };
    const request = requestOf(kit, said, token);
    await kit.pacer.take(username);
    const padded = { ...request, body: String(request.body).padEnd(limit) };
    await expectAnswer(kit, padded, `${limit} bytes`, { status: 201 });
    await observer.until('large message', brings(said, username));
  },
};

const postsAtOnce = 10;
const mostVolleys = 8;

export const publishLimit: Case = {
  id: 'rule.limit.publish',
  says: 'a message over the limit is refused with 429 rate_limited and is not published; the others are',
  run: async (kit) => {
    const { operation } = publishOf(kit);
    if (!operation.answers.get(429)?.codes.includes('rate_limited'))
      throw new NotTried('the contract declares no such limit');
    const [{ token, username }, observer] = [await kit.user('bob'), await kit.observer()];
    for (let volley = 0; volley < mostVolleys; volley += 1) {
      const said = Array.from({ length: postsAtOnce }, (_, index) => ({ text: `fast ${index}`, nonce: newNonce() }));
      const answers = await Promise.all(said.map((each) => kit.ask(requestOf(kit, each, token), 429)));
      for (const [index, answer] of answers.entries()) {
        const each = said[index]!;
        if (told(answer) === '429 rate_limited') continue;
        if (answer.status !== 201)
          throw broken(kit, requestOf(kit, each, token), `a message too many: answered ${told(answer)}`);
        await observer.until(`message '${each.text}'`, brings(each, username));
      }
      const refused = said.filter((_, index) => answers[index]?.status === 429);
      if (refused.length === 0) continue;
      await settle(kit, observer, []);
      const published = observer.frames.find((frame) => refused.some((each) => underNonce(each.nonce)(frame)));
      if (published) throw fault(observer, 'a message that was refused with 429 is published', published);
      return;
    }
    throw new NotTried(`${mostVolleys * postsAtOnce} messages in a moment do not reach the limit of this server`);
  },
};

/** Rules about messages that are published over HTTP. */
export const publish: readonly Case[] = [delivered, guest, nonce, order, namesake, refusals, size];
