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
}

const idOf = (message: unknown): string => String(member(message, 'id'));
const textOf = (message: unknown): string => JSON.stringify(member(member(message, 'msg'), 'text'));

/** Asks for one page. It counts as a frame. */
async function pageOf(kit: Kit, query: Readonly<Record<string, string | number>> = {}): Promise<Page> {
  const operation = kit.specs.http.operations.find(({ id }) => id === 'listMessages');
  if (!operation) throw new NotTried('the contract has no listMessages');
  const { username, token } = await kit.user('ann');
  const text = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const path = text === '' ? operation.path : `${operation.path}?${text}`;
  const request = { method: operation.method, path, headers: bearer(token) };
  await kit.pacer.take(username);
  const { json } = await expectAnswer(kit, request, 'a page', { status: 200 });
  const list = (name: string): readonly unknown[] => {
    const found = member(json, name);
    return Array.isArray(found) ? found : [];
  };
  return { request, messages: list('messages'), gaps: list('gaps'), before: member(json, 'before') };
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

/** Rules about the message history. */
export const history: readonly Case[] = [soon, limit, pages];
