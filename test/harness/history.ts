import type { MessagePage } from '../../generated/http/index.ts';
import { request } from './http.ts';
import type { TestServer } from './server.ts';

/** Returns all pages of the history, the latest first, as a client reads them. */
export async function readPages(
  server: Pick<TestServer, 'host' | 'port'>,
  token: string,
  limit = 100,
): Promise<MessagePage[]> {
  const pages: MessagePage[] = [];
  for (let before = ''; pages.length === 0 || before !== ''; before = pages.at(-1)!.before ?? '') {
    const query = `limit=${limit}${before && `&before=${before}`}`;
    const { status, json } = await request(server as TestServer, 'GET', `/messages?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (status !== 200) throw new Error(`The history was answered ${status} ${json.code}`);
    pages.push(json as unknown as MessagePage);
  }
  return pages;
}

/** Returns the ids of all messages, and the gaps, in order. */
export function placesIn(pages: readonly MessagePage[]): { readonly ids: string[]; readonly gaps: string[] } {
  const inOrder = pages.toReversed();
  return {
    ids: inOrder.flatMap(({ messages }) => messages.map(({ id }) => id)),
    gaps: inOrder.flatMap(({ gaps }) => gaps),
  };
}
