/** A client without any stream: it polls GET /messages?after=, and goes on with `as_of`. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MessagePage } from '../../generated/http/index.ts';
import type { Account, Poll } from './account.ts';
import { call } from './http-call.ts';

/** The store of these tests scans everything for each page. */
const everyMs = 1_500;
const limit = 20;

export interface Poller {
  /** Position up to which it has polled; empty before its first answer. */
  at(): string;
  stop(): Promise<void>;
}

/** Polls one node, or another one each time behind a load balancer. */
export function startPoller(name: string, port: number, token: string, account: Account): Poller {
  let poll: Poll | undefined;
  let isOver = false;

  async function page(query: string): Promise<MessagePage | undefined> {
    try {
      const { status, text } = await call({ port, path: `/messages?${query}`, token });
      if (status === 200) return JSON.parse(text) as MessagePage;
      if (status !== 503) account.incidents.push({ what: `${name} was answered ${status}: ${text}` });
    } catch {
      // The node is down, and the next poll asks again.
    }
    return undefined;
  }

  /** Polls once. Returns whether more is there. */
  async function next(): Promise<boolean> {
    if (poll === undefined) {
      const from = (await page('limit=1'))?.as_of;
      if (from === undefined) return false;
      poll = { client: name, from, at: from, messages: [], gaps: [] };
      account.polls.push(poll);
      return true;
    }
    const read = await page(`limit=${limit}&after=${poll.at}`);
    if (read === undefined) return false;
    poll.messages.push(...read.messages.map((message) => JSON.stringify(message)));
    poll.gaps.push(...read.gaps);
    poll.at = read.after ?? read.as_of ?? read.messages.at(-1)?.id ?? poll.at;
    return read.after !== undefined;
  }

  const polling = (async (): Promise<void> => {
    while (!isOver) if (!(await next())) await pause(everyMs);
  })();
  return {
    at: () => poll?.at ?? '',
    stop: async () => {
      isOver = true;
      await polling;
    },
  };
}
