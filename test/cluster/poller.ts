/** Clients without any stream: they poll GET /messages?after=, and go on with `as_of`. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MessagePage } from '../../generated/http/index.ts';
import type { Account, Poll } from './account.ts';
import { call } from './http-call.ts';

const everyMs = 250;
const limit = 100;

export interface Poller {
  /** Position up to which it has polled; empty before its first answer. */
  at(): string;
  /** Polls once. Returns whether more is there. */
  poll(): Promise<boolean>;
}

export interface Pollers {
  /** Returns whether all of them have polled up to this position. */
  haveReached(id: string): boolean;
  stop(): Promise<void>;
}

/** Creates a client that polls one node, or another one each time behind a load balancer. */
function createPoller(name: string, port: number, token: string, account: Account): Poller {
  let poll: Poll | undefined;

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

  return { at: () => poll?.at ?? '', poll: next };
}

/** Has one client poll after the other: the store of these tests scans everything for each page. */
export function startPollers(
  targets: readonly { readonly name: string; readonly port: number }[],
  token: string,
  account: Account,
): Pollers {
  const pollers = targets.map(({ name, port }) => createPoller(`poller of ${name}`, port, token, account));
  let isOver = false;
  const polling = (async (): Promise<void> => {
    while (!isOver)
      for (const { poll } of pollers) {
        while (!isOver && (await poll()));
        await pause(everyMs);
      }
  })();
  return {
    haveReached: (id) => pollers.every(({ at }) => at() >= id),
    stop: async () => {
      isOver = true;
      await polling;
    },
  };
}
