/** Reads the message history of each node, as a client does. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MessagePage } from '../../generated/http/index.ts';
import type { Account, Pages } from './account.ts';
import type { Node } from './cluster.ts';

/** Time for a node to return all of it. The store of these tests scans everything for each page. */
const readMs = 90_000;
const retryMs = 200;
const maxPages = 10_000;

/** Reads one page, and repeats while the store does not answer yet. */
async function page({ name, port }: Node, token: string, query: string, untilMs: number): Promise<MessagePage> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/messages?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    if (response.status === 200) return (await response.json()) as MessagePage;
    await response.body?.cancel();
    if (response.status !== 503 || performance.now() > untilMs)
      throw new Error(`${name} answered ${response.status} to GET /messages`);
    await pause(retryMs);
  }
}

async function pagesOf(node: Node, token: string, marker: string): Promise<Pages> {
  const untilMs = performance.now() + readMs;
  let last = await page(node, token, 'limit=100', untilMs);
  while (last.messages.at(-1)?.id !== marker && performance.now() < untilMs) {
    await pause(retryMs);
    last = await page(node, token, 'limit=100', untilMs);
  }
  const all = [last];
  while (all[0]!.before !== undefined && all.length < maxPages)
    all.unshift(await page(node, token, `limit=100&before=${all[0]!.before}`, untilMs));
  return {
    node: node.name,
    messages: all.flatMap(({ messages }) => messages.map((message) => JSON.stringify(message))),
    gaps: [...new Set(all.flatMap(({ gaps }) => gaps))].sort(),
  };
}

/**
 * Returns all pages of all nodes, once the marker is the last message of each. Records an incident for a node that does
 * not return them.
 */
export async function readPages(
  nodes: readonly Node[],
  token: string,
  marker: string,
  { incidents }: Account,
): Promise<Pages[]> {
  const read: Pages[] = [];
  for (const node of nodes) {
    try {
      read.push(await pagesOf(node, token, marker));
    } catch (error) {
      incidents.push({ what: (error as Error).message });
    }
  }
  return read;
}
