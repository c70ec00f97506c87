import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { newNonce } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Request } from '../../client/send.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { say } from '../chat/say.ts';
import { broken, expectAnswer } from '../http/answers.ts';
import { bearer } from '../http/secured.ts';
import { ordered } from './order.ts';

interface Page {
  readonly request: Request;
  readonly messages: readonly unknown[];
  readonly gaps: readonly unknown[];
  readonly before: unknown;
  readonly after: unknown;
  readonly asOf: unknown;
}

const idOf = (message: unknown): string => String(member(message, 'id'));
const textOf = (message: unknown): string => JSON.stringify(member(member(message, 'msg'), 'text'));

type Query = Readonly<Record<string, string | number>>;

/** Returns a request for a page, by ann. */
async function pageRequest(kit: Kit, query: Query): Promise<Request> {
  const operation = kit.specs.http.operations.find(({ id }) => id === 'listMessages');
  if (!operation) throw new NotTried('the contract has no listMessages');
  const { token } = await kit.user('ann');
  const text = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const path = text === '' ? operation.path : `${operation.path}?${text}`;
  return { method: operation.method, path, headers: bearer(token) };
}

/** Asks for one page. It counts as a frame. */
async function pageOf(kit: Kit, query: Query = {}): Promise<Page> {
  const request = await pageRequest(kit, query);
  await kit.pacer.take((await kit.user('ann')).username);
  const { json } = await expectAnswer(kit, request, 'a page', { status: 200 });
  const list = (name: string): readonly unknown[] => {
    const found = member(json, name);
    return Array.isArray(found) ? found : [];
  };
  return {
    request,
    messages: list('messages'),
    gaps: list('gaps'),
    before: member(json, 'before'),
    after: member(json, 'after'),
    asOf: member(json, 'as_of'),
  };
}

/** Messages are kept moments after they were delivered. */
const pollMs = 100;

/** Says something, and waits until the history has it. */
async function kept(kit: Kit, text: string): Promise<SeenFrame> {
  const ann = await kit.join('ann');
  const echo = await say(kit, ann, { text, nonce: newNonce() });
  const waitMs = kit.patience.ms();
  const lateMs = Date.now() + waitMs;
  for (;;) {
    const { request, messages } = await pageOf(kit);
    if (messages.some((message) => idOf(message) === echo.id)) return echo;
    if (Date.now() > lateMs) {
      kit.patience.missed();
      throw broken(kit, request, `a sent message is not in the history after ${waitMs / 1_000} s`);
    }
    await sleep(pollMs);
  }
}

const soon: Case = {
  id: 'rule.history.soon',
  says: 'a delivered message is in the history moments later',
  run: async (kit) => void (await kept(kit, 'For the history')),
};

/** Where a limit is absent. */
const usualLimit = 50;

const limit: Case = {
  id: 'rule.history.limit',
  says: 'a page has at most as many messages, and gaps, as its limit, which is 50 by default',
  run: async (kit) => {
    for (const text of ['One of three', 'Two of three', 'Three of three']) await kept(kit, text);
    for (const [query, most] of [
      [{ limit: 1 }, 1],
      [{ limit: 2 }, 2],
      [{}, usualLimit],
    ] as const) {
      const { request, messages, gaps } = await pageOf(kit, query);
      if (messages.length > most)
        throw broken(kit, request, `a page has ${messages.length} messages, where ${most} are asked for`);
      if (gaps.length > most)
        throw broken(kit, request, `a page has ${gaps.length} gaps, where ${most} messages are asked for`);
    }
  },
};

/** Small ones first, that many are seen, then as large as may be; what lies further back is not looked at. */
const limitAt = (count: number): number => (count < 8 ? 3 : 100);
const mostPages = 40;

/** Pages back from the newest to the beginning, and gives all, oldest first. */
async function pagesBack(kit: Kit): Promise<readonly unknown[]> {
  let all: readonly unknown[] = [];
  let before: string | undefined;
  for (let count = 0; count < mostPages; count += 1) {
    const page = await pageOf(kit, { limit: limitAt(count), ...(before !== undefined && { before }) });
    const { request, messages } = page;
    const ids = messages.map(idOf);
    const fallen = ids.findIndex((id, index) => index > 0 && id <= (ids[index - 1] ?? ''));
    if (fallen > 0) throw broken(kit, request, `${textOf(messages[fallen])} is not newer than the message before it`);
    const behind = messages.filter((message) => before !== undefined && idOf(message) >= before);
    if (behind.length > 0)
      throw broken(
        kit,
        request,
        behind.length === messages.length
          ? `nothing on the page comes before ${before}`
          : `${textOf(behind[0])} does not come before ${before}, as what is with it does`,
      );
    all = [...messages, ...all];
    if (page.before === undefined) return all;
    const next = String(page.before);
    if (before !== undefined && next >= before) throw broken(kit, request, `before is ${next}, and was ${before}`);
    before = next;
  }
  return all;
}

const pages: Case = {
  id: 'rule.history.pages',
  says: 'pages go from the newest message to the first, with each message once, in order and as delivered',
  run: async (kit) => {
    const last = await kept(kit, 'The newest for now');
    const all = await pagesBack(kit);
    const known = new Map(all.map((message) => [idOf(message), message]));
    const from = all.length > 0 ? idOf(all[0]) : '';
    const said = kit.seen.sessions.flatMap(ordered).filter(({ type }) => type === 'chat_message');
    const { request } = await pageOf(kit);
    for (const frame of said.filter(({ id }) => id >= from && id <= last.id)) {
      const message = known.get(frame.id);
      if (message === undefined) throw broken(kit, request, `${textOf(frame.value)} was delivered, and is on no page`);
      if (!isDeepStrictEqual(message, frame.value))
        throw broken(kit, request, `${textOf(frame.value)} is not as it was delivered: ${JSON.stringify(message)}`);
    }
  },
};

function needsAfter({ specs: { http } }: Kit): void {
  const operation = http.operations.find(({ id }) => id === 'listMessages');
  if (!operation?.parameters.some(({ name }) => name === 'after')) throw new NotTried('the contract has no after');
}

const afterPages: Case = {
  id: 'rule.history.after',
  says: 'with after, pages go from the first message behind it to the newest, and not together with before',
  run: async (kit) => {
    needsAfter(kit);
    const first = await kept(kit, 'The first of four');
    for (const text of ['The second', 'The third', 'The fourth']) await kept(kit, text);
    const all: unknown[] = [];
    let after: string | undefined = first.id;
    while (after !== undefined) {
      const { request, messages, after: next }: Page = await pageOf(kit, { after, limit: 2 });
      const early = messages.find((message) => idOf(message) <= String(after));
      if (early) throw broken(kit, request, `${textOf(early)} does not come behind ${after}`);
      all.push(...messages);
      if (next !== undefined && String(next) <= after) throw broken(kit, request, `after is ${String(next)} again`);
      after = next === undefined ? undefined : String(next);
    }
    const request = await pageRequest(kit, { after: first.id, limit: 2 });
    const texts = all.map(textOf);
    for (const due of ['"The second"', '"The third"', '"The fourth"'])
      if (texts.filter((text) => text === due).length !== 1)
        throw broken(kit, request, `${due} comes ${texts.filter((text) => text === due).length} times: ${texts}`);
    const ids = all.map(idOf);
    if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? '')))
      throw broken(kit, request, 'the messages behind a position are not in the order of the stream');
    await expectAnswer(kit, await pageRequest(kit, { after: first.id, before: first.id }), 'before and after', {
      status: 400,
      code: 'invalid_parameter',
    });
  },
};

const messagesPolled = 12;

/** Reads every page behind a position. Resolves with the messages, and the position at which they are true. */
async function polled(kit: Kit, from: string): Promise<{ page: Page; messages: unknown[]; asOf: string }> {
  const messages: unknown[] = [];
  let after = from;
  for (;;) {
    const page = await pageOf(kit, { after, limit: 5 });
    messages.push(...page.messages);
    if (page.after === undefined) return { page, messages, asOf: String(page.asOf ?? after) };
    after = String(page.after);
  }
}

const asOf: Case = {
  id: 'rule.history.as-of',
  says: 'a client that polls with after = as_of receives every message once, in order, while others send',
  run: async (kit) => {
    needsAfter(kit);
    const [bob, observer] = [await kit.join('bob'), await kit.observer()];
    const start = await pageOf(kit, { limit: 1 });
    if (start.asOf === undefined) throw broken(kit, start.request, 'a page has no as_of');
    const said = Array.from({ length: messagesPolled }, (_, index) => ({ text: `polled ${index}`, nonce: newNonce() }));
    const talk = (async () => {
      for (const each of said) await say(kit, bob, each);
    })();
    const nonceOf = (message: unknown): unknown => member(member(message, 'msg'), 'nonce');
    const all: unknown[] = [];
    let position = String(start.asOf);
    let request = start.request;
    const lateMs = Date.now() + kit.patience.mostMs;
    try {
      while (!all.some((message) => nonceOf(message) === said.at(-1)?.nonce) && Date.now() < lateMs) {
        const { page, messages, asOf: next } = await polled(kit, position);
        if (next < position) throw broken(kit, page.request, `as_of is ${next}, and was ${position}`);
        all.push(...messages);
        request = page.request;
        position = next;
        await sleep(pollMs);
      }
    } finally {
      await talk;
    }
    for (const each of said) {
      const times = all.filter((message) => nonceOf(message) === each.nonce).length;
      if (times !== 1) throw broken(kit, request, `a client that polls receives '${each.text}' ${times} times`);
    }
    const due = observer.frames.filter(({ type, id }) => type === 'chat_message' && id > String(start.asOf));
    const order = said.map(({ nonce }) => all.findIndex((message) => nonceOf(message) === nonce));
    if (order.some((at, index) => index > 0 && at < (order[index - 1] ?? 0)))
      throw broken(kit, request, 'a client that polls receives messages in another order');
    const wrong = all.find((message) =>
      due.some(({ id, value }) => id === idOf(message) && !isDeepStrictEqual(value, message)),
    );
    if (wrong) throw broken(kit, request, `${textOf(wrong)} is not as it was delivered`);
  },
};

/** Rules about the message history. */
export const history: readonly Case[] = [soon, limit, pages, afterPages, asOf];
